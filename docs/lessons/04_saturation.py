# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4. Saturation
#
# <!-- colab -->
#
# Two losses tell G the same thing, "make $D(G(z))$ larger", and one of them falls silent when G needs it most.
# Afterwards you can derive both gradients in three lines, measure them in a running game, and say why the paper
# proves its theorem about one loss and trains with the other. About 30 minutes. Lesson 1 comes before; lessons 2 and
# 3 help with the TensorFlow.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import losses, pictures, theory
from gan_lowlevel.course import plots

# %% [markdown]
# ## Two losses for one wish
#
# In the minimax game both players pull at V. Only its second term, $\log(1 - D(G(z)))$, depends on G, so G's loss is
# that term: the *minimax* loss. Most programs, and all five of the [articles](../names.md), train G with another one,
# the *non-saturating* loss:
#
# $$L_{\text{minimax}} = \mathbb{E}_z[\log(1 - D(G(z)))]$$
#
# $$L_{\text{non-saturating}} = -\mathbb{E}_z[\log D(G(z))]$$
#
# Both fall as $D(G(z))$ grows. Both say: get D to call this real. The package has them as two functions, and
# `--g_loss` chooses between them:

# %%
course.source(losses.minimax)
course.source(losses.non_saturating)

# %% [markdown]
# ## Both gradients, by hand
#
# D's last layer gives a logit $a$, and $D = \sigma(a)$. Whatever reaches G comes back through this one number, so
# ask: how hard does each loss pull at the logit of one fake? The derivative of the sigmoid is
# $\sigma'(a) = \sigma(a)(1 - \sigma(a))$, and by the chain rule
#
# $$\frac{\partial}{\partial a} \log(1 - \sigma(a)) = \frac{-\sigma(a)(1 - \sigma(a))}{1 - \sigma(a)} = -\sigma(a)$$
#
# $$\frac{\partial}{\partial a} [-\log \sigma(a)] = -\frac{\sigma(a)(1 - \sigma(a))}{\sigma(a)} = -(1 - \sigma(a))$$
#
# Both are negative: G's descent moves the logit *up* under either. They differ in size alone. The minimax loss pulls
# with the force $D$, the non-saturating one with the force $1 - D$:
#
# | what D says of a fake | minimax pulls with | non-saturating pulls with | the second is stronger by |
# |---|---|---|---|
# | 0.9, fooled | 0.9 | 0.1 | 1/9 |
# | 0.5, can't tell | 0.5 | 0.5 | 1 |
# | 0.1, doubtful | 0.1 | 0.9 | 9 |
# | 0.001, quite sure | 0.001 | 0.999 | 999 |
#
# The last row is where a game of pictures soon is: G draws noise, and D finds that out within a few updates.

# %% [markdown]
# **Predict, then look.** Sketch both losses over the logit $a$ from −8 to 8. Where is the minimax loss flat? Where is
# the other one flat? At $a = -8$, what are their slopes?

# %% tags=["hide-output"]
a = np.linspace(-8, 8, 161)
d = 1 / (1 + np.exp(-a))
left, right = plots.panels("the losses of one fake", "how hard they pull at its logit")
for axes, minimax, non_saturating in ((left, np.log(1 - d), -np.log(d)), (right, d, 1 - d)):
    axes.plot(a, minimax, color="C3", label="minimax")
    axes.plot(a, non_saturating, color="C2", label="non-saturating")
    axes.set_xlabel("a: D says fake < 0 < D says real")
    axes.legend()
left.set_ylabel("nats")
right.set_ylabel("|∂L/∂a|")
plt.show()
print(f"at a = -8 D = {d[0]:.5f}; the slopes are {-d[0]:.5f} (minimax) and {-(1 - d[0]):.5f} (non-saturating)")

# %% [markdown]
# **What you saw.** On the left half, where D has found the fake out, the minimax loss is flat at 0, and a flat loss
# has no gradient: it is *saturated*. The other loss is a straight line there, with slope −1, however sure D is. It is
# flat on the right half, where G has won and needs no push. Both curves have the same slope, −½, in the one point
# $a = 0$: at D = ½ the two losses pull alike.
#
# ### Exercise 4.1: both pulls


# %% tags=["exercise"]
def pulls(a):
    """The derivatives of one fake's losses by its logit: (minimax, non-saturating). a: logits [B, 1]; arrays [B, 1]."""
    ...


course.check(4, pulls)

# %% [markdown]
# ### Exercise 4.2: the same by TensorFlow
#
# Now let `tf.gradients` do it. The losses are *means* over a batch of B rows; which factor does that bring? Use the
# package's functions, `losses.minimax` and `losses.non_saturating`, and return both gradients by the logits.


# %% tags=["exercise"]
def gradients_by_logits(fake_logits):
    """d loss/d logits under both losses: {"minimax": [B, 1], "non_saturating": [B, 1]}. fake_logits: tensor [B, 1]."""
    ...


course.check(4, gradients_by_logits)

# %% [markdown]
# ## Both gradients, measured
#
# We build the game `mlp`: G draws digits of 784 pixels, D judges them. In its graph both losses hang on the *same*
# batch of fakes and the same weights, so that nothing but the loss differs. We ask for the size of the gradient of each
# fake's own loss by its logit, its *pull*, which the package measures in every run (`theory.Theory`, by TensorFlow's
# gradients); and for the norm of the gradient of the whole loss by G's weights, theta_G, which is what G's optimizer
# gets.

# %%
table = course.table("--model=mlp --batch_size=64 --g_step=0")  # G stays as it is
with table:
    fake_logits, theta_g = table.gan.play.fake_logits, table.gan.theta.g
    g_losses = {name: g_loss(fake_logits) for name, g_loss in losses.G_LOSSES.items()}
    norms = {name: tf.linalg.global_norm(tf.gradients(loss, theta_g)) for name, loss in g_losses.items()}
    look = theory.Theory(table.loop, held_out=None).look(step=0)  # row by row

for name, formula in (("minimax", look.d_fake), ("non_saturating", 1 - look.d_fake)):
    print(f"{name:<15} largest difference of a pull to the formula: {np.abs(look.pulls[name] - formula).max():.1e}")
batch = table.loop.g_feed(step=0, update=0)  # one batch of z, for all that follows

# %% [markdown]
# The formulas hold, up to the last bits of float32. Now D learns, alone: G's weights stay as they are, and D gets one
# update after the other.

# %% [markdown]
# **Predict, then look.** D begins a little below ½ for every fake. After how many updates, each on 64 digits and 64
# fakes, does it give a fake less than 0.01: ten, a hundred, a thousand? By what factor does the norm of G's minimax
# gradient fall until then, and the other's?

# %% tags=["hide-output"]
updates, seen = [0, 1, 2, 5, 10, 20, 50, 100, 200], []
print("D's updates   mean D(G(z))   |minimax gradient|   |non-saturating gradient|")
for count in updates:
    table.play(count - table.step)
    d_fake, norm = table.run((table.gan.play.d_fake, norms), batch)
    seen.append((norm["minimax"], norm["non_saturating"]))
    print(f"{count:>11}   {d_fake.mean():>12.5f}   {norm['minimax']:>18.5f}   {norm['non_saturating']:>25.5f}")
[axes] = plots.panels("the gradient by theta_G, while D learns and G stands still")
axes.plot(updates, [minimax for minimax, _ in seen], "o-", color="C3", label="minimax")
axes.plot(updates, [non_saturating for _, non_saturating in seen], "o-", color="C2", label="non-saturating")
axes.set(xlabel="updates of D", ylabel="norm of ∂L/∂theta_G", yscale="log")
axes.legend()
plt.show()

# %% [markdown]
# **What you saw.** Before the first update both norms are about the same. Within twenty updates of D, a moment's work,
# the mean D(G(z)) is below 0.01. The minimax gradient shrinks with it from the first update on, to about a hundredth by
# then and below a thousandth later, while the other stays about as large as it was. G has not become better or worse
# meanwhile, it has not moved: it is the *loss* that went silent. The better the judge, the less a minimax G hears from
# it.
#
# ## Why the paper proves one and trains the other
#
# The theorem of lesson 1, that V of the *best* D is −log 4 exactly where G's distribution is the data's, is about the
# minimax game: one value, two players, what one wins the other loses. It needs that G's loss *is* V. The paper then
# says, at the end of its section 3, that early in training this loss saturates, and proposes to have G maximize
# $\log D(G(z))$ instead: the same fixed point, and much stronger gradients early on. What carries over, and what
# doesn't?
#
# - **The same direction for each fake.** Both slopes are negative for every $a$. A G that can't improve any fake
#   under one loss can't under the other.
# - **The same fixed point**, a place where nobody moves. Where fakes are like data the best D says ½ *everywhere*: it
#   is flat. Both losses pull at the logit with ½, but the logit does not change with the fake, and nothing reaches G.
# - **Not the same game.** With the non-saturating loss the players no longer pull at one number: D's loss is −V, G's
#   loss is something else, and their sum is not 0. The theorem about min max V says nothing about the way that such a
#   game takes. So V and its −log 4 remain what we *watch*; they are no longer what G minimizes.
# - **Not the same sum.** Within a batch the minimax loss listens most to the fakes that already fool D, the other one
#   to those that D rejects.
#
# ## A short training of each
#
# The same game twice, the same weights at the start, the same data and z; only `--g_loss` differs. Plain gradient
# descent with momentum, as in the paper, and two updates of D to one of G, so that D is well ahead.

# %%
names = ("minimax", "non_saturating")
flags = (
    "--model=mlp --batch_size=64 --d_step=2 --g_step=1 --optimizer=sgd --momentum=0.5 --d_learning_rate=0.1 "
    "--g_learning_rate=0.1 --max_steps=1000 --summary_every=10 --theory_every=50"
)

# %% [markdown]
# **Predict, then look.** Which run's G_loss will look calmer, and at which height: at its ideal value, −0.6931, or
# somewhere else? Which run's samples will look like digits after 1,000 steps?

# %% tags=["hide-output"]
stuck, moving = course.trained([f"{flags} --g_loss={name} --run_name={name}" for name in names])
left, middle, right = plots.panels("G_loss", "mean D(G(z))", "norm of G's own gradient")
for run, name, color in zip((stuck, moving), names, ("C3", "C2"), strict=True):
    plots.curve(left, run, "G_loss", color=color, label=name)
    plots.ideal(left, losses.IDEAL_G_LOSS[name], f"its ideal, {losses.IDEAL_G_LOSS[name]:.2f}", color=color)
    plots.curve(middle, run, "prob/D_G_z", color=color, label=name)
    plots.curve(right, run, f"gradient/{name}", color=color, label=name)
left.set(ylabel="nats", ylim=(-1.5, 20))
right.set_yscale("log")
left.legend()
plt.show()
norms = [run.last(f"gradient/{name}") for run, name in zip((stuck, moving), names, strict=True)]
print(f"norm of G's own gradient at the end: minimax {norms[0]:.5f}, non-saturating {norms[1]:.2f}, ", end="")
print(f"which is {norms[1] / norms[0]:,.0f} times as much")

# %% [markdown]
# **What you saw.** The minimax run's G_loss is the calmest curve there can be: a flat line at 0. It has not converged,
# it is *stuck*; converged would be −0.6931. D rejects everything, and the gradient that reaches G is next to nothing:
# the line above says what part of the other run's it is, whose G_loss and gradient are large and restless. What came of
# it:

# %%
both = plots.panels("32 samples: minimax", "32 samples: non-saturating", height=2.1)
for axes, run in zip(both, (stuck, moving), strict=True):
    axes.imshow(run.samples().crop((0, 0, 231, 115)))  # half of the grid
    axes.axis("off")
plt.show()

# %% [markdown]
# The calm run draws the noise that it began with, the restless one is on its way to digits. **A flat G_loss at 0 is
# saturation, not success.**
#
# ## And Adam?
#
# Then why do some programs train with the minimax loss and get pictures? Adam divides each gradient by a running mean
# of its own size, so that a gradient that is a thousand times smaller makes about the same step. The same loss, the
# same ratio of updates, with Adam, in this process:

# %%
table = course.table("--model=mlp --batch_size=64 --d_step=2 --g_step=1 --g_loss=minimax")  # the recipe's Adam, 0.001
last = table.play(300)[-1]
fakes = table.run(table.gan.play.fake, table.loop.g_feed(step=0, update=0))[:16].reshape(16, 28, 28, 1)
course.show(
    pictures.grid(pictures.to_uint8(fakes, table.game.output_range), columns=8), "minimax under Adam, 300 steps"
)
print(f"G_loss {last.g.g_loss:.4f}, mean D(G(z)) {last.d.d_fake:.4f}")

# %% [markdown]
# G_loss lies as flat as before, and yet G moves: these are no digits, but no longer the noise of the start either.
# The gradient is as small as it was, the step is not. So whether a saturated loss *shows* depends on the optimizer,
# which is a reason to look at the norm of the gradient and not at the pictures alone. `--g_loss=non_saturating` keeps
# the gradient itself large, and has a price of its own: it pushes hardest where D is surest. Arjovsky and Bottou
# (2017) analyze how restless that makes its updates.
#
# ### Exercise 4.3: one step of G
#
# A G with one weight, $G(z) = w z$, against a D that stays as it is, with the logit $a = G(z)$. Take one step of
# gradient descent on $w$ under each loss, over a batch of $z$. You have the pull at each logit from exercise 4.1; the
# logit moves with $w$ by $\partial a/\partial w = z$; the loss is a mean.


# %% tags=["exercise"]
def one_step(w, z, rate):
    """w after one step: (under minimax, under non-saturating). w, rate: numbers; z: array [B, 1]."""
    ...


course.check(4, one_step)

# %% [markdown]
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# In the tab *Custom scalars*, `gradient/minimax` and `gradient/non_saturating`: every run of this program measures
# both, on one batch and one set of weights, whichever loss it trains with. In the run `minimax` they lie orders of
# magnitude apart; the nearer D(G(z)) is to ½, the nearer they are to each other. In the tab *Images*, `samples/fake`
# of `minimax`: move the slider, nothing changes. In the tab *Text* the card `what_this_run_says` says it in words.
# What a healthy run looks like: `value_points` of lesson 1, with both gradients the same.
#
# ## What comes next
#
# D was far ahead here on purpose. Lesson 5 looks for the ratio of updates at which neither player is. The losses:
# [losses.py](../../gan_lowlevel/losses.py); where each run measures both gradients:
# [theory.py](../../gan_lowlevel/theory.py). [The paper](https://arxiv.org/abs/1406.2661), end of section 3; Arjovsky
# and Bottou, [Towards Principled Methods for Training Generative Adversarial
# Networks](https://arxiv.org/abs/1701.04862). Saturation in a longer run: [reading.md](../reading.md#saturation).

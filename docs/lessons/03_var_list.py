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
# # 3. var_list
#
# <!-- colab -->
#
# One argument decides who learns. Afterwards you know what `minimize` does with `var_list` and without it, you
# recognize the curves of a program that has forgotten it, you can check in four lines which weights an update moves,
# and you know what the articles with Keras do in its place. About 30 minutes. Lesson 2 comes before.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import shutil

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import losses, tables
from gan_lowlevel.course import plots
from gan_lowlevel.networks import parabola

v1 = tf.compat.v1

# %% [markdown]
# ## What minimize does
#
# `optimizer.minimize(loss, var_list=...)` is two things: `compute_gradients(loss, var_list)` takes the derivative of
# the loss by each variable of the list, and `apply_gradients` moves each of them against it. And the default of
# `var_list`? *Every* trainable variable of the graph. In most programs that is what one wants. A GAN has two players
# in one graph.
#
# We build the game `parabola` of lesson 2, as the package builds it, and ask for the gradients of both losses by all
# variables.

# %% [markdown]
# **Predict, then look.** G's loss is $-\log D(G(z))$ and D's is $-\log D(x) - \log(1 - D(G(z)))$. By whose weights
# does the first one have a derivative: by G's alone, by D's alone, by both? And the second?

# %% tags=["hide-output"]
table = course.table("--model=parabola")
with table:
    everything = v1.trainable_variables()
    gradients = [tf.gradients(loss, everything) for loss in (table.gan.g_report.g_loss, table.gan.d_report.d_loss)]
    sizes = [[tf.norm(gradient) for gradient in of_loss] for of_loss in gradients]
print("norm of the gradient of      G's loss    D's loss")
for variable, of_g, of_d in zip(everything, *table.run(sizes, table.loop.d_feed(step=0, update=0)), strict=True):
    print(f"{variable.op.name:<29} {of_g:7.4f}    {of_d:8.4f}")

# %% [markdown]
# **What you saw.** Both losses have a derivative by *all* eight variables. G's loss is what D says, so it depends on
# D's weights; D's loss is about $G(z)$, so it depends on G's. The wish in it is not that player's: by D's weights,
# G's loss falls when D calls fakes real. By G's weights, D's loss falls when the fakes are easy to tell.
#
# So the formulas do not say who may move what. `var_list` does:
#
# $$\theta_D \leftarrow \theta_D - \eta \frac{\partial L_D}{\partial \theta_D}$$
#
# $$\theta_G \leftarrow \theta_G - \eta \frac{\partial L_G}{\partial \theta_G}$$
#
# ### Exercise 3.1: two lists
#
# The variables are sorted by their names. Players have a scope each, `discriminator/` and `generator/`; layers below
# them may be called anything. What lies outside of both is a stray, which nobody trains and somebody should hear of.


# %% tags=["exercise"]
def split(names):
    """The names by player: {"d": [...], "g": [...], "strays": [...]}, each list in the order of `names`.

    names: of variables, such as "generator/dense_1/weights".
    """
    ...


course.check(3, split)

# %% [markdown]
# ## Which weights does an update move?
#
# Nobody has to trust a list. Look at the weights, run the update, look again:


# %%
def moved(table, update, feed):
    """The names of the variables that one run of `update` changes."""
    variables = table.gan.theta.d + table.gan.theta.g
    before, _, after = table.run(variables), table.run(update, feed), table.run(variables)
    return [v.op.name for v, old, new in zip(variables, before, after, strict=True) if (old != new).any()]


# %% [markdown]
# This is the *ownership check*. Here it is on the package's two updates, and on a third one, which we make now: an
# Adam for G's loss that was given no `var_list`. (A player's update in this package is a tensor, `finite`: fetched, it
# plays the update and says whether all stayed finite. `d_feed` and `g_feed` are the step's draws; `g_report.g_loss` is
# G's loss as the loop reports it.)

# %%
with table:
    forgetful = v1.train.AdamOptimizer(0.001, name="forgetful")  # Adam's moments are named after it
    forgotten = forgetful.minimize(table.gan.g_report.g_loss)  # and no var_list
    table.run(v1.variables_initializer(forgetful.variables()))
for title, update, feed in (
    ("D's update", table.gan.d_train.finite, table.loop.d_feed(step=0, update=0)),
    ("G's update", table.gan.g_train.finite, table.loop.g_feed(step=0, update=0)),
    ("G's update without var_list", forgotten, table.loop.g_feed(step=0, update=0)),
):
    names = moved(table, update, feed)
    print(f"{title} moves {len(names)} variables:\n  {', '.join(names)}")

# %% [markdown]
# ## Forgotten on purpose
#
# What comes of it? D's own update is as it should be: it moves D's weights to raise V. But G's update now pulls at
# D's weights as well, and its wish is that D should call fakes real. We play the game twice from the same weights
# with the same draws, once with G's own update and once with the forgetful one.


# %%
def play(table, g_train, steps):
    """One update of D and one of G a step: V, G's loss, mean D(x) and mean D(G(z)) of each, [steps, 4]."""
    curves = []
    for step in range(steps):
        _, d = table.run((table.gan.d_train.finite, table.gan.d_report), table.loop.d_feed(step, update=0))
        _, g = table.run((g_train, table.gan.g_report), table.loop.g_feed(step, update=0))
        curves.append((d.value, g.g_loss, d.d_real, d.d_fake))
    return np.array(curves)


# %% [markdown]
# **Predict, then look.** G's update now has a second way to lower $-\log D(G(z))$: no better points, but a milder D.
# Where will G's loss go, and where V: to 0, to −log 4 = −1.3863, or below? And where will G's points lie after 2,000
# steps?

# %% tags=["hide-output"]
games = {name: course.table("--model=parabola") for name in ("as it should be", "forgotten")}
updates = {name: game.gan.g_train.finite for name, game in games.items()}
with games["forgotten"] as game:
    forgetful = v1.train.AdamOptimizer(0.001, name="forgetful")
    updates["forgotten"] = forgetful.minimize(game.gan.g_report.g_loss)
    game.run(v1.variables_initializer(forgetful.variables()))
curves = {name: play(game, updates[name], 2000) for name, game in games.items()}
fakes = {name: game.run(game.gan.play.fake, game.loop.g_feed(step=2000, update=0)) for name, game in games.items()}

left, middle, last = plots.panels("V", "G's loss", "D(x) and, dotted, D(G(z))")
for color, (name, curve) in zip(("C0", "C3"), curves.items(), strict=True):
    left.plot(curve[:, 0], linewidth=1, color=color, label=name)
    middle.plot(curve[:, 1], linewidth=1, color=color)
    last.plot(curve[:, 2], linewidth=1, color=color)
    last.plot(curve[:, 3], linewidth=1, color=color, linestyle=":")
plots.ideal(left, losses.IDEAL_VALUE, "−log 4")
left.set_ylabel("nats")
left.legend(loc="lower right")
for axes in (left, middle, last):
    axes.set_xlabel("step")
plt.show()
for name, curve in curves.items():
    value, g_loss, d_real, d_fake = curve[-200:].mean(axis=0)
    print(f"{name:<15} V {value:.3f}, G's loss {g_loss:.3f}, D(x) {d_real:.3f}, D(G(z)) {d_fake:.3f} at the end")
    print(f"{'':<15} G's points lie at {fakes[name].mean(axis=0).round(2)}, ± {fakes[name].std(axis=0).round(2)}")

# %% [markdown]
# **What you saw.** As it should be, V ends at −log 4 and G's loss at log 2. With the list forgotten, V ends *below*
# −log 4 and G's loss well below log 2; D(x) and D(G(z)) both lie near 0.8. This D calls almost
# everything real.
#
# No D stays there of its own accord. One that said ½ to everything would get −log 4, which is more. So **a V that
# settles below −log 4 says that D's weights are moved by somebody who does not want V to be high.** Note what does
# *not* betray the fault: nothing crashes, G's loss looks splendid, and G's points lie in the same corner of the
# plane as the data. Whoever looks at G's loss alone is content.
#
# The second D of lesson 2 that nobody trained had the same signature, both means high and V low. The curve arouses
# suspicion; which of the two faults it is, the names and the ownership check say.
#
# ## Where the tug of war ends
#
# Can we say how far below? At one point $x$ there are real rows in the proportion $p_{data}$ and fakes in the
# proportion $p_g$. D's own loss asks for a small $-p_{data} \log D - p_g \log(1 - D)$, and its minimum is the best D
# of the paper,
#
# $$D^* = \frac{p_{data}}{p_{data} + p_g}$$
#
# If G's update pulls at D too, with the same learning rate, there is one term more, $-p_g \log D$. Put the derivative
# of the sum to 0 and you have the D at which both pulls cancel. Call it $D_{pulled}$.
#
# ### Exercise 3.2: the D of a tug of war


# %% tags=["exercise"]
def pulled_d(p_data, p_g):
    """The D with the smallest -p_data log D - p_g log(1 - D) - p_g log D. Arrays or numbers, both above 0."""
    ...


course.check(3, pulled_d)

# %% [markdown]
# Put $p_{data} = p_g$ into your formula, the end of a perfect game, and you have $D_{pulled} = 2/3$ in the place of
# ½. Then V is $\log \frac{2}{3} + \log \frac{1}{3} = \log \frac{2}{9} = -1.504$. And where there are only fakes,
# $p_{data} = 0$, this D says ½: the severest thing that it ever says.
#
# The calculation weighs gradients as they are. Adam does not: it divides each player's gradient by its own size. So
# we play once more, with plain gradient descent for both.

# %%
plain = course.table("--model=parabola --optimizer=sgd --momentum=0 --d_learning_rate=0.1 --g_learning_rate=0.1")
with plain:
    forgetful = v1.train.GradientDescentOptimizer(0.1).minimize(plain.gan.g_report.g_loss)  # no var_list again
value, _, d_real, d_fake = play(plain, forgetful, 3000)[-300:].mean(axis=0)
print(f"D(x)     {d_real:.3f}, D(G(z)) {d_fake:.3f}, by the formula {2 / 3:.3f}")
print(f"V       {value:.3f}, by the formula {np.log(2 / 9):.3f}, and in a sound game {losses.IDEAL_VALUE:.3f}")

# %% [markdown]
# Close: G's points are not quite like the data, so D(x) is a little higher than D(G(z)), and V a little above −1.504.
#
# ### Exercise 3.3: one step of G
#
# A game with one weight for each player: $G(z) = w_G z$, and D's logit of it is $w_D G(z)$. Make the two variables,
# named `generator/w` and `discriminator/w`, with the given initial values. G's loss is $-\log D(G(z))$, which is
# `losses.non_saturating(logits)`. Make one step of gradient descent on it that moves G alone, and return both weights
# as they are *after* that step: read them under a control dependency on it.
#
# ```python
# with tf.control_dependencies([step]):
#     return generator.read_value(), discriminator.read_value()
# ```


# %% tags=["exercise"]
def g_step(z, w_g, w_d, rate):
    """(w_G, w_D) after one step of gradient descent of G. z: tensor [B, 1]; w_g, w_d, rate: scalar tensors."""
    ...


course.check(3, g_step)

# %% [markdown]
# ## The articles' other way: a stack with a frozen D
#
# Three of the articles are written in Keras (on [DCGAN](../articles/dcgan.md), [dogs](../articles/dog.md) and [y =
# x²](../articles/parabola.md)), where a model has one loss and one optimizer, and nobody hands it a `var_list`. They
# train G through a *stack*: G, and behind it D, as one model from $z$ to $D(G(z))$. That D must not learn there, so it
# is *frozen*. In outline:
#
# ```python
# discriminator.compile(loss="binary_crossentropy", optimizer="adam")  # 1. compiled while it may learn
# discriminator.trainable = False                                      # 2. frozen
# stack = Sequential([generator, discriminator])
# stack.compile(loss="binary_crossentropy", optimizer="adam")          # 3. compiled while D is frozen
#
# discriminator.train_on_batch(x, ones)      # -log D(x)
# discriminator.train_on_batch(fake, zeros)  # -log(1 - D(G(z)))
# stack.train_on_batch(z, ones)              # -log D(G(z)): the label "real" for fakes is the non-saturating loss
# ```
#
# It is the same game. The package counts the stack's parameters as the table of the article on $y = x^2$ does:

# %%
for one in tables.tables(table.game, table.config.z_dim):
    print(f"{one.name:<14} {one.parameters} parameters, of which {one.trainable} train")

# %% [markdown]
# In a graph, too, one can freeze instead of listing. A variable scope takes a `custom_getter`, a function through
# which every `get_variable` below it goes. Ours hands out D's weights as constants: their values come along,
# gradients do not go back into them. With such a D no `var_list` is needed.


# %%
def frozen(getter, *arguments, **settings):
    """What get_variable gives, as a constant to all gradients."""
    return tf.stop_gradient(getter(*arguments, **settings))


with table:
    with v1.variable_scope("discriminator", reuse=True, custom_getter=frozen):
        _, logits = parabola.discriminator(table.gan.play.fake)  # the stack: G, and a frozen D
    stack_loss = losses.non_saturating(logits)
    stack_train = v1.train.GradientDescentOptimizer(0.001).minimize(stack_loss)  # no var_list, and no harm
    by_stack, by_list = (tf.gradients(loss, table.gan.theta.g) for loss in (stack_loss, table.gan.g_report.g_loss))
    print(f"gradients of the stack's loss by D's weights: {tf.gradients(stack_loss, table.gan.theta.d)}")
feed = table.loop.g_feed(step=0, update=0)
differences = [np.abs(one - other).max() for one, other in zip(*table.run((by_stack, by_list), feed), strict=True)]
print(f"by G's weights they differ from those of G's own update by at most {max(differences)}")
print(f"the stack's update moves {', '.join(moved(table, stack_train, feed))}")

# %% [markdown]
# No gradient for D, the very same one for G. Mind *what* is frozen: D's weights, not the signal that passes through
# D. Put the `stop_gradient` around `fake` instead, which is as easily typed, and nothing reaches G any more:

# %%
with table:
    with v1.variable_scope("discriminator", reuse=True):
        _, logits = parabola.discriminator(tf.stop_gradient(table.gan.play.fake))
    print(f"by G's weights: {tf.gradients(losses.non_saturating(logits), table.gan.theta.g)}")

# %% [markdown]
# | | `var_list` | a stack with a frozen D |
# |---|---|---|
# | who learns is said | at each update, by a list of weights | at the network, by a switch |
# | D exists | once, connected twice | once, in two models |
# | forgotten | both learn, and V ends below −log 4 | the same |
# | the other mistake | a weight in no list is never trained | the switch is read at another time |
#
# The last line is no theory. *When* does Keras read `trainable`? Keras 2 noted at each `compile` what might learn
# then, and the three numbered lines rely on it: D, compiled before it was frozen, goes on learning by itself. The
# articles on DCGAN and on $y = x^2$ explain it so. Keras 3 looks when a model trains for the first time, and by then
# D is frozen. Tried with Keras 3.15, `discriminator.train_on_batch` moves **no** weight of D in that order; a warning
# says that the model has no trainable weights, and the program runs to its end against a D that has never learnt
# anything. (The article on dogs turns the switch on and off in its loop, and is not caught.) Whichever library you
# use, the ownership check is the same four lines: look at the weights, train, look again, compare.
#
# ## What to look at in TensorBoard
#
# With the `FileWriter` of lesson 2:

# %%
for name, curve in curves.items():
    folder = f"logs/lessons/var_list/{name.replace(' ', '_')}"
    shutil.rmtree(folder, ignore_errors=True)
    with v1.summary.FileWriter(folder, games[name].graph) as writer:
        for step in range(0, len(curve), 20):
            for tag, number in zip(("value/V", "G_loss", "prob/D_x", "prob/D_G_z"), curve[step], strict=True):
                point = v1.Summary.Value(tag=tag, simple_value=number)
                writer.add_summary(v1.Summary(value=[point]), step)

# %% [markdown]
# ```sh
# tensorboard --logdir=logs/lessons/var_list
# ```
#
# In the tab *Time series* or *Scalars*: `value/V` of both runs, one at −1.39 and one that settles below; `prob/D_x` and
# `prob/D_G_z`, which lie together in both, at ½ in one and far above it in the other. In a run of this package they
# have the same names, with `value/minus_log_4` as the line to compare with. In the tab *Histograms* of such a run
# every weight stands under its own name: one that never changes its shape belongs to a player who is not trained.
# Healthy: all of them move. Try it with `--d_step=0`, which leaves D's updates out.
#
# ## What comes next
#
# Both players now have their own weights and their own update. Lesson 4 asks how much of a gradient G's update gets.
# Where the lists are used: `d_update` and `g_update` in [gan.py](../../gan_lowlevel/gan.py). The articles' stacks:
# those on photographs of dogs, on DCGAN and on $y = x^2$; the names are in [names.md](../names.md). $D^*$ is
# proposition 1 of [the paper](https://arxiv.org/abs/1406.2661).

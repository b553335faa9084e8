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
# # 6. Where NaN comes from
#
# <!-- colab -->
#
# Many a GAN prints numbers for an hour and then `nan` for ever. Afterwards you can say at which logit that begins and
# why, you can write losses that do not know it, you can tell a guard that holds from one that isn't there, and you know
# why the [articles](../names.md) want tanh, pixels in [−1, 1] and LeakyReLU. About 35 minutes. Lesson 1 comes before,
# lesson 2 for the TensorFlow.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import layers, losses
from gan_lowlevel.course import plots
from gan_lowlevel.data.parabola import points
from gan_lowlevel.networks.parabola import HIDDEN, OUTPUT

v1 = tf.compat.v1

# %% [markdown]
# ## A number that float32 does not have
#
# D's last layer gives a logit $a$. The articles turn it into a probability, $D = \sigma(a) = 1/(1 + e^{-a})$, and
# take the logarithm of that: `tf.log(1. - D)`. On paper $\log(1 - \sigma(a)) = -\log(1 + e^a)$ is a harmless
# function: for a large $a$ it is nearly $-a$. A D that is quite sure, and quite wrong, about one fake pays 17 or 20
# nats for it.
#
# TensorFlow computes in float32, with 24 binary digits for each number. Close to 0 such numbers lie as close together
# as one likes; just below 1 their distance is $2^{-24}$, 0.00000006, and then comes 1 itself.

# %% [markdown]
# **Predict, then look.** $1 - \sigma(17)$ is 0.00000004. What does float32 make of $\sigma(17)$, and of $\log(1 -
# \sigma(17))$? And where does it begin to go wrong: only there, or long before?

# %% tags=["hide-output"]
logits = np.array([[0], [5], [10], [13], [14], [15], [16], [17], [30]], np.float32)  # [B, 1]
with tf.Graph().as_default(), v1.Session() as session:
    a = tf.constant(logits)
    columns = [a, tf.sigmoid(a), 1 - tf.sigmoid(a), losses.LOG_NOT_D["literal"](a), losses.LOG_NOT_D["stable"](a)]
    print("   a           D            1 - D   log(1 - D)   its true value")
    for row in zip(*(column.ravel() for column in session.run(columns)), strict=True):
        print("{:4.0f}   {:.8f}   {:12.5e}   {:10.6f}   {:14.6f}".format(*row))

# %% [markdown]
# **What you saw.** In float32 $\sigma(17)$ *is* 1. Then $1 - D$ is 0, and the logarithm of 0 is −∞. But the damage
# begins long before: $1 - D$ is a small difference of two numbers near 1, and the larger $a$ is, the fewer of its
# digits are more than rounding. At 14 the third decimal of the logarithm is wrong, at 15 and 16 the second.
#
# The other logarithm, $\log D$, breaks too, much later: where D is small there is no difference of near numbers.
# Where does each of them end?

# %%
fine = np.arange(0, 120, 0.01, dtype=np.float32)[:, np.newaxis]
with tf.Graph().as_default(), v1.Session() as session:
    not_d, d = session.run(
        [losses.LOG_NOT_D["literal"](tf.constant(fine)), losses.LOG_D["literal"](tf.constant(-fine))]
    )
print(f"log(1 - D) is -inf from the logit  {fine[np.isinf(not_d)].min():.2f} on: D says 'real' and should not")
print(f"log D      is -inf from the logit {-fine[np.isinf(d)].min():.2f} down: D says 'fake' and should not")

# %% [markdown]
# ## From −inf to NaN
#
# So far that is an infinite loss, and no NaN. It comes with the gradient, and with the chain rule. For $\log(1 - D)$
# at $D = 1$ the outer derivative is $-1/(1 - D) = -1/0$, and the inner one, $\sigma'(a) = D(1 - D)$, is $1 \cdot 0$.
# Their product is ∞ · 0, and for that float32 has a value: NaN, *not a number*. What comes out of any sum or product
# with NaN is NaN.

# %% [markdown]
# **Predict, then look.** A batch of 64 fakes. D is a single layer with two weights. 63 rows have logits between −5
# and 5, one has 18. The loss is the mean over the batch. What is the loss? What are the gradients of the two weights?
# What are the weights after one step of Adam, and what does this D say to the 63 others then?

# %% tags=["hide-output"]
rows = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
rows[63] = (9, 9)
with tf.Graph().as_default(), v1.Session() as session:
    weights = v1.get_variable("weights", initializer=tf.ones([2, 1]))
    a = tf.matmul(tf.constant(rows), weights)  # [64, 1]
    loss = losses.d_loss_fake(a, log_form="literal")  # -mean log(1 - D)
    train = v1.train.AdamOptimizer(0.001).minimize(loss)
    session.run(v1.global_variables_initializer())
    print("logits  ", session.run(a)[[0, 1, 2, 63], 0], "the last of them")
    print("loss    ", session.run(loss))
    print("gradient", session.run(tf.gradients(loss, weights)[0]).ravel())
    session.run(train)
    print("weights after one step", session.run(weights).ravel())
    print("logits  ", session.run(a)[[0, 1, 2, 63], 0])

# %% [markdown]
# **What you saw.** One row of 64 is enough. The loss is infinite; each gradient is a mean over all rows, one of which
# is NaN; after the step every weight is NaN, and D says NaN to everything. From here on no later batch heals
# anything: each new gradient is NaN as well. That is why a NaN in the log is for ever, and why its cause lies one
# step *before* it.
#
# ## The stable form
#
# The way out is to never form $D$. $1 - \sigma(a) = \sigma(-a)$, so both logarithms are one function of the logit,
# softplus:
#
# $$\log(1 - \sigma(a)) = -\log(1 + e^a) = -softplus(a)$$
#
# $$\log \sigma(a) = -\log(1 + e^{-a}) = -softplus(-a)$$
#
# Softplus itself needs a little care, since $e^a$ leaves float32 at $a = 89$: $softplus(a) = \max(a, 0) + \log(1 +
# e^{-|a|})$ never takes $e$ to anything positive. Its derivative is $\sigma(a)$, so that the pull at the logit of
# exercise 4.1 comes out, $-\sigma(a)$, and nothing is divided by 0. `tf.math.softplus` is that, and so is
# `sigmoid_cross_entropy_with_logits`, which is why such functions want *logits*. The package has both forms side by
# side; `--log_form` chooses, and `stable` is the default.

# %%
for form in losses.LOG_NOT_D.values():
    course.source(form)

# %% [markdown]
# ### Exercise 6.1: log(1 − D), stable
#
# In NumPy, for logits as large as you like, in float32.


# %% tags=["exercise"]
def log_not_d(a):
    """log(1 - sigmoid(a)) in nats, finite for every logit. a: float32 array [B, 1], up to 120 to either side."""
    ...


course.check(6, log_not_d)

# %% [markdown]
# ## The guard that vanishes
#
# Most programs on the net have another way: `log(1 - D + 1e-8)`. A small number, so that the logarithm never sees 0.
# Where it stands decides whether it is there at all. The neighbours of 1 in float32 are $2^{-24}$ below and $2^{-23}$
# above, and $10^{-8}$ is less than half of either:

# %%
print("1 + 1e-8 == 1:", np.float32(1) + np.float32(1e-8) == 1)
print("1 - 1e-8 == 1:", np.float32(1) - np.float32(1e-8) == 1)

# %% [markdown]
# **Predict, then look.** Four guards with ε = 1e-8 that look alike on paper: `log((1 - D) + ε)`, `log((1 + ε) - D)`,
# `log(1 - (D - ε))`, and D clipped to [ε, 1 − ε]. Which of them is finite at $a = 17$? And of those that are, what is
# the gradient there? (The true one is −1: this fake should be pushed down with full force.)

# %% tags=["hide-output"]
logits = np.array([[10], [14], [16], [17], [20]], np.float32)
for epsilon in (1e-8, 1e-7):
    with tf.Graph().as_default(), v1.Session() as session:
        a = tf.constant(logits)
        d = tf.sigmoid(a)
        guards = {
            "log((1 - D) + e)": tf.math.log((1 - d) + epsilon),
            "log((1 + e) - D)": tf.math.log((tf.constant(1.0) + epsilon) - d),
            "log(1 - (D - e))": tf.math.log(1 - (d - epsilon)),
            "D clipped to [e, 1 - e]": tf.math.log(1 - tf.clip_by_value(d, epsilon, 1 - epsilon)),
            "stable": losses.LOG_NOT_D["stable"](a),
        }
        print(f"e = {epsilon:g}, at the logits  {'  '.join(f'{one:9.0f}' for one in logits.ravel())}")
        for name, guard in guards.items():
            values, gradients = session.run([guard, tf.gradients(guard, a)[0]])
            print(f"  {name:<24}{'  '.join(f'{one:9.3f}' for one in values.ravel())}")
            print(f"  {'    its gradient':<24}{'  '.join(f'{one:9.3f}' for one in gradients.ravel())}")

# %% [markdown]
# **What you saw.** With 1e-8 three of the four are no guards: where ε is added to something near 1, or taken from it,
# it is rounded away, and −∞ and NaN come as if it were not there. Only $(1 - D) + ε$ keeps it, for next to 0 float32
# has room for small numbers. With 1e-7, which Keras takes, all four are finite.
#
# And yet none is good. From 17 on the value is stuck, at −18 or −16, and the gradient is **0**, where it should be
# −1; some bend it long before. The fakes that D judges worst are those that it no longer learns from: no crash, no
# NaN, no word. A guard turns a fault that one sees into one that one doesn't. The stable form needs none.
#
# ### Exercise 6.2: is it there?


# %% tags=["exercise"]
def survives(guard):
    """Whether 1 - guard is still below 1 in float32. guard: a number between 1e-9 and 1e-6. Returns a bool."""
    ...


course.check(6, survives)

# %% [markdown]
# ### Exercise 6.3: D's loss without a guard
#
# In TensorFlow, from logits: D's loss, $-\log D(x) - \log(1 - D(G(z)))$ in the mean, and its gradients by both kinds
# of logits. Logits of ±100 occur.


# %% tags=["exercise"]
def d_loss_of_logits(real_logits, fake_logits):
    """(D's loss, its gradient by real_logits, its gradient by fake_logits): a scalar and two tensors [B, 1].

    real_logits, fake_logits: float32 tensors [B, 1].
    """
    ...


course.check(6, d_loss_of_logits)

# %% [markdown]
# ## A real run that stops
#
# Does it happen in practice? Let D be a little too fast, by a learning rate of 0.05, fifty times that of the recipe,
# and train the digits twice: with the articles' literal logarithms and with the stable ones. Nothing else differs.

# %% [markdown]
# **Predict, then look.** How many steps does the literal run make, of 60? Does one see it coming in D's loss?

# %% tags=["hide-output"]
flags = "--model=mlp --d_learning_rate=0.05 --max_steps=60 --summary_every=1 --theory_every=1"
literal, stable = course.trained([f"{flags} --log_form={form} --run_name={form}" for form in ("literal", "stable")])
left, right = plots.panels("D's loss", "logarithms ahead that would be −∞")
for run, name, color in ((stable, "stable", "C2"), (literal, "literal", "C3")):
    plots.curve(left, run, "D_loss", color=color, label=name)
    plots.curve(right, run, "numerics/clipped", color=color, label=name)
    left.plot(*[line[-1:] for line in run.curve("D_loss")], "o", color=color)
    right.plot(*[line[-1:] for line in run.curve("numerics/clipped")], "o", color=color)
left.set_ylabel("nats")
right.set_yticks([0, 1, 2])
left.legend()
plt.show()
print(f"literal: exit code {literal.exit}\n{literal.said}")

# %% [markdown]
# **What you saw.** The literal run is over long before its 60 steps are. It did not print `nan` for an hour: the
# package asks after each update whether the logarithms, the gradients and the weights are finite, stops before
# anything of that step is saved, ends with exit code 4, and names *the first thing that broke*, which is the
# logarithm and not the NaN that followed. The loss shows nothing before: its last point is a number like the others.
# The right curve does. It counts, on the batch that comes next, the logarithms whose argument float32 rounds to 0,
# and it left 0 just before the end. The stable run passes the same places, and goes on.
#
# (A learning rate of 0.05 is no good idea under either form. The stable form does not make a bad recipe good; it
# makes its faults visible in curves instead of NaN.)
#
# ## Why tanh, and pixels in [−1, 1]
#
# Four of the five articles are about pictures. Three of them scale pixels to [−1, 1] and end G with a tanh; one has [0,
# 1] and a sigmoid. The [one with PyTorch](../articles/mlp_deep.md) gives a reason: D should get data and fakes in the
# same range. What if it doesn't? Take fakes from (−1, 1) and data from [0, 1]:

# %%
table = course.table("--model=mlp")
feed = table.loop.d_feed(step=0, update=0)
digits, fakes = table.run((table.gan.x, table.gan.play.fake), feed)  # both in [0, 1]
as_tanh = np.tanh(np.log(fakes / (1 - fakes)))  # what this G would draw with a tanh at its end
print(f"pixels below 0: {np.mean(as_tanh < 0):.0%} of the fakes', {np.mean(digits < 0):.0%} of the digits'")

# %% [markdown]
# A D that looks for a single negative pixel is right every time, and learns nothing of digits. So the range must be
# *the same*, and this package makes it a fact of the network that the data follow, `output_range` in
# [game.py](../../gan_lowlevel/networks/game.py).
#
# Then why [−1, 1]? The two functions are one: $\tanh(a) = 2\sigma(2a) - 1$. But D's side of it differs. The gradient
# of a weight is the product of what goes into it and what comes back to it, and most pixels of a digit are black. In
# [0, 1] black is 0.

# %% [markdown]
# **Predict, then look.** D's first layer has 784 × 128 weights, 128 for each pixel. Of how many pixels do the weights
# get no gradient at all from a batch of 256 digits, if black is 0? And if black is −1?

# %% tags=["hide-output"]
with table:
    [by_weights] = tf.gradients(table.gan.d_report.log_d_real, table.gan.theta.d[:1])  # [784, 128]
for title, x in (("[0, 1]", digits), ("[-1, 1]", 2 * digits - 1)):
    untouched = np.all(table.run(by_weights, {table.gan.x: x}) == 0, axis=1)
    print(f"pixels in {title}: {np.mean(x == 0):.0%} of all are 0; the weights of {untouched.sum()} of 784 get nothing")

# %% [markdown]
# **What you saw.** Four fifths of all pixels are 0, and what those rows of weights learn of one digit is nothing; the
# weights of the pixels that are black in every digit learn nothing from real rows at all. With black at −1 every
# weight hears of every digit. There is more: inputs that are all positive push all weights of a unit into one
# direction together, and training zigzags; a mean near 0 is better (LeCun and others 1998, *Efficient BackProp*,
# section 4.3). And the DCGAN paper (Radford and others 2015) reports that with a bounded output G learns more quickly
# to saturate, and to cover the colours of the data. The articles that follow it took both.
#
# ## Why LeakyReLU
#
# ReLU is 0 for every negative input, and flat: no gradient goes back through a unit that is off. If a step moves a unit
# so far that it is off for *every* row, then nothing ever moves it again. It is *dead*. LeakyReLU, $0.2 h$ for a
# negative $h$, always lets some gradient through; that is the reason that the article with PyTorch gives.
#
# We count, in the game of $y = x^2$, whose players are small, and with a learning rate ten times that of the recipe,
# so that there is something to see: of the 25 units of D's hidden layer, how many get no gradient from 1,000 points
# and 1,000 fakes?


# %%
def silent_units(activation, steps=1200, every=50, rate=0.01, rows=64):
    """How many of D's 25 hidden units get no gradient, every so many steps."""
    with tf.Graph().as_default(), v1.Session() as session:
        x, z = v1.placeholder(tf.float32, [None, 2]), v1.placeholder(tf.float32, [None, 5])

        def generator(z):
            h = activation(layers.dense(z, 15, name="dense_1", **HIDDEN))  # [B, 15]
            return layers.dense(h, 2, name="dense_2", **OUTPUT)  # [B, 2]

        def discriminator(points):
            h = activation(layers.dense(points, 25, name="dense_1", **HIDDEN))  # [B, 25]
            return layers.dense(h, 1, name="dense_2", **OUTPUT)  # [B, 1]

        with v1.variable_scope("generator"):
            fake = generator(z)
        with v1.variable_scope("discriminator"):
            real_logits = discriminator(x)
        with v1.variable_scope("discriminator", reuse=True):
            fake_logits = discriminator(fake)
        theta_d, theta_g = v1.trainable_variables("discriminator/"), v1.trainable_variables("generator/")
        d_loss = losses.d_loss(losses.value(real_logits, fake_logits))
        d_train = v1.train.AdamOptimizer(rate).minimize(d_loss, var_list=theta_d)
        g_train = v1.train.AdamOptimizer(rate).minimize(losses.non_saturating(fake_logits), var_list=theta_g)
        [by_weights] = tf.gradients(d_loss, theta_d[:1])  # [2, 25]
        silent = tf.math.count_nonzero(tf.reduce_all(tf.equal(by_weights, 0), axis=0))
        session.run(v1.global_variables_initializer())
        random, counts = np.random.default_rng(0), []
        for step in range(steps + 1):
            if step % every == 0:
                counts.append(session.run(silent, {x: points(1, 0, 1000), z: random.normal(size=[1000, 5])}))
            session.run(d_train, {x: points(0, step * rows, rows), z: random.normal(size=[rows, 5])})
            session.run(g_train, {z: random.normal(size=[2 * rows, 5])})
        return np.arange(0, steps + 1, every), np.array(counts)


# %% [markdown]
# **Predict, then look.** How many of the 25 are silent after 1,200 steps with ReLU? With LeakyReLU? Does a dead unit
# ever come back?

# %% tags=["hide-output"]
[axes] = plots.panels("units of D's hidden layer without a gradient, of 25")
for name, activation, color in (("ReLU", tf.nn.relu, "C3"), ("LeakyReLU 0.2", layers.leaky_relu, "C2")):
    steps, counts = silent_units(activation)
    axes.plot(steps, counts, "o-", markersize=3, color=color, label=name)
    print(f"{name}: {counts[-1]} of 25 at the end")
axes.set(xlabel="step", ylabel="units", ylim=(-1, 26))
axes.legend()
plt.show()

# %% [markdown]
# **What you saw.** With ReLU half of this D or more is silent after a thousand steps. Units do come back now and
# then, since D's input moves as G moves; on a fixed set of points they could not. With LeakyReLU the count is 0
# throughout. That does not make a learning rate of 0.01 a good one. It means that D keeps all its units while you
# look for a better one, and that G gets its gradient through all of them, for G's gradient goes *through* D.
#
# ### Exercise 6.4: count the dead


# %% tags=["exercise"]
def dead_share(h):
    """The share of units that are 0 in every row. h: outputs of a ReLU layer, array [B, units]."""
    ...


course.check(6, dead_share)

# %% [markdown]
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# Tick `literal` and `stable`. In the tab *Custom scalars*, under *the theory*: `numerics/clipped`, the arguments that
# literal logarithms would clip. Healthy: 0 from the first step to the last. In `stable` it rises above 0 and the run
# goes on; in `literal` it ends there. In *Scalars* `numerics/literal_error`, the largest error of the literal
# logarithm in nats, says the same earlier: it grows before anything is −∞. A curve that simply *ends* before the
# others is what NaN looks like in TensorBoard; the console has the sentence. And in every run look at
# `spread/D_logits`, the standard deviation of D's logits: in `literal` it has climbed to about 16 when it ends.
#
# ## What comes next
#
# Lesson 7 asks what the best possible D would say, where it is known. Both forms of the logarithms, and nothing else,
# stand at the top of [losses.py](../../gan_lowlevel/losses.py); what asks whether a step is finite is `_Check` in
# [gan.py](../../gan_lowlevel/gan.py); a longer view of the same run is in
# [reading.md](../reading.md#nan-and-infinity). Sources: LeCun, Bottou, Orr and Müller 1998, *Efficient BackProp*;
# Radford, Metz and Chintala, [the DCGAN paper](https://arxiv.org/abs/1511.06434), section 3; Maas, Hannun and Ng
# 2013, *Rectifier Nonlinearities Improve Neural Network Acoustic Models*, for LeakyReLU.

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
# # 1. Two players, one value
#
# <!-- colab -->
#
# Afterwards you can compute by hand the one number that both players of a GAN pull at, you know why it ends at
# −1.3863, and you can read the loss that any GAN program prints, whichever of three conventions it follows. About 25
# minutes. You need Python, NumPy, and an idea of what a neural network and a gradient are; a pencil helps.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import losses
from gan_lowlevel.course import plots

# %% [markdown]
# ## The two players
#
# **G**, the generator, turns a random vector $z$ into something that should look like data: $G(z)$. **D**, the
# discriminator, gets one thing at a time, sometimes real data $x$, sometimes a fake $G(z)$, and says how probable it is
# that the thing is real: a number between 0 and 1. [One article](../articles/mlp_deep.md) calls them forgers and
# police. (*The articles*, in all lessons, are five introductions to GANs whose games this package plays;
# [names.md](../names.md) has the list.)
#
# D wants to be right: $D(x)$ near 1, $D(G(z))$ near 0. G wants D to be wrong about its fakes: $D(G(z))$ near 1.
#
# ## One number for both
#
# How good is D? Goodfellow and others (2014) measure it by one number, the *value* of the game:
#
# $$V(D, G) = \mathbb{E}_x[\log D(x)] + \mathbb{E}_z[\log(1 - D(G(z)))]$$
#
# The logarithm is the natural one, so V is measured in *nats*. $\mathbb{E}$ is an expectation; on a batch it is a
# mean. The first term asks D about real data, the second about fakes. A probability is at most 1 and its logarithm at
# most 0, so V is never positive.
#
# D *climbs* V: were it always right and quite sure, V would be 0. G *lowers* V: it can't touch the first term, in
# which it does not occur, and it lowers the second by making $D(G(z))$ larger. What one player wins the other loses.
# The paper's equation 1 puts both wishes in front of V, and that is the whole minimax game:
#
# $$\min_G \max_D V(D, G)$$
#
# Read it from inside out. For the G that there is, D climbs as high as it can: the max. Of all G, the one whose top is
# lowest is wanted: the min. That says who answers to whom, and not whose update comes first; a training takes turns
# (lesson 5). V itself is a number for *any* D and any G, not only where both are done.
#
# ## Four points, by hand
#
# Take two real points and two fakes, and say that D answers this:
#
# | point | D says | the logarithm that counts |
# |---|---|---|
# | real | $D(x) = 0.9$ | $\log 0.9 = -0.1054$ |
# | real | $D(x) = 0.5$ | $\log 0.5 = -0.6931$ |
# | fake | $D(G(z)) = 0.5$ | $\log(1 - 0.5) = -0.6931$ |
# | fake | $D(G(z)) = 0.25$ | $\log(1 - 0.25) = -0.2877$ |
#
# The mean of the first two is −0.3993, the mean of the last two −0.4904, and V is their sum, −0.8897.
#
# Two things to notice. The logarithm is always of the probability that D gives to the *right* answer: for a fake that
# is $1 - D$. And there are two means, one of real and one of fake rows, that are added: not one mean over all four
# rows.

# %%
d_real = np.array([[0.9], [0.5]])  # D(x), [B, 1]
d_fake = np.array([[0.5], [0.25]])  # D(G(z)), [B, 1]
print(f"log D(x)           {np.log(d_real).ravel()}")
print(f"log(1 - D(G(z)))   {np.log(1 - d_fake).ravel()}")

# %% [markdown]
# ## The same, as the package has it
#
# D's last layer gives any number $a$, the *logit*, and the probability is $D = \sigma(a) = 1/(1 + e^{-a})$. So
# $a = \log(D/(1 - D))$: 0 means D = ½, positive means "rather real". The package's losses take logits, since a logit
# still says something where float32 rounds D to 0 or 1 (lesson 6). This is its V:

# %%
course.source(losses.value)

# %% [markdown]
# `LOG_D` and `LOG_NOT_D` are $\log D$ and $\log(1 - D)$ as functions of the logit. The one mean is of sums, row by row:
# with as many real rows as fakes that is the sum of the two means. TensorFlow in graph mode first *describes* a
# computation and then runs it, in a session. Our four points:


# %%
def logit(d):
    """The number a whose sigmoid is d."""
    return np.log(d / (1 - d)).astype(np.float32)


with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    value = losses.value(tf.constant(logit(d_real)), tf.constant(logit(d_fake)))
    print(f"logits of real rows {logit(d_real).ravel()}, of fakes {logit(d_fake).ravel()}")
    print(f"V = {session.run(value):.4f}")

# %% [markdown]
# ### Exercise 1.1: V of a batch
#
# Write V as a function of D's probabilities, in NumPy.


# %% tags=["exercise"]
def value_of_batch(d_real, d_fake):
    """V(D, G) in nats. d_real: D(x), d_fake: D(G(z)), arrays [B, 1] in (0, 1). Returns one number."""
    ...


course.check(1, value_of_batch)

# %% [markdown]
# ## Where the game ends: −log 4
#
# Suppose that G has become perfect: its fakes are like real data. Then D sees the same kind of thing twice, once
# called real and once called fake, and whatever it answers, it answers to both. Let it say the same number $c$ to
# everything. Then
#
# $$V = \log c + \log(1 - c)$$

# %% [markdown]
# **Predict, then look.** Sketch $\log c + \log(1 - c)$ for $c$ from 0 to 1. At which $c$ is it highest, and how high
# is it there? What does a D that always says 0.9 get?

# %% tags=["hide-output"]
c = np.linspace(0.01, 0.99, 393)
[axes] = plots.panels("a D that says c to everything")
axes.plot(c, np.log(c) + np.log(1 - c), color="black", label="V = log c + log(1 − c)")
axes.plot(c, np.log(c), color=plots.REAL, linewidth=1, label="log c, on real rows")
axes.plot(c, np.log(1 - c), color=plots.FAKE, linewidth=1, label="log(1 − c), on fake rows")
plots.ideal(axes, losses.IDEAL_VALUE, f"−log 4 = {losses.IDEAL_VALUE:.4f}")
axes.set(xlabel="c, what D says", ylabel="nats", ylim=(-4, 0.1))
axes.legend()
plt.show()
print(f"highest at c = {c[np.argmax(np.log(c) + np.log(1 - c))]:.2f}; at c = 0.9 V is {np.log(0.9) + np.log(0.1):.2f}")

# %% [markdown]
# **What you saw.** The top is at $c = ½$, and there $V = \log ½ + \log ½ = -\log 4 = -1.3863$. By hand: the
# derivative $1/c - 1/(1 - c)$ is 0 where $c = 1 - c$. A D that is sure of itself without a reason is worse off:
# always saying 0.9 costs a lot on every fake and wins little on every real row.
#
# So −log 4 is what the *best* D gets when there is *nothing* to tell real from fake by. The paper proves the other
# direction too (theorem 1): if even the best D gets no more than −log 4, then G's distribution *is* the data's. That
# is why this program draws a dashed line at −1.3863. Read V against it:
#
# | V | what it says |
# |---|---|
# | near 0 | D is right and sure: it is winning |
# | between −1.3863 and 0 | D tells real from fake, more or less |
# | −1.3863 | this D does no better than a coin: either G is perfect, or D is too weak to see the difference |
# | below −1.3863 | D is worse than one that always says ½: sure, and wrong |
#
# Mind the third row. V alone can't say which of the two it is: it is what *this* D sees.
#
# ## Why D's loss is −V
#
# An optimizer makes a loss *smaller*. D wants V *larger*. So D's loss is −V, and nothing more is behind it:

# %%
course.source(losses.d_loss)

# %% [markdown]
# Our four points: V = −0.8897, so D's loss is 0.8897. Where the game ends it is $\log 4 = 1.3863$; near 0 it means
# that D is winning. It is a loss that the *other* player pushes up, so "the loss goes down" is no good news in
# itself.
#
# You may know this number under another name. Give real rows the label 1 and fakes the label 0: then −V is the binary
# cross-entropy on the real rows plus the binary cross-entropy on the fakes. The articles with Keras (on
# [DCGAN](../articles/dcgan.md), [dogs](../articles/dog.md) and [y = x²](../articles/parabola.md)) say
# `binary_crossentropy`, the one with [PyTorch](../articles/mlp_deep.md) `BCELoss`; the one with
# [TensorFlow](../articles/mlp.md) writes the logarithms. It is the same thing:

# %%
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    real_logits, fake_logits = tf.constant(logit(d_real)), tf.constant(logit(d_fake))
    entropy = tf.nn.sigmoid_cross_entropy_with_logits
    on_real = tf.reduce_mean(entropy(labels=tf.ones_like(real_logits), logits=real_logits))
    on_fake = tf.reduce_mean(entropy(labels=tf.zeros_like(fake_logits), logits=fake_logits))
    minus_v = losses.d_loss(losses.value(real_logits, fake_logits))
    both, ours = session.run((on_real + on_fake, minus_v))
print(f"both cross-entropies together {both:.4f}, −V {ours:.4f}")

# %% [markdown]
# ## Why another program prints 0.693, or 1.37
#
# Now take *any* GAN program at the end of a perfect game, D = ½ everywhere. What does it print for D's loss?
#
# - **The sum** of both cross-entropies: $\log 4 = 1.3863$. So do this package, the article with PyTorch, and the
#   DCGAN tutorials of PyTorch and TensorFlow.
# - **Half of it**: $\log 2 = 0.6931$. So does whoever puts real and fake rows into *one* batch and takes *one* mean
#   over it, as Keras code often does, or writes `0.5 * (loss_real + loss_fake)`. The game is the same; the number,
#   and with plain gradient descent the learning rate that fits it, differ by a factor of 2.
# - **With smoothed labels**: real rows get a label below 1, say 0.875, as in TF-GAN's modified loss. That moves the
#   ideal point itself.
#
# The last one is worth a picture. With the label $s$ for real rows the loss of a D that says $c$ to everything is
#
# $$-s \log c - (1 - s) \log(1 - c) - \log(1 - c)$$

# %% [markdown]
# **Predict, then look.** With $s = 0.875$: where is the lowest point of that loss, at ½, above it or below it? Is the
# loss there larger or smaller than 1.3863?


# %% tags=["hide-output"]
def smoothed(c, s):
    """D's loss with label s for real rows and 0 for fakes, where it says c to everything."""
    return -s * np.log(c) - (1 - s) * np.log(1 - c) - np.log(1 - c)


[axes] = plots.panels("D's loss as three programs print it, real and fake alike")
for label, loss in (
    ("sum", smoothed(c, 1)),
    ("half", smoothed(c, 1) / 2),
    ("sum, real label 0.875", smoothed(c, 0.875)),
):
    lowest = np.argmin(loss)
    [line] = axes.plot(c, loss, label=f"{label}: lowest {loss[lowest]:.4f} at D = {c[lowest]:.4f}")
    axes.plot(c[lowest], loss[lowest], "o", color=line.get_color())
axes.set(xlabel="c, what D says", ylabel="nats", ylim=(0, 3), xlim=(0.1, 0.9))
axes.legend()
plt.show()
print(f"0.875/2 = {0.875 / 2}, and there the smoothed loss is {smoothed(0.4375, 0.875):.4f}")

# %% [markdown]
# **What you saw.** Sum and half have their lowest point at the same D = ½, and differ by a factor of 2. The smoothed
# loss is lowest at D = 0.4375: half of all rows are real, and each counts as 0.875 of one. The loss there, 1.3706, is
# a little below log 4. So a program that prints 1.37 may smooth its labels, or it may print the plain sum, close to
# the end of its game. D(x) tells them apart: 0.44, or 0.50.
#
# A 0.693 printed as *G's* loss is another matter: most programs give G the loss $-\log D(G(z))$, which is
# $\log 2 = 0.6931$ at D = ½. Lesson 4 is about that loss.
#
# ### Exercise 1.2: V from a printed number
#
# Somebody shows you the loss of their D and says how their program takes it. What is V?


# %% tags=["exercise"]
def value_from_loss(loss, convention):
    """V in nats. loss: D's loss as printed; convention: "sum" of both cross-entropies, or "half" of that sum."""
    ...


course.check(1, value_from_loss)

# %% [markdown]
# ### Exercise 1.3: smoothed labels
#
# D's loss on a batch, where real rows have the label `label` and fakes the label 0: the cross-entropy on the real
# rows, plus the cross-entropy on the fakes. The cross-entropy of a label $s$ and a probability $D$ is
# $-s \log D - (1 - s) \log(1 - D)$.


# %% tags=["exercise"]
def smoothed_d_loss(d_real, d_fake, label):
    """D's loss in nats. d_real: D(x), d_fake: D(G(z)), arrays [B, 1] in (0, 1); label: of real rows, in (0.5, 1]."""
    ...


course.check(1, smoothed_d_loss)

# %% [markdown]
# ## Two real games
#
# Enough paper. We train two games of this package side by side: `parabola`, whose G learns to put points on the curve
# $y = x^2$, and `mlp`, whose G learns to draw digits, from 5,000 real ones that come with the installation. As it
# trains, each run writes down V as `value/V`, of a fresh batch each time. A *step* is one round of both players.

# %% [markdown]
# **Predict, then look.** At the start both networks are random. Will V start at −1.3863, above it or below it? Then
# both players learn. In which game will D stay ahead, with points in the plane, or with pictures of 784 pixels?

# %% tags=["hide-output"]
points, digits = course.trained(
    [
        "--model=parabola --max_steps=3000 --summary_every=20 --theory_every=1000 --run_name=value_points",
        "--model=mlp --max_steps=600 --summary_every=5 --theory_every=300 --run_name=value_digits",
    ]
)
both = {"points": points, "digits": digits}
for axes, run in zip(plots.panels(*both, sharey=True), both.values(), strict=True):
    plots.curve(axes, run, "value/V", color="black")
    plots.curve(axes, run, "value/log_D_x", color=plots.REAL)
    plots.curve(axes, run, "value/log_not_D_G_z", color=plots.FAKE)
    plots.ideal(axes, losses.IDEAL_VALUE, "−log 4")
    axes.set(ylabel="nats", ylim=(-3, 0.1))
    axes.legend(loc="lower right")
plt.show()
for name, run in both.items():
    value, d_loss, d_real, d_fake = map(run.last, ("value/V", "D_loss", "prob/D_x", "prob/D_G_z"))
    print(f"{name}: V {value:.2f}, D_loss {d_loss:.2f}, mean D(x) {d_real:.2f}, mean D(G(z)) {d_fake:.2f} at the end")

# %% [markdown]
# **What you saw.** The points: V starts *below* −log 4. This random D happens to call the fakes real, and pays for it;
# another start may lie a little above the line, by luck. Within a few hundred steps D has learnt, G has learnt to
# follow, and V lies on the dashed line, D(x) and D(G(z)) at ½. Both terms end at $\log ½ = -0.6931$. That means that
# *this* D sees no difference any more; lesson 7 shows that there still is one.
#
# The digits: after five steps D is far ahead already, and it stays ahead: V far above the line but for a dip or two,
# where G gains for a moment, D(x) near 1, D(G(z)) near 0. This game is not at its end, and it is none the worse for
# that: G's digits get better all the same, as the tab *Images* shows. D's loss is the mirror image of V in both;
# compare the printed numbers.
#
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# In the tab *Custom scalars* are the same curves: V and its two terms beside −log 4, and both losses beside their
# ideal values. In the tab *Scalars* they are `value/V`, `value/log_D_x`, `value/log_not_D_G_z`, `value/minus_log_4`
# and `D_loss`. Tick `value_points` alone and see V come to rest on the line; then tick `value_digits`. If something
# were wrong: a V that *stays* below the line means that D is worse than a coin and does not learn; a V glued to 0
# from the first steps to the last means that G never gets anywhere, and lesson 4 has one.
#
# ## What comes next
#
# Lesson 2 builds both players by hand, from weights and matrix products, and connects D twice. The formula: [the
# paper](https://arxiv.org/abs/1406.2661), section 3, equation 1, and theorem 1 for −log 4. The code:
# [losses.py](../../gan_lowlevel/losses.py). The numbers of other programs are also on the card
# `how_to_read_these_curves` in TensorBoard's tab *Text*; all curves are explained in [reading.md](../reading.md).

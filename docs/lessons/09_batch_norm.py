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
# # 9. Batch norm's memory
#
# <!-- colab -->
#
# A generator with batch norm is two functions: one in training, one in use. Between them stands a memory, the moving
# statistics, which no gradient touches. Afterwards you know whose memory it is, how long it lasts, and what it looks
# like when it hangs on the wrong player, or on nobody. About 30 minutes. Lessons 2 and 3 come before; lesson 8 has the
# game that we play.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, gan, layers, losses
from gan_lowlevel.course import plots
from gan_lowlevel.data.mixture import centres
from gan_lowlevel.networks import mixture

v1 = tf.compat.v1

# %% [markdown]
# ## Two functions in one layer
#
# Batch norm (Ioffe and Szegedy 2015) looks at one feature of a layer, h, over all rows of a batch. It takes away their
# mean, divides by their standard deviation, and gives the feature a new mean and size that are learnt, β and γ:
#
# $$h \mapsto \gamma \frac{h - mean}{\sqrt{variance + \epsilon}} + \beta$$
#
# In training, mean and variance are those *of the batch*. So what becomes of one row depends on the other rows beside
# it. In use one wants the same z to give the same picture, whoever stands beside it. So the layer also keeps a *moving
# average* of what it has seen, and in use takes those numbers:
#
# | `training` | mean and variance | G(z) depends on |
# |---|---|---|
# | True | of this batch | z, the weights, and the other z of the batch |
# | False | moving averages | z, the weights, and what earlier batches were like |
#
# This is the layer as the package has it. Look for three things: the two that are trainable and the two that are not;
# the `tf.where`; and the line with `MOVING`, to which we come back.

# %%
course.source(layers.batch_norm)

# %% [markdown]
# ## In training a row is not alone
#
# The game `mixture` has a G with four batch norms and a D with none. Its fakes are points in the plane, which should
# come to lie on eight spots of a circle. We build it and ask a fresh G for the same z in different company: first among
# 99 others, then among other 99, and so on; then alone, a batch of one.

# %%
FLAGS = "--model=mixture --updates=alternating --d_learning_rate=0.0005 --g_learning_rate=0.0005"
table = course.table(FLAGS)
origin = draws.origin(0, draws.Stream.SAMPLE, 0)
z = table.run(table.gan.z, {table.gan.draw: (*origin, 400)})  # [400, 2], for all that follows


def fakes(table, z, training):
    """G(z), points [n, 2]."""
    return table.run(table.gan.play.fake, {table.gan.z: z, table.gan.training: training})


# %% [markdown]
# **Predict, then look.** The first z of all, in four different batches of 100, `training=True`: one point, or four? And
# in a batch of one, where the mean *is* the row and the variance is 0: what does G draw for this z, and what for
# another?

# %% tags=["hide-output"]
for batch in range(4):
    others = z[1 + 99 * batch : 100 + 99 * batch]
    print(f"among 99 others, {batch + 1}:  {fakes(table, np.concatenate([z[:1], others]), training=True)[0]}")
for row in range(3):
    print(f"z number {row + 1} alone:    {fakes(table, z[row : row + 1], training=True)[0]}")

# %% [markdown]
# **What you saw.** Four different points for one z: its neighbours shift and scale it. And alone every z gives the same
# point: h − mean is 0 in each feature, all that is left is β, and z is gone, however good G is. (A convolutional G
# takes its moments over the positions of a picture too, so that a picture alone keeps something of its z; it comes out
# otherwise than in company all the same.)
#
# ### Exercise 9.1: both modes, in TensorFlow
#
# Write the formula, with the batch's own moments or the moving ones. `training` is a bool *tensor*: it is not known
# while the graph is described, so a Python `if` can't ask it. `tf.where` can. The variance is the biased one, the mean
# of squares of h − mean (`tf.nn.moments`); ε is 0.001.


# %% tags=["exercise"]
def normalized(h, gamma, beta, moving_mean, moving_variance, training):
    """Batch norm of h [B, n] over its rows: [B, n]. gamma, beta and moving ones: [n]; training: bool tensor []."""
    ...


course.check(9, normalized)

# %% [markdown]
# ## How long the memory lasts
#
# After each update of its owner, each moving statistic goes a small part of the way to what the batch had:
#
# $$moving \leftarrow m \cdot moving + (1 - m) \cdot batch$$
#
# m is the layer's momentum: 0.95 in `mixture`, 0.99 in `dcgan` and `dog`. At the start the moving mean is 0 and the
# moving variance 1, since something must stand there. That beginning fades: after n updates it has the weight $m^n$.
#
# ### Exercise 9.2: one update of the memory


# %% tags=["exercise"]
def moved(moving, batch, momentum):
    """A moving statistic after one update. moving, batch: arrays [n]; momentum: a number in (0, 1)."""
    ...


course.check(9, moved)

# %% [markdown]
# ### Exercise 9.3: until the beginning is forgotten


# %% tags=["exercise"]
def updates_until(share, momentum):
    """The least number of updates, an int, after which the start has a weight of `share` or less; both in (0, 1)."""
    ...


course.check(9, updates_until)

# %% [markdown]
# With m = 0.95 the start has 1% left after 90 updates, with 0.99 after 459, which is nearly an epoch of MNIST in
# batches of 128.

# %% [markdown]
# **Predict, then look.** We train, and draw the same 400 z in both modes. At step 0 no statistic has ever moved: moving
# mean 0, moving variance 1. G's weights are small (standard deviation 0.02), so that the true variances in its layers
# are far below 1. What will `training=False` draw at step 0: the same cloud as `training=True`, a wider one, or a dot?

# %% tags=["hide-output"]
steps = (0, 20, 200)
for step, axes in zip(steps, plots.panels(*(f"after {step} steps" for step in steps), height=2.9), strict=True):
    table.play(step - table.step)
    both = {training: fakes(table, z, training) for training in (True, False)}
    for training, color in ((True, "C0"), (False, "C1")):
        axes.plot(*both[training].T, ".", markersize=3, color=color, label=f"training={training}")
    axes.plot(*centres("ring").T, "+", color=plots.REAL)
    apart = np.hypot(*(both[True] - both[False]).T).mean()
    print(f"{step:>3} steps: the two points of one z lie {apart:.2f} apart; the start's weight is {0.95**step:.3f}")
    axes.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
axes.legend(loc="upper right")
plt.show()

# %% [markdown]
# **What you saw.** At step 0 all orange points are one dot: dividing by a variance of 1 where the true one is a
# thousandth makes every feature almost 0. After 20 updates a third of that wrong start is still there, and the two
# functions have little to do with each other. After 200 it is gone, and both draw nearly the same. *Nearly*: the memory
# is of batches that G drew with earlier weights. As long as G learns, its memory is of the G that it was some dozen
# updates ago. The faster G changes and the longer the memory, the farther apart are the two.
#
# So there are two rules for looking. Right after the start, and after each jump of the weights, pictures with
# `training=False` are worse than G is. And a picture with `training=True` is of a batch, never of a z. This package
# draws all samples of a run, and `generate` all of its pictures, with `training=False`: the same seed then gives the
# same picture.
#
# ## Whose memory?
#
# The moving statistics are variables, but no weights: no gradient reaches them, no optimizer has them in its
# `var_list`. Somebody must *assign* them, by an op of its own, in the same `session.run` as an update. Whose update?
#
# The statistics are of G's layers on G's batch. They must move when G's weights move, once for each update of G. So
# they belong to G's update. In the package `layers.batch_norm` puts each variable with its next value into the
# collection `MOVING` and assigns nothing; `gan.connect` keeps those that G's connection has brought; and G's update,
# and no other op, assigns them:

# %%
course.source(gan.g_update)
course.source(gan._moved)

# %%
moving = [variable for variable, _ in table.gan.play.moving]
print(*(variable.op.name for variable in moving[:4]), "...", sep="\n")


def moves(update, feed):
    """The largest change of a moving statistic by one update."""
    before = table.run(moving)
    table.run(update.finite, feed)  # fetching this plays the update
    return max(np.abs(old - new).max() for old, new in zip(before, table.run(moving), strict=True))


print(f"an update of D moves them by {moves(table.gan.d_train, table.loop.d_feed(200, 0))}")
print(f"an update of G moves them by {moves(table.gan.g_train, table.loop.g_feed(200, 0)):.4f}")

# %% [markdown]
# ## Hung on nobody
#
# The most common mistake is to forget the assignments: TensorFlow 1.x's own layer put them into a collection as well,
# and whoever did not ask that collection trained without a memory. Nothing complains. We train G by an op that has the
# gradient step and nothing else.

# %% [markdown]
# **Predict, then look.** 150 steps without a memory. Does training suffer? What do samples with `training=True` look
# like afterwards, what those with `training=False`?

# %% tags=["hide-output"]
table = course.table(FLAGS)
with table:
    forgotten = table.gan.optimizer.g.minimize(table.gan.g_report.g_loss, var_list=table.gan.theta.g)
for step in range(150):
    table.run(table.gan.d_train.finite, table.loop.d_feed(step, 0))
    table.run(forgotten, table.loop.g_feed(step, 0))
for training, axes in zip((True, False), plots.panels("training=True", "training=False"), strict=True):
    points = fakes(table, z, training)
    axes.plot(*points.T, ".", markersize=3, color=plots.FAKE)
    axes.plot(*centres("ring").T, "+", color=plots.REAL)
    axes.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2))
    print(f"training={training!s:<5}: standard deviation of the points {points.std(axis=0)}")
plt.show()

# %% [markdown]
# **What you saw.** Training did not suffer at all: in training nobody reads the memory. G has learnt to spread its
# points over the ring. But everything that is drawn in use is a dot. It looks like the worst mode collapse (lesson 8),
# and the curves of both losses are healthy. **Where samples are bad and losses are good, ask for a batch in the other
# mode before you blame the game.**
#
# ## Hung on D
#
# D's update also connects G: it needs fakes. So one could assign the statistics there. We do it by hand, and make five
# updates of D. G's weights stay as they are.

# %%
table = course.table(FLAGS)
table.play(50)
with table, tf.control_dependencies([table.gan.d_train.finite]):  # D's update, and then
    d_moves = tf.group(*[v1.assign(variable, following) for variable, following in table.gan.play.moving])
for update in range(6):
    print(f"after {update} such updates of D:  G(z) = {fakes(table, z[:1], training=False)[0]}")
    table.run(d_moves, table.loop.d_feed(50 + update, 0))

# %% [markdown]
# Nothing of G was trained, and its picture of the same z changes with every update of D. That breaks two things. The
# samples move while G stands still, so that a curve of their quality says something of D's schedule. And how long the
# memory lasts, counted in updates of G, now depends on the ratio: with `--d_step=5` it is five times shorter than the
# layer's momentum says, and with `--d_step=0` it never begins.
#
# Both ways to make D's fakes exist. Most games make them as G trains, with batch statistics; the [article of
# `dog`](../articles/dog.md) calls `predict`, and so D learns from pictures of the moving statistics while G is judged
# on pictures of its batch. The package has a switch for it, `d_fakes_training` in
# [game.py](../../gan_lowlevel/networks/game.py), and takes each game as its source has it.
#
# ## Hung on everything: G's step wants x
#
# Programs for TensorFlow 1.x often have this recipe, which is right for one network:
#
# ```python
# with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
#     train = optimizer.minimize(loss)
# ```
#
# Run the train op, and all moving statistics of the graph move. In a GAN *all* are those of both players. Let D have a
# batch norm too. We write such a D from the package's layers, connect both players, and hang on G's step whatever is in
# the collection.


# %%
def discriminator(x, training):
    """D: points [B, 2] to probability and logits, [B, 1] each."""
    h = layers.dense(x, 64, name="dense_1", weights=mixture.WEIGHTS)  # [B, 64]
    h = tf.nn.relu(layers.batch_norm(h, training, name="batch_norm_1", **mixture.NORM))
    logits = layers.dense(h, 1, name="dense_2", weights=mixture.WEIGHTS, biases=layers.constant(0.0))  # [B, 1]
    return tf.sigmoid(logits), logits


graph = tf.Graph()
with graph.as_default():
    x, latent = v1.placeholder(tf.float32, [None, 2], name="x"), v1.placeholder(tf.float32, [None, 2], name="z")
    training = tf.constant(True)
    game = dataclasses.replace(table.game, discriminator=lambda x, masks: discriminator(x, training))
    play = gan.connect(game, x, latent, training=training, origin=tf.constant([0, 0], tf.int64))
    g_loss = losses.non_saturating(play.fake_logits)
    step = v1.train.AdamOptimizer(0.001).minimize(g_loss, var_list=gan.split_theta().g)
    everything = v1.get_collection(layers.MOVING)
    wrong, right = (tf.group(step, *[v1.assign(*pair) for pair in pairs]) for pairs in (everything, play.moving))
for variable, _ in everything:
    print(variable.op.name)

# %% [markdown]
# **Predict, then look.** G's step needs no real data: its loss is $-\log D(G(z))$. We run it with z alone, once with
# G's own statistics and once with all of them. What does TensorFlow say to each? The list above names D's statistics
# twice: why?

# %% tags=["hide-output"]
with v1.Session(graph=graph) as session:
    with graph.as_default():
        session.run(v1.global_variables_initializer())
    for name, train in (("G's own", right), ("all", wrong)):
        try:
            session.run(train, {latent: z})
            print(f"{name}: done")
        except tf.errors.InvalidArgumentError as error:
            print(f"{name}: {next(line for line in error.message.splitlines() if 'placeholder' in line)}")

# %% [markdown]
# **What you saw.** With all of them G's step wants x: the next value of D's statistics on real rows is computed from
# real rows. D stands in the list twice because it is connected twice, on x and on G(z), one set of variables and two
# next values. Had we fed x, it would have gone on, and worse: G's step would move D's statistics, twice, in an order
# that nobody defines. The error is the good case; it is how such a mistake is usually found.
#
# So the rule of lesson 3 has a second half. `var_list` says which *weights* a player may move. Which *statistics* it
# moves must be said as well: those of its own scope, of the connection that it trains on, once for each of its updates.
#
# ## What to look at in TensorBoard
#
# We train the game as it is for 300 steps, so that there is a run to look at.

# %%
flags = "--model=mixture --updates=alternating --max_steps=300 --sample_every=100 --theory_every=100"
run = course.trained(f"{flags} --run_name=memory")
course.show(run.samples(), "the run's samples: training=False, with the memory that G's updates have left")

# %% [markdown]
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# Tick `memory`. In the tab *Images*, `samples/fake`: the first picture, at step 0, is one dot in the middle; that is no
# collapse, it is the memory at its start. In the tab *Graphs*, open `generator`: from each `batch_norm` a small arrow
# leads to `g_optimizer`, which trains it and assigns its moving mean and variance. To `d_optimizer` none does: that is
# what to look for in a graph of your own. In *Scalars*, `spread/samples` compares the spread of fakes with that of
# data, on batches as D sees them; healthy is about 1. If it is about 1 and the samples are a dot all the same, the
# memory is wrong, and not G.
#
# ## What comes next
#
# Lesson 10 builds a DCGAN's layers by hand; its G has a batch norm after nearly each of them. Ioffe and Szegedy, [Batch
# Normalization](https://arxiv.org/abs/1502.03167), algorithms 1 and 2. The layer:
# [layers.py](../../gan_lowlevel/layers.py); the owner: `g_update` in [gan.py](../../gan_lowlevel/gan.py).

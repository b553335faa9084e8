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
# # 2. Weights, matmuls, scopes
#
# <!-- colab -->
#
# Afterwards you can write both players from variables and matrix products, you know which of TensorFlow's two kinds
# of scope lets weights be shared, and you recognize the curve of a program that has made a second D by mistake. About
# 30 minutes. Lesson 1 comes before.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import shutil
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import gan, layers, losses
from gan_lowlevel.course import plots
from gan_lowlevel.data.parabola import points
from gan_lowlevel.networks import parabola

v1 = tf.compat.v1

# %% [markdown]
# ## A layer is two variables and a matmul
#
# A dense layer takes a batch $h$ of shape [B, n] to $h W + b$ of shape [B, units], with $W$ of shape [n, units] and
# $b$ of shape [units]. Both are *variables*: numbers that outlive a single computation, and that training changes. An
# activation may follow, such as $\tanh$, or ReLU, which is $\max(h, 0)$. That is all. A graph describes it, a session
# runs it:

# %%
with tf.Graph().as_default(), v1.Session() as session:
    z = v1.placeholder(tf.float32, [None, 5], name="z")
    weights = v1.get_variable("weights", [5, 15], initializer=v1.random_normal_initializer(stddev=0.5, seed=0))
    biases = v1.get_variable("biases", [15], initializer=v1.zeros_initializer())
    h = tf.nn.relu(tf.matmul(z, weights) + biases)  # [B, 15]
    print("described:", h)

    session.run(v1.global_variables_initializer())  # before this, variables have no values
    print("run:      ", session.run(h, {z: np.ones([3, 5])}).shape)
    print("variables:", [variable.name for variable in v1.trainable_variables()])

# %% [markdown]
# Three things happen at three times. The graph is described once. The variables get their first values when the
# initializer is run. The placeholder gets its value at each run, from the dictionary. `None` leaves the number of
# rows open: what is described has the shape (None, 15), what is run (3, 15).
#
# The package's layer is the same two variables and the same product. (`product` calls `tf.matmul`, and rounds where
# `--precision` asks for it; `_note` remembers the layer for tables.)

# %%
course.source(layers.dense)
course.source(layers.variable)

# %% [markdown]
# Where `variable` asks `get_variable`, with a seed of its own. From such layers a player is two or three lines. This
# is the game `parabola`: G makes a point in the plane from five random numbers, D looks at a point.

# %%
course.source(parabola.generator)
course.source(parabola.discriminator)

# %% [markdown]
# ### Exercise 2.1: how many numbers are that?
#
# This G goes 5 → 15 → 2, and the table of the [article on y = x²](../articles/parabola.md) counts 122 parameters. Write
# the function that counts them for any sizes. The G of `mlp`, 100 → 128 → 784, must come to 114,064.


# %% tags=["exercise"]
def parameters(sizes):
    """The number of weights and biases of dense layers. sizes: of the input and of each layer, such as [5, 15, 2]."""
    ...


course.check(2, parameters)

# %% [markdown]
# ### Exercise 2.2: a layer by hand
#
# Now in TensorFlow. Make two variables with `v1.get_variable`, named `weights` and `biases`. Their initial values are
# given as tensors: with `initializer=` a tensor, `get_variable` takes the shape from it and wants none. Return the
# layer's output, and the list `v1.trainable_variables()`.


# %% tags=["exercise"]
def affine(h, initial_weights, initial_biases):
    """h W + b, and the list of the graph's trainable variables, weights first.

    h: [B, n], initial_weights: [n, units], initial_biases: [units], float32 tensors.
    """
    ...


course.check(2, affine)

# %% [markdown]
# ## Two kinds of variable, two kinds of scope
#
# The game needs D twice, on $x$ and on $G(z)$, and it must be *the same* D: what it learns from real points must be
# there when it judges fakes. So one set of variables must be used twice, and here TensorFlow has a trap. There are
# two ways to make a variable, and two kinds of scope, which put a name in front of what is made inside.
#
# - `tf.Variable(value, name=...)` makes a variable. Always.
# - `v1.get_variable(name, ...)` asks for a variable by its name. What comes depends on the variable scope: a new one,
#   or with `reuse=True` the one that is there.
#
# The same product in both ways, each to be called twice:


# %%
def by_variable(x):
    with v1.name_scope("D"):
        weights = v1.Variable(tf.zeros([2, 1]), name="weights")
        return tf.matmul(x, weights, name="logits")


def by_get_variable(x, name="weights", reuse=False):
    with v1.variable_scope("D", reuse=reuse):
        weights = v1.get_variable(name, [2, 1])
        return tf.matmul(x, weights, name="logits")


# %% [markdown]
# **Predict, then look.** Each is called twice, the second one with `reuse=True` at its second call. How many
# variables are there then, and what are they called? And what are the two matmuls called?

# %% tags=["hide-output"]
for title, call, again in (
    ("tf.Variable in a name scope", by_variable, by_variable),
    ("get_variable in a variable scope", by_get_variable, lambda x: by_get_variable(x, reuse=True)),
):
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 2])
        matmuls = [call(x).op.name, again(x).op.name]
        variables = [variable.op.name for variable in v1.trainable_variables()]
    print(f"{title}\n  matmuls    {', '.join(matmuls)}\n  variables  {', '.join(variables)}")

# %% [markdown]
# **What you saw.** The matmuls are `D/logits` and `D_1/logits` in both: an *op* is new at each call, and TensorFlow
# makes the scope's name new with it, so that the two can be told apart. But `tf.Variable` made a second variable,
# `D_1/weights`, without a word, and `get_variable` gave back the first. That is the rule to remember:
#
# | | a name scope | a variable scope |
# |---|---|---|
# | stands in front of ops | yes | yes, it opens a name scope too |
# | stands in front of `tf.Variable` | yes | yes, by that name scope |
# | stands in front of `get_variable` | **no** | yes |
# | entered again | gets a new name, `D_1` | keeps its name for variables, `D`; its ops get `D_1` |
#
# Only what keeps its name can be found again, so only `get_variable` can share. The [article with
# TensorFlow](../articles/mlp.md) writes G with `tf.Variable` in a name scope and D with `get_variable` in a variable
# scope. That is no whim: its G is connected once and its D twice. In its graph `D_nn1` and `D_nn1_1` are two layers of
# ops on one set of weights.
#
# `get_variable` has a second virtue: it refuses. With `reuse=False` it makes new variables and nothing else, with
# `reuse=True` it finds old ones and nothing else. There is a third setting, `AUTO_REUSE`, which finds or makes, as it
# turns out. Here are three slips of a tired programmer:

# %%
for slip, call in (
    ("called again without reuse", lambda x: by_get_variable(x)),
    ("a name misspelt, reuse=True", lambda x: by_get_variable(x, "wieghts", reuse=True)),
    ("a name misspelt, AUTO_REUSE", lambda x: by_get_variable(x, "wieghts", reuse=v1.AUTO_REUSE)),
):
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None, 2])
        by_get_variable(x)
        try:
            call(x)
            print(f"{slip}:\n  no error, and the variables {[v.op.name for v in v1.trainable_variables()]}")
        except ValueError as error:
            print(f"{slip}:\n  {error}")

# %% [markdown]
# The first two slips end with a sentence before anything is trained. The third makes new weights in silence, and a
# program that runs. So this package never says `AUTO_REUSE`: D is connected once, and then once more with
# `reuse=True`. Both stand in [gan.py](../../gan_lowlevel/gan.py), in the function `connect`.
#
# ### Exercise 2.3: D twice
#
# Connect `parabola.discriminator` on `x` and on `fake`, with one set of weights, under any variable scope that you
# like. The function that you call makes its layers with `get_variable` and returns probability and logits; you want
# the logits.


# %% tags=["exercise"]
def both_logits(x, fake):
    """(D's logits of x, the same D's logits of fake, how many trainable variables the graph has).

    x, fake: float32 tensors [B, 2]; logits: [B, 1].
    """
    ...


course.check(2, both_logits)

# %% [markdown]
# ## The whole game by hand
#
# Now a program that plays, in the plainest way: two players, D connected twice, both losses, an optimizer for each
# player with the list of *its* variables, `var_list`. (Lesson 3 is about that list.) The loop plays Algorithm 1 of
# the paper with $k = 1$: one update of D, one of G, each on fresh $x$ and $z$. `second` is the variable scope in
# which D is connected for the second time, and `d_scope` says with which letters the names of D's variables begin.


# %%
def build(second, d_scope):
    """The game in a graph of its own."""
    program = SimpleNamespace(graph=tf.Graph())
    with program.graph.as_default():
        program.x = x = v1.placeholder(tf.float32, [None, 2], name="x")
        program.z = z = v1.placeholder(tf.float32, [None, 5], name="z")
        with v1.variable_scope("generator"):
            program.fake = fake = parabola.generator(z)  # [B, 2]
        with v1.variable_scope("discriminator"):
            program.d_real, real_logits = parabola.discriminator(x)  # [B, 1]
        with v1.variable_scope(**second):
            program.d_fake, fake_logits = parabola.discriminator(fake)  # [B, 1]
        program.value = losses.value(real_logits, fake_logits)
        program.g_loss = losses.non_saturating(fake_logits)
        theta_d, theta_g = v1.trainable_variables(d_scope), v1.trainable_variables("generator/")
        program.d_train = v1.train.AdamOptimizer(0.001).minimize(losses.d_loss(program.value), var_list=theta_d)
        program.g_train = v1.train.AdamOptimizer(0.001).minimize(program.g_loss, var_list=theta_g)
        program.session = v1.Session()
        program.session.run(v1.global_variables_initializer())
    return program


def play(program, steps, rows=64):
    """One update of D and one of G a step: V, G's loss, mean D(x) and mean D(G(z)) of each, [steps, 4]."""
    random, curves = np.random.default_rng(0), []
    for step in range(steps):
        feed = {program.x: points(0, step * rows, rows), program.z: random.normal(size=[rows, 5])}
        _, value, d_real, d_fake = program.session.run(
            [program.d_train, program.value, program.d_real, program.d_fake], feed
        )
        feed = {program.z: random.normal(size=[2 * rows, 5])}
        _, g_loss = program.session.run([program.g_train, program.g_loss], feed)
        curves.append((value, g_loss, d_real.mean(), d_fake.mean()))
    return np.array(curves)


# %% [markdown]
# ## Broken on purpose: a second D
#
# What if the second connection does not share? It happens easily: D written with `tf.Variable`, a scope misspelt,
# `AUTO_REUSE`. Nothing complains. There is a D for $x$ and another one for $G(z)$, and the program trains. What comes
# of it depends on which of them D's optimizer gets.
#
# - **Shared**: one D, as it should be.
# - **Second, untrained**: the optimizer gets the weights of the first connection. So it would be in that article's
#   program, which takes theta_D from its first call and throws away that of the second.
# - **Second, trained**: the optimizer gets all variables whose names begin with `discriminator`, and
#   `discriminator_1` does too.

# %%
SHARED = {"name_or_scope": "discriminator", "reuse": True}
SECOND = {"name_or_scope": "discriminator_1"}
programs = {
    "shared": build(SHARED, d_scope="discriminator/"),
    "second, untrained": build(SECOND, d_scope="discriminator/"),
    "second, trained": build(SECOND, d_scope="discriminator"),
}
for name, program in programs.items():
    players = [variable.op.name.split("/")[0] for variable in program.graph.get_collection("trainable_variables")]
    print(f"{name}: {', '.join(f'{players.count(one)} variables of {one}' for one in dict.fromkeys(players))}")

# %% [markdown]
# **Predict, then look.** In the first program V comes to rest near −log 4 = −1.3863, as in lesson 1. In the second, a
# D sees nothing but real points and learns to call them real, and another D, which never learns, judges the fakes:
# does V rise to 0, or fall below −log 4? In the third, one D is rewarded for saying "real" and the other one for
# saying "fake": where does V go?

# %% tags=["hide-output"]
curves = {name: play(program, 2000) for name, program in programs.items()}
left, right = plots.panels("V", "G's loss")
for name, curve in curves.items():
    left.plot(curve[:, 0], linewidth=1, label=name)
    right.plot(curve[:, 1], linewidth=1, label=name)
plots.ideal(left, losses.IDEAL_VALUE, "−log 4")
plots.ideal(right, losses.IDEAL_G_LOSS["non_saturating"], "log 2")
for axes in (left, right):
    axes.set(xlabel="step", ylabel="nats")
    axes.legend()
plt.show()
for name, curve in curves.items():
    value, g_loss, d_real, d_fake = curve[-200:].mean(axis=0)
    print(f"{name:<18} V {value:6.3f}, G's loss {g_loss:.3f}, D(x) {d_real:.3f}, D(G(z)) {d_fake:.3f} at the end")

# %% [markdown]
# **What you saw.** The shared D ends at −log 4, with both means at ½. The two others never come to rest, and they go
# opposite ways.
#
# *Second, untrained.* V falls and falls, far below −log 4, while G's loss goes to 0 as if G had won for good. It has:
# it plays against weights that nobody trains, finds the direction in which their logit grows, and runs. The two means
# betray the fault. D(x) is near 1 **and** D(G(z)) is near 1. No single trained D ends there, since one that says 1 to
# everything is punished for it; it would do better by saying ½.
#
# *Second, trained.* V rises to 0 and G's loss climbs: the very curves of a D that is too strong. But neither of these
# Ds has to look at its input: one answers "real" whatever comes, the other one "fake", and both are always right. G
# learns from a judge who has made up his mind.
#
# ## What betrays it for certain
#
# Curves make us suspicious; a question decides. Ask both connections about the *same* points. One D gives one answer.
# (A session can be fed in the place of any tensor, so that the second connection can be asked about real points,
# too.)

# %%
real = points(1, 0, 1000)
for name, program in programs.items():
    fake = program.session.run(program.fake, {program.z: np.random.default_rng(1).normal(size=[1000, 5])})
    print(name)
    for title, asked in (("real points", real), ("G's points", fake)):
        feed = {program.x: asked, program.fake: asked}
        first, second = program.session.run([program.d_real, program.d_fake], feed)
        print(f"  of {title:<12} the first connection says {first.mean():.3f}, the second {second.mean():.3f}")

# %% [markdown]
# In the shared program both connections agree in every digit. In the third one the first connection calls
# *everything* real and the second one *everything* fake.
#
# The other certain way is to look at the names before training begins. Each trainable variable must belong to one of
# the two players. The package asks that of every graph that it builds:

# %%
course.source(gan.split_theta)
for name, program in programs.items():
    with program.graph.as_default():
        try:
            theta = gan.split_theta()
            print(f"{name}: theta_D has {len(theta.d)} variables, theta_G {len(theta.g)}")
        except ValueError as error:
            print(f"{name}: refused\n  {error}")

# %% [markdown]
# Mind the slash in `trainable_variables("discriminator/")`, which lists the variables whose names begin so. Without
# it the list has those of `discriminator_1` too, and nothing is left over to complain about.
#
# ## What to look at in TensorBoard
#
# TensorBoard shows what a program writes for it. The low-level way is a `FileWriter`: it takes a graph, and points of
# curves.

# %%
for name, curve in curves.items():
    folder = f"logs/lessons/weights/{name.replace(', ', '_')}"
    shutil.rmtree(folder, ignore_errors=True)  # or a second reading of this lesson would draw each curve twice
    with v1.summary.FileWriter(folder, programs[name].graph) as writer:
        for step in range(0, len(curve), 20):
            for tag, number in zip(("value/V", "G_loss", "prob/D_x", "prob/D_G_z"), curve[step], strict=True):
                point = v1.Summary.Value(tag=tag, simple_value=number)
                writer.add_summary(v1.Summary(value=[point]), step)

# %% [markdown]
# ```sh
# tensorboard --logdir=logs/lessons/weights
# ```
#
# In the tab *Time series* or *Scalars*: `value/V` of all three, and beside it `prob/D_x` and `prob/D_G_z`. Healthy:
# two means that draw together at ½. Wrong: both near 1, or apart for good.
#
# In the tab *Graphs* choose the run `shared`. There are `generator`, `discriminator` and `discriminator_1`, for each
# call of D opens a name scope. Open the last: its layers hold a product and a sum and no weights, which come along an
# edge from `discriminator`. Now choose `second_untrained` and open `discriminator_1` there: it has `weights` and
# `biases` of its own. So it isn't the name that tells, it is what the box holds, and it is the first thing to look at
# in any GAN's graph. The graphs of this package's own runs, such as `value_points` of lesson 1, look like the first.
#
# ## What comes next
#
# Each optimizer here got a list of variables. Lesson 3 leaves one out. The layers:
# [layers.py](../../gan_lowlevel/layers.py); the players: [parabola.py](../../gan_lowlevel/networks/parabola.py) and
# seven others beside it; which names of the articles are which of ours: [names.md](../names.md). Algorithm 1 stands
# in [the paper](https://arxiv.org/abs/1406.2661), section 4.

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
# # 10. From dense to convolution
#
# <!-- colab -->
#
# Afterwards you can write DCGAN's two players layer by layer and say the shape and the number of weights at each
# line; you know that a convolution is a matrix and a transposed convolution is its transpose; you can tell a
# checkerboard from a stroke; and you have seen what dropout in D is good for. About 40 minutes. Lessons 2 and 9 come
# before.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image

from gan_lowlevel import layers, networks, tables
from gan_lowlevel.commandline import read_config
from gan_lowlevel.course import plots
from gan_lowlevel.networks import dcgan

v1 = tf.compat.v1

# %% [markdown]
# ## A convolution is a matrix with few numbers
#
# A dense layer is $y = Wx + b$, and every output sees every input. A *convolution* is the same thing with a $W$ that
# has mostly zeros, and the same few numbers in each row. On a line of $n$ inputs, with a kernel $w$ of $K$ numbers
# and a stride $s$, output $i$ is
#
# $$y_i = \sum_{k=0}^{K-1} w_k \, x_{si + k - p}$$
#
# where $p$ is the padding on the left, and what lies outside of the line counts as 0. (A mathematician would turn the
# kernel around first; all neural networks leave that out.) TensorFlow's padding SAME makes $\lceil n/s \rceil$
# outputs. For that it pads $\max((\lceil n/s \rceil - 1)s + K - n, 0)$ zeros in all, half of them on the left, and
# the odd one on the *right*.
#
# A matrix is known by what it does to unit vectors. So we let TensorFlow convolve all unit vectors of length 8 at
# once, and read off the matrix $C$ of $y = Cx$.

# %% [markdown]
# **Predict, then look.** Kernel (1, 2, 3), 8 inputs. How many rows and columns has $C$ with stride 1, and how many
# with stride 2? How many different numbers stand in it? Draw both.


# %% tags=["hide-output"]
def matrix(kernel, n, stride):
    """C of y = C x, as TensorFlow convolves: [outputs, n]."""
    with tf.Graph().as_default(), v1.Session() as session:
        units = tf.eye(n)[:, :, None]  # [n, n, 1], a unit vector in each row
        w = tf.constant(kernel, tf.float32)[:, None, None]  # [K, 1, 1]
        return session.run(tf.nn.conv1d(units, w, stride, "SAME"))[:, :, 0].T


for axes, stride in zip(plots.panels("stride 1", "stride 2"), (1, 2), strict=True):
    c = matrix([1, 2, 3], 8, stride)
    axes.imshow(c, cmap="Blues", vmax=5)
    for (i, j), entry in np.ndenumerate(c):
        axes.text(j, i, f"{entry:.0f}", ha="center", va="center", fontsize=8)
    axes.set(xlabel="input", ylabel="output")
    axes.grid(False)
plt.show()

# %% [markdown]
# **What you saw.** Stride 1 gives an 8×8 matrix with one band: each row is the row above, moved by one place. Stride
# 2 keeps every other row, 4×8, a band that moves by two places. All of it comes from three numbers. With stride 2 the
# first row starts at the line's first number: 8 inputs need one zero of padding, and it is on the right.
#
# Two habits of data are built into that shape. *Neighbors matter*: an output sees $K$ inputs and no more. *The same
# thing may stand anywhere*: a stroke is looked for with the same weights in every place. A dense layer would have to
# learn both.
#
# In the plane it is no different. Take a picture of 6×6 pixels row by row as a vector of 36, and a convolution with
# 3×3 weights and stride 2 is a matrix of 9×36:

# %%
with tf.Graph().as_default(), v1.Session() as session:
    units = tf.reshape(tf.eye(36), [36, 6, 6, 1])  # 36 pictures, each with one pixel of 1
    y = layers.conv2d(units, 1, name="conv", weights=layers.normal(0.0, 1.0), size=3, stride=2)  # [36, 3, 3, 1]
    session.run(v1.global_variables_initializer())
    c = session.run(y).reshape(36, 9).T
title = f"{c.size} places, {np.count_nonzero(c)} of them not 0, {len(np.unique(c)) - 1} different numbers"
[axes] = plots.panels(title, height=2.4)
axes.imshow(c, cmap="coolwarm", vmin=-3, vmax=3)
axes.set(xlabel="pixel of the 6×6 picture, row by row", ylabel="output")
axes.grid(False)
plt.show()

# %% [markdown]
# The band is broken where a row of the picture ends. Nine numbers make the whole matrix.
#
# ### Exercise 10.1: the matrix
#
# Write $C$ yourself, in NumPy, for any kernel, length and stride, with the padding SAME as above.


# %% tags=["exercise"]
def convolution_matrix(kernel, n, stride):
    """C of y = C x: array [ceil(n/stride), n]. kernel: array [K], K odd; n: inputs; stride: 1 or more."""
    ...


course.check(10, convolution_matrix)

# %% [markdown]
# ## DCGAN, line by line
#
# Here are the two players of the [article on DCGAN](../articles/dcgan.md), as the package has them. The shape at the
# end of each line is what comes out of it: batch, height, width, channels.

# %%
course.source(dcgan.generator)
course.source(dcgan.discriminator)

# %% [markdown]
# D goes down: 28 → 14 → 7 with stride 2, while the channels go up, 1 → 64 → 128. G goes the same way back. There is
# no pooling: a stride does its work, and its weights are learned. That is the first rule of the DCGAN paper (Radford
# and others, 2016, section 3). The others are all here too: batch norm in G (lesson 9), tanh at its end, LeakyReLU in
# D. The article took LeakyReLU in G also, where the paper has ReLU, and it has no batch norm in D.
#
# Weights: a convolution has $K \times K \times C_{in} \times C_{out}$ of them, for every height and width.

# %% [markdown]
# **Predict, then look.** D's first layer makes 14×14×64 numbers from 28×28×1 pixels. How many weights has it with 5×5
# kernels? How many would a dense layer need for the same? And which layer of G has the most?

# %% tags=["hide-output"]
game = networks.GAMES["dcgan"](read_config(["--model=dcgan"]))
g_table, d_table, _ = tables.tables(game, z_dim=100)
print(tables.text([g_table, d_table]))
print(f"D's first layer, dense: {28 * 28 * 14 * 14 * 64:,} weights; as a convolution {5 * 5 * 1 * 64:,}")

# %% [markdown]
# **What you saw.** 1,600 weights in the place of ten million. More than half of G's weights are in its one dense
# layer, which has to make 7×7×256 numbers from 100: that is the price of a layer that sees everything. The article
# prints these very tables, 2,344,864 and 212,673.
#
# ### Exercise 10.2: a row of the table
#
# Say what one layer makes of a picture. All layers here have 5×5 weights, padding SAME, and no biases; a convolution
# with stride $s$ makes $\lceil H/s \rceil$ rows of $H$, a transposed one $Hs$.


# %% tags=["exercise"]
def layer_row(kind, shape, filters, stride):
    """(output shape, weights) of a layer. kind: "conv2d" or "conv2d_transpose"; shape: (H, W, C); filters: of the
    output; stride. Returns ((H', W', filters), number of weights)."""
    ...


course.check(10, layer_row)

# %% [markdown]
# ## The way back: transposed convolution
#
# D's layer takes $x$ to $y = Cx$, 28×28 to 14×14. G needs a layer from 14×14 to 28×28. It can't be $C^{-1}$, since
# $C$ isn't even square. But $C^T$ has the right shape, and it is at hand. When a loss $L$ is propagated back through
# $y = Cx$, the chain rule says
#
# $$\frac{\partial L}{\partial x_j} = \sum_i \frac{\partial L}{\partial y_i} C_{ij}$$
#
# and that is $C^T$ times the gradient by $y$. So every program that can train a convolution has its transpose
# already: it is the convolution's gradient. G uses it as a layer. *Transposed convolution* is its name; some call it
# "deconvolution", but it undoes nothing.
#
# How would you check that a function is the transpose of another, if you can't see the matrices? By the definition:
# for all $x$ and $y$
#
# $$\langle Cx, y \rangle = \langle x, C^T y \rangle$$
#
# with $\langle \cdot, \cdot \rangle$ the sum of all products of entries. The package's two layers have weights of the
# same shape for that, [5, 5, 3, 8] here, so both can be connected under one name: the second time with `reuse=True`,
# as D is (lesson 2).

# %% [markdown]
# **Predict, then look.** Random $x$ and $y$, some 40,000 products each side, float32. Will both sums agree in all
# digits, in about six, or in two? And TensorFlow's own gradient of the convolution, fed with $y$?

# %% tags=["hide-output"]
random, initial = np.random.default_rng(10), layers.normal(0.0, 0.02)
with tf.Graph().as_default(), v1.Session() as session:
    v1.set_random_seed(10)
    x = tf.constant(random.normal(size=(16, 28, 28, 3)), tf.float32)
    y = tf.constant(random.normal(size=(16, 14, 14, 8)), tf.float32)
    conv_x = layers.conv2d(x, 8, name="shared", weights=initial, stride=2)  # [16, 14, 14, 8]
    with v1.variable_scope(v1.get_variable_scope(), reuse=True):
        conv_t_y = layers.conv2d_transpose(y, 3, name="shared", weights=initial, stride=2)  # [16, 28, 28, 3]
    [gradient] = tf.gradients(conv_x, x, grad_ys=y)  # of <C x, y> by x
    session.run(v1.global_variables_initializer())
    left, right = session.run((tf.reduce_sum(conv_x * y), tf.reduce_sum(x * conv_t_y)))
    off = session.run(tf.reduce_max(tf.abs(gradient - conv_t_y)))
    print("variables:", [(v.name, v.shape.as_list()) for v in v1.trainable_variables()])
print(f"<C x, y> = {left:.6f}\n<x, Cᵀ y> = {right:.6f}")
print(f"largest difference of the gradient to the layer: {off}")

# %% [markdown]
# **What you saw.** One variable, two layers. The sums agree to about six digits, which is what float32 has; the
# products are the same, added in another order. The gradient and the layer are the same numbers: TensorFlow computes
# both with the same routine.
#
# A transposed convolution can also be seen from the input's side. Column $j$ of $C^T$ is row $j$ of $C$: the kernel,
# put down at place $sj - p$. So each input number *stamps* a copy of the kernel, times itself, onto the output, $s$
# places further each time, and where stamps overlap, they add up. Remember that word, overlap.
#
# ### Exercise 10.3: the layer, by the gradient
#
# Write a transposed convolution in TensorFlow 1.x without `conv2d_transpose`: describe a convolution of some picture,
# and ask for its gradient. `tf.gradients(ys, xs, grad_ys=...)` returns a list.


# %% tags=["exercise"]
def transposed(y, w, stride):
    """The gradient of a SAME convolution. y: tensor [B, H, W, F]; w: tensor [K, K, C, F]; stride: int.
    Returns a tensor [B, H stride, W stride, C]."""
    ...


course.check(10, transposed)

# %% [markdown]
# ## The checkerboard
#
# Let every weight be 1 and every input 1. Then an output number is simply the count of stamps that lie on it.

# %% [markdown]
# **Predict, then look.** Kernel 5×5, stride 2, far from the edges. A stamp is 5 wide and the next one begins 2
# further. Does every pixel get as many stamps as its neighbor? On a line first: how many stamps lie on an even place,
# how many on an odd one? Then in the plane.

# %% tags=["hide-output"]
with tf.Graph().as_default(), v1.Session() as session:
    ones, one = tf.ones([1, 6, 6, 1]), layers.constant(1.0)
    stamped = layers.conv2d_transpose(ones, 1, name="transposed", weights=one, stride=2)  # [1, 12, 12, 1]
    names = ("upsampling", "convolution")
    smooth = layers.upsample_conv2d(ones, 1, 2, names=names, weights=one, biases=layers.constant(0.0))  # [1, 12, 12, 1]
    session.run(v1.global_variables_initializer())
    counts = session.run((stamped, smooth))
titles = ("transposed convolution, stride 2", "upsampling ×2, then convolution")
for axes, count in zip(plots.panels(*titles), counts, strict=True):
    axes.imshow(count[0, :, :, 0], cmap="Blues", vmin=0, vmax=count.max() * 1.5)
    for (i, j), entry in np.ndenumerate(count[0, :, :, 0]):
        axes.text(j, i, f"{entry:.0f}", ha="center", va="center", fontsize=7)
    axes.axis("off")
plt.show()

# %% [markdown]
# **What you saw.** On a line 5 is 2 + 3: places get 3 stamps and 2 in turn. In the plane the counts multiply, 9, 6, 6
# and 4: a checkerboard, before anything is learned, since 2 does not divide 5. On the right is the other way to become
# larger: first repeat each pixel 2×2 times, then convolve with stride 1. Every pixel away from the edge gets 25 stamps.
# The [article on dogs](../articles/dog.md) takes that way ([`networks/dog.py`](../../gan_lowlevel/networks/dog.py)),
# and the one on DCGAN says that it knows both.
#
# With random weights the counts become variances: a sum of $m$ independent terms has $m$ times the variance of one.
# So we can predict how loud each of four neighbors is, on random input:

# %%
with tf.Graph().as_default(), v1.Session() as session:
    v1.set_random_seed(10)
    h = tf.constant(random.normal(size=(64, 14, 14, 64)), tf.float32)
    stamped = layers.conv2d_transpose(h, 32, name="transposed", weights=initial, stride=2)  # [64, 28, 28, 32]
    smooth = layers.upsample_conv2d(h, 32, 2, names=names, weights=initial, biases=layers.constant(0.0))
    session.run(v1.global_variables_initializer())
    for title, made in zip(titles, session.run((stamped, smooth)), strict=True):
        inner = made[:, 4:-4, 4:-4] / (0.02 * 8)  # a term's deviation: weights' 0.02, times the root of 64 channels
        print(f"{title}: variances", [f"{inner[:, i::2, j::2].var():.1f}" for i in (0, 1) for j in (0, 1)])

# %% [markdown]
# 4, 6, 6 and 9 against four times 25. A network can learn to make up for it, and with enough training it mostly does.
# But it must first. These are samples of a DCGAN after 200 steps, enlarged with their pixels kept:

# %%
# docs/lessons/data/dropout was made by python -m docs.earlier_runs DIR dropout, from python -m gan_lowlevel.main
# --model=dcgan --input_data_dir=DIR --train_rows=500 --batch_size=32 --max_steps=1200 --d_dropout=0.3
dropout = course.seen("dropout")
early = Image.open(dropout.run.sample(200), formats=["PNG"]).convert("L").crop((0, 0, 116, 58))
course.show(early.resize((696, 348), Image.Resampling.NEAREST), "eight samples after 200 steps")

# %% [markdown]
# That lattice is no digit and no noise. It has periods of two and of four pixels: G doubles its picture twice.
# Whenever you see a fine regular pattern in samples, look at the strides before anything else. Odena, Dumoulin and
# Olah (2016, "Deconvolution and Checkerboard Artifacts") have many pictures of it, and two cures: a kernel whose size
# the stride divides, such as 4 or 6 with stride 2, or upsampling and a convolution.
#
# ### Exercise 10.4: stamps on a line
#
# How many stamps lie on each output of a transposed convolution on a line? Count those of $n$ inputs, stride $s$,
# kernel $K$; the padding is that of the convolution from $ns$ numbers to $n$, so that what sticks out on the left is
# cut off at $p$, half (rounded down) of $\max(K - s, 0)$.


# %% tags=["exercise"]
def stamps(n, size, stride):
    """Counts: array [n * stride] of whole numbers. n: inputs; size: of the kernel, at least the stride; stride."""
    ...


course.check(10, stamps)

# %% [markdown]
# ## Dropout in D, or no game at all?
#
# The article on DCGAN has dropout in D, and says why: without it there was no adversarial game later in training,
# both models just lay flat. It prints neither the rate nor a run without it.
#
# Dropout sets each entry of a layer to 0 with a probability, here 0.3, by a fresh draw for each update (Srivastava
# and others, 2014). It is a brake on D: what D learns has to be learned several times over, and its answers get
# noise. $\log \sigma$ is concave, so noise in the logit alone costs V something.
#
# A remark like that can be tested: the same game twice, dropout 0.3 and 0, nothing else changed. Here are two such
# runs, 1,200 steps each, three minutes of one core each. To make it easy for D to learn by heart, which is what
# dropout is said to prevent, they trained on 500 digits only: each of them was seen some 77 times.

# %% [markdown]
# **Predict, then look.** If the article is right: where do D(x) and D(G(z)) go without dropout, and where does G's
# loss? And which of the two draws the better digits after 1,200 steps?

# %% tags=["hide-output"]
no_dropout = course.seen("no_dropout")  # as the other, with --d_dropout=0
runs = {"dropout 0.3": dropout, "no dropout": no_dropout}
for axes, run in zip(plots.panels(*runs, sharey=True), runs.values(), strict=True):
    plots.curve(axes, run, "prob/D_x", color=plots.REAL)
    plots.curve(axes, run, "prob/D_G_z", color=plots.FAKE)
    plots.curve(axes, run, "G_loss", color="C2")
    plots.ideal(axes, 0.5, "½")
    axes.set(ylim=(0, 1.2))
    axes.legend()
plt.show()
for name, run in runs.items():
    course.show(run.samples(), f"{name}: samples after 1,200 steps")
TAGS = ("value/V", "prob/D_x", "prob/D_G_z", "G_loss", "value/V_train", "value/V_held_out")
for tag in TAGS:
    means = [values[steps > 800].mean() for steps, values in (run.curve(tag) for run in runs.values())]
    print(f"{tag:<17} over the last 400 steps: with dropout {means[0]:.3f}, without {means[1]:.3f}")

# %% [markdown]
# **What you saw.** There *is* a game without dropout. Both runs stay near D = ½, both learn to draw, and the digits
# without dropout are, if anything, the clearer ones. The direction is the article's: without the brake D is a little
# further ahead, D(x) higher, V nearer to 0, G's loss larger, its swings wider. But the difference is small, a part of
# it is the noise that dropout itself brings into these figures, and it is one seed.
#
# What may be said, then? Not that the article is wrong: it trained twenty times as long, on other initial weights, at
# a rate we don't know, and speaks of what happened *later*. Only that the remark does not hold of every DCGAN at any
# length. A brake is good for a D that runs away; ours, in 1,200 steps, does not. In the run of lesson 12, and in any
# of your own, the curves say whether it does: D(x) at 1, D(G(z)) at 0, and `value/V_held_out` falling below
# `value/V_train`. Then try `--d_dropout`, before or after a smaller `--d_step`.
#
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=docs/lessons/data --samples_per_plugin=images=1000
# ```
#
# Tick `dropout` and `no_dropout`. *Images*, `samples/fake`: the lattice at step 200 and what became of it at step
# 1,200. *Custom scalars*: `prob/D_x` and `prob/D_G_z` of both runs in one picture; were one D running away, its
# curves would part towards 1 and 0. `value/V_held_out` and `value/V_train` start to part near the end in both runs,
# by less than 0.1: D begins to know its 500 digits by heart. These two event files were cut down; a run of your own
# has the tab *Graphs* too, where `generator` holds the layers of this lesson by their names, with the shapes on the
# edges, and `network/generator` in *Images* is the table. (In an installed package the folder is another one: the
# command of lesson 12 prints it.)
#
# ## What comes next
#
# Are those digits good? Better than the others? So far you have trusted your eyes. Lesson 11 is about measuring.
#
# Sources: the article on DCGAN with MNIST, whose tables and remark these are; Radford, Metz and Chintala (2016),
# section 3, for the rules; Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", for the
# transposed convolution; Odena and others (2016) for the checkerboard. In the package
# [`layers.py`](../../gan_lowlevel/layers.py), [`networks/dcgan.py`](../../gan_lowlevel/networks/dcgan.py),
# [`networks/dog.py`](../../gan_lowlevel/networks/dog.py), and the recipe with its reasons,
# [`flags/dcgan.flags`](../../flags/dcgan.flags).

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
# # 5. k, or d_step : g_step
#
# <!-- colab -->
#
# How many updates should D get for each update of G? Afterwards you know what too few and too many look like in
# numbers, you can run a sweep and read it in TensorBoard's tab HParams, and you can write both loops: Algorithm 1 in
# NumPy, and k updates in one run of a graph. About 30 minutes. Lesson 4 comes before.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import csv
import shlex

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

from gan_lowlevel import losses, runs, sweep
from gan_lowlevel.course import folder, plots
from gan_lowlevel.loop import ExplicitLoop

v1 = tf.compat.v1

# %% [markdown]
# ## Police and forgers
#
# Algorithm 1 of the paper plays in rounds: $k$ updates of D, then one of G. The paper's theorem wants D at its best
# for the G of the moment, since only then does V measure how far G's distribution is from the data's. But to train D
# to its end after each small step of G would take for ever, and on a finite data set it would learn the data by
# heart. So the paper takes $k$ updates, calls $k$ a hyperparameter, and itself uses $k = 1$, "the least expensive
# option".
#
# The [article with PyTorch](../articles/mlp_deep.md) tells it as a story. D is the police, G a gang of forgers.
#
# - *k too small.* The police learn nothing new while the forgers go on. Whatever the forgers print, they get away
#   with, so they have no reason to print anything better.
# - *k too large.* Every note is caught at once, whatever it looks like. The forgers never learn which of two notes
#   was the better one. In the formula: $\log(1 - D(G(z)))$ is flat at 0, and the gradient of a flat line is 0. That
#   is lesson 4.
#
# Both must grow together. In this package a step is one round of both players, and the ratio has two numbers, because
# either player may need more: `--d_step` updates of D, then `--g_step` of G. So $k$ = d_step : g_step. This is the
# loop that one reads:

# %%
course.source(ExplicitLoop.play)

# %% [markdown]
# ### Exercise 5.1: the smallest GAN there is
#
# Before we sweep, play it by hand. Data: the number 0, always. G has one weight, $\theta$, and always draws $\theta$.
# D has one weight, $\psi$, and the logit $a = \psi x$. So D's logit of data is 0, its logit of the fake is
# $\psi\theta$, and
#
# $$V = \log \sigma(0) + \log(1 - \sigma(\psi\theta))$$
#
# with two derivatives, both of which you can check by the chain rule:
#
# $$\frac{\partial V}{\partial \psi} = -\theta \sigma(\psi\theta)$$
#
# $$\frac{\partial V}{\partial \theta} = -\psi \sigma(\psi\theta)$$
#
# D climbs V, G goes down, each by `rate` times its derivative. Write Algorithm 1. (Mescheder and others 2018 found
# this game; its players do not come to rest, they circle.)


# %% tags=["exercise"]
def smallest_gan(theta, psi, rate, d_step, g_step, steps):
    """(theta, psi) after so many steps, each of them d_step updates of D and then g_step of G. All numbers."""
    ...


course.check(5, smallest_gan)

# %% [markdown]
# ## The sweep
#
# A *sweep* trains one game for each combination of some settings. Ours is `parabola`, the points on $y = x^2$, with the
# minimax loss, as that article's formula has it. G gets 1,750 updates in every trial, in 350 steps of five. D gets 1,
# 10 or 100 in each step: $k$ is 1/5, 2 or 20. In a terminal it is this command:
#
# ```sh
# python -m gan_lowlevel.sweep --model=parabola --g_loss=minimax --g_step=5 --d_step=1,10,100 --max_steps=350 --seeds=0
# ```

# %% [markdown]
# These draw what the trials have left; their `metrics.csv` have the same columns as every run's.


# %% tags=["hide-input"]
def seen(trial):
    """A trial as a run that lessons look at."""
    return course.Seen(trial.run, runs.read_columns(trial.run.metrics), exit=0, said="")


def draw_curves(by_k):
    """V, both means, and the norm of G's gradient as a share of the non-saturating loss's."""
    left, middle, right = plots.panels("V", "D(x) and, dotted, D(G(z))", "share of G's gradient")
    for (k, run), color in zip(by_k.items(), ("C0", "C2", "C3"), strict=True):
        plots.curve(left, run, "value/V", color=color, label=f"k = {k:g}")
        plots.curve(middle, run, "prob/D_x", color=color)
        plots.curve(middle, run, "prob/D_G_z", color=color, linestyle=":")
        steps, minimax = run.curve("gradient/minimax")
        right.plot(steps, minimax / run.curve("gradient/non_saturating")[1], "o-", markersize=3, color=color)
    plots.ideal(left, losses.IDEAL_VALUE, "−log 4")
    left.set(ylabel="nats", ylim=(-5, 0.1))
    left.legend()
    right.set(xlabel="step", yscale="log")


def draw_points(by_k):
    """The last picture of each."""
    for axes, run in zip(plots.panels(*(f"k = {k:g}" for k in by_k), height=2.6), by_k.values(), strict=True):
        axes.imshow(run.samples())
        axes.axis("off")


# %% [markdown]
# **Predict, then look.** For each $k$: will D(x) and D(G(z)) be together or apart? Where will V be, compared to −log
# 4 = −1.3863? And whose points will be best?

# %% tags=["hide-output"]
config = sweep.read(
    shlex.split(
        "--model=parabola --g_loss=minimax --g_step=5 --d_step=1,10,100 --max_steps=350 --seeds=0 "
        "--summary_every=10 --theory_every=50 --engine=explicit --logdir=logs/lessons --sweep_name=ratio"
    )
)
sweep.main(config)

by_k = {trial.config.d_step / trial.config.g_step: seen(trial) for trial in sweep.plan(config)}
draw_curves(by_k)
plt.show()
draw_points(by_k)
plt.show()

# %% [markdown]
# **What you saw.** Real points are red, generated ones blue.
#
# *k = 1/5, too small.* V swings, from far below −log 4 to far above it and down again. D is always late: G finds a
# direction in which D has not looked yet, and runs out of the picture. By the time that D rejects such points, all of
# G's are so far out that they are rejected together, and the loss is flat. The forgers get away with anything, and
# then with nothing.
#
# *k = 2, balanced.* V lies at −log 4, both means at ½, and the points follow the curve, all along it. With five
# updates at a time this G needs a D that has had ten.
#
# *k = 20, too large.* D(x) and D(G(z)) stand apart from the first points to the last, and V stays well above −log 4.
# The right panel has that article's reason: it is the norm of the gradient that G gets from the minimax loss, as a
# share of what the non-saturating loss would give it at the same weights. Where D can't tell it is 1, where D is fooled
# it is more. For this $k$ it is a tenth or less. The points are no wreck, since the fakes that D does not reject still
# pull; but they are worse than those of $k = 2$, and they took 35,000 updates of D.
#
# ## One seed is an anecdote
#
# The same sweep with more values of $k$, three seeds each, and 400 steps would take too long here. It lies with the
# lesson, as the `trials.csv` that a sweep leaves, a line for each trial with its last figures:


# %%
# python -m gan_lowlevel.sweep --model=parabola --g_loss=minimax --g_step=5 --d_step=1,2,5,10,25,100 --max_steps=400
#     --seeds=0-2 --summary_every=10 --theory_every=50 --engine=explicit
def read(name):
    """k of each trial, and its last figures by tag: arrays [trials]."""
    with open(folder.data("ratio") / name, newline="") as file:
        trials = list(csv.DictReader(file))
    tags = ("value/V", "prob/D_G_z", "quality/energy", "quality/bins")
    figures = {tag: np.array([float(trial[tag]) for trial in trials]) for tag in tags}
    return np.array([int(trial["d_step"]) / 5 for trial in trials]), figures


ks, figures = read("minimax.csv")
print("   k   V of each seed             energy distance of each seed")
for k in sorted(set(ks)):
    of_k = [figures[tag][ks == k] for tag in ("value/V", "quality/energy")]
    print(f"{k:4g}   {'   '.join('  '.join(f'{one:6.3f}' for one in three) for three in of_k)}")

# %% [markdown]
# V we know. The *energy distance* says how unlike two sets of points are:
#
# $$E(A, B) = 2\,\mathbb{E}\|a - b\| - \mathbb{E}\|a - a'\| - \mathbb{E}\|b - b'\|$$
#
# The mean distance from one set to the other, twice, minus the mean distances within each. It is 0 for equal laws and
# for those alone (Székely and Rizzo 2013), and it does not fall for a G that draws one perfect point for ever.
#
# ### Exercise 5.2: the energy distance
#
# In each mean take every pair of rows, that of a row with itself too.


# %% tags=["exercise"]
def energy(a, b):
    """2 E|a - b| - E|a - a'| - E|b - b'| with Euclidean distances, one number. a: [n, d], b: [m, d]."""
    ...


course.check(5, energy)

# %% [markdown]
# **Predict, then look.** Draw the energy distance over $k$, both axes logarithmic. Where is its lowest point? On
# which side does it rise more steeply? And does V at −log 4 mean a small distance?

# %% tags=["hide-output"]
distances, values = figures["quality/energy"], figures["value/V"]
left, right = plots.panels("points against real ones", "does V know?", sharey=True)
left.loglog(ks, distances, "o", color="C0")
left.loglog(sorted(set(ks)), [np.exp(np.log(distances[ks == k]).mean()) for k in sorted(set(ks))], color="C0")
left.set(xlabel="k = d_step / g_step", ylabel="energy distance")
right.semilogy(values, distances, "o", color="C0")
right.axvline(losses.IDEAL_VALUE, color=plots.IDEAL, linestyle="--", label="−log 4")
right.set(xlabel="V, nats")
right.legend()
for axes in (left, right):
    axes.axhline(0.05, color="C3", linewidth=1, linestyle=":", label="collapsed, or elsewhere, from here up")
left.legend()
plt.show()

# %% [markdown]
# **What you saw.** A valley, with its bottom at $k$ between 2 and 5. Real points against other real ones have 0.001
# to 0.004; the valley comes near that. To the left it rises steeply and scatters: too small a $k$ is a matter of
# luck, one seed finds the curve and another one a single spot. To the right it rises gently: a D that is ahead is a
# nuisance, a D that is behind a disaster, at least here.
#
# And V? On the dashed line lie the best trials **and** collapsed ones. V near −log 4 says that *this* D can't tell. A
# D that gets too few updates can't tell anything. So when V and both means look perfect and the samples don't, D is
# too weak: raise `--d_step`.
#
# ## Is it only the loss?
#
# That article's reason for "not too large" is the flat minimax loss. Lesson 4 has a loss that is not flat there. So
# does the non-saturating loss bear any $k$? The same sweep with it, at three values of $k$:

# %%
# python -m gan_lowlevel.sweep --model=parabola --g_loss=non_saturating --g_step=5 --d_step=1,10,100 --max_steps=400
#     --seeds=0-2 --summary_every=10 --theory_every=50 --engine=explicit
ns, figures_of_ns = read("non_saturating.csv")
print("   k   D(G(z)) of each seed   energy distance         intervals of x with points, of 20")
for k in sorted(set(ns)):
    of_k = [figures_of_ns[tag][ns == k] for tag in ("prob/D_G_z", "quality/energy", "quality/bins")]
    print(f"{k:4g}   {'   '.join('  '.join(f'{one:6.3g}' for one in three) for three in of_k)}")

# %% [markdown]
# No. At $k = 20$ its energy distance is worse than the minimax loss's, and in another way: the points lie on the
# curve, but on half of it. The figures do not say why. They do say that a strong gradient is not yet a good one: what
# a D far ahead of G asks for is that G should satisfy *it*, and half a curve does. Lesson 8 is about what goes
# missing.
#
# ## Finding the ratio
#
# | what you see | what it says | try |
# |---|---|---|
# | D(x) at 1, D(G(z)) at 0, V at 0 for long | D is too far ahead | less `--d_step`, more `--g_step` |
# | V far below −log 4, again and again | G outruns D | more `--d_step` |
# | V at −log 4, both means at ½, bad samples | D is too weak to see it | more `--d_step` |
# | V between −log 4 and 0, samples improving | a healthy game | nothing |
#
# There is no best ratio of all GANs. In `mlp` D sees 784 pixels and finds noise out at once; the [article of that
# game](../articles/mlp.md) advises to change the ratio when G's loss climbs, and its recipe has 1 : 2. Here, in the
# plane, D needs more updates than G. And the number of updates is one way to pace the players; different learning rates
# are another (Heusel and others 2017). In the recipe of `gaussian` D learns sixty times as fast as G.
#
# ## k updates in one run
#
# A hundred updates of D by a hundred calls of `session.run` are slow. A graph can play several by itself, and then
# one must say in which order. Within one run each tensor is computed **once**, so that a gradient described once and
# applied $k$ times is the same gradient each time, at the weights of the beginning. Each update must read the weights
# *after* the one before it:
#
# ```python
# with tf.control_dependencies([step_before]):
#     loss = ...  # reads the variable here, hence after step_before
# ```
#
# ### Exercise 5.3: D's k updates in one run
#
# D's logit of a real row is $w x$. Make the variable `w` with its given initial value, and describe $k$ steps of
# gradient descent on $-\log D(x)$, `losses.d_loss_real(w * x)`, one after the other. Return the weight after the
# last.


# %% tags=["exercise"]
def k_updates(x, w, rate, k):
    """w after k steps of gradient descent on losses.d_loss_real(w x). x: tensor [B, 1]; w, rate: scalar tensors."""
    ...


course.check(5, k_updates)

# %% [markdown]
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=logs/lessons/ratio --samples_per_plugin=images=1000
# ```
#
# The tab *HParams*: each trial is a row, with its settings, first the one that differs, `d_step`, and the last point of
# each curve. TensorBoard ticks the first few of both; in the column at the left untick those but `d_step`, and farther
# down, under *Metrics*, tick `quality/energy`, `value/V`, `prob/D_x` and `prob/D_G_z`. *Table View* sorts by any of
# them; *Parallel Coordinates View* draws a line for each trial through all, best with a logarithmic scale for `d_step`
# and `quality/energy`. Then *Scalars*, `value/V` of the three: healthy is the one that comes to rest at −1.39, wrong
# are the one that swings and the one that never comes down. With several seeds look at the spread within a setting
# first. Where it is as large as the difference between settings, the sweep has said nothing yet.
#
# ## What comes next
#
# Too strong a D with literal logarithms does not only saturate, it ends a run: lesson 6. The command, which goes on
# where it was stopped and prints means and spreads: [sweep.py](../../gan_lowlevel/sweep.py); the loop:
# [loop.py](../../gan_lowlevel/loop.py); how many updates fit into one run:
# [compiled.py](../../gan_lowlevel/compiled.py). Algorithm 1: [the paper](https://arxiv.org/abs/1406.2661), section 4.
# Mescheder, Geiger and Nowozin, [Which Training Methods for GANs do actually
# Converge?](https://arxiv.org/abs/1801.04406); Heusel and others, [GANs Trained by a Two Time-Scale Update
# Rule](https://arxiv.org/abs/1706.08500).

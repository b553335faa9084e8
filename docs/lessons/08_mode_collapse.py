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
# # 8. Mode collapse
#
# <!-- colab -->
#
# A generator can draw perfect samples and still fail: it draws too few kinds of them. Afterwards you can measure that,
# you know why neither loss shows it, and what the ratio of updates, G's loss and the batch have to do with it. About 35
# minutes. Lesson 7 comes before, for D* and the Jensen–Shannon divergence.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from scipy.special import ndtr, rel_entr

from gan_lowlevel.course import plots
from gan_lowlevel.data.mixture import Mixture
from gan_lowlevel.metrics import densities, modes

# %% [markdown]
# ## Eight modes, three numbers
#
# A *mode* is a heap of data: the sevens among the digits, the poodles among the dogs. In the game `mixture` the modes
# are known: eight narrow Gaussians on a circle, each with an eighth of the data and a standard deviation of 0.01. The
# experiment is a published one, of VEEGAN (Srivastava and others 2017) and PacGAN (Lin and others 2018). They measure
# 2,500 samples by three numbers:
#
# - `modes`: how many of the eight have a sample, or more, within 3σ;
# - `high_quality`: the share of samples within 3σ of the mode next to them; of real data it is 0.989;
# - `reverse_kl`: how unevenly those samples are shared out. If mode i gets the share $s_i$, it is
#   $\sum_i s_i \log(8 s_i)$: 0 when all come equally often, $\log 8 = 2.08$ when one alone comes.

# %% [markdown]
# **Predict, then look.** Four "generators", none of them a network: real data; one that draws real data of one mode
# alone; one that draws the eight centres exactly, over and over; one that draws real data and blurs them, by 0.1 along
# each axis. Which of the three numbers finds out which of them? Does any of the fakes get the best mark in all three?

# %% tags=["hide-output"]
law = Mixture("ring")
real = law.points(seed=1, first=0, count=modes.SAMPLES)  # [2500, 2]
nearest = ((real[:, np.newaxis] - law.centres) ** 2).sum(axis=2).argmin(axis=1)
generators = {
    "real data": real,
    "one mode": real[nearest == 0],
    "eight centres": np.repeat(law.centres, 313, axis=0)[: modes.SAMPLES],
    "blurred": real + np.random.default_rng(0).normal(0, 0.1, real.shape),
}
for (name, points), axes in zip(generators.items(), plots.panels(*generators, height=2.1), strict=True):
    axes.plot(*points.T, ".", markersize=2, color=plots.REAL if name == "real data" else plots.FAKE)
    axes.set(xlim=law.bounds, ylim=law.bounds, aspect="equal")
    found = modes.measure(points, law.centres, law.stddev)
    print(f"{name:<14} modes {found.modes}, high quality {found.high_quality:.3f}, reverse KL {found.reverse_kl:.3f}")
plt.show()

# %% [markdown]
# **What you saw.** One mode alone is of the highest quality: no sample of it is bad. Only the count and the reverse KL
# find it out. The blurred one finds all modes, in nearly equal shares, and hardly anything that it draws is any good:
# only the quality finds it out. So no number will do alone. And eight centres, over and over, pass all three: none of
# them looks *inside* a mode.
#
# ### Exercise 8.1: modes and quality


# %% tags=["exercise"]
def modes_and_quality(points, centres, stddev):
    """(modes found, high quality), within 3 stddev. points: [N, 2]; centres: [K, 2]. An int, and a share in [0, 1]."""
    ...


course.check(8, modes_and_quality)

# %% [markdown]
# ### Exercise 8.2: reverse KL


# %% tags=["exercise"]
def reverse_kl(counts):
    """KL of the modes' shares to uniform, in nats. counts: samples at each of K modes, [K], some of them 0, not all."""
    ...


course.check(8, reverse_kl)

# %% [markdown]
# ## What a lost mode costs
#
# Let G draw k of the eight modes, each perfectly and equally often, and never the others. Then lesson 7 tells all.
# Fakes are denser than data where they come, 1/k to a mode against 1/8, so that
#
# $$D^* = \frac{1/8}{1/8 + 1/k} = \frac{k}{k + 8}$$
#
# on all fakes, and 1 on the modes that G has lost. As masses of two places, "found" and "lost": data have (k/8, 1 −
# k/8), fakes have (1, 0).

# %% [markdown]
# **Predict, then look.** One mode of eight is lost, all else is perfect. What does the best D say to a fake: 0.1, 0.47,
# or 0.5? Of the 0.693 nats that the divergence can be, how much is it now? And with one mode left of eight?

# %% tags=["hide-output"]
k = np.arange(1, 9)
jsd = np.array([densities.jsd(np.array([found / 8, 1 - found / 8]), np.array([1.0, 0.0])) for found in k])
[axes] = plots.panels("G draws k of eight modes, and each perfectly")
axes.plot(k, jsd, "o-", color="black", label="JSD(data, fakes): what the game is about")
axes.plot(k, np.log(8 / k), "o-", color="C0", label="KL(fakes ‖ data) = log(8/k): the reverse KL")
plots.ideal(axes, np.log(2), "log 2")
axes.set(xlabel="k", ylabel="nats")
axes.legend()
plt.show()
for found, divergence in zip(k, jsd, strict=True):
    value = 2 * divergence - np.log(4)
    print(f"k = {found}: D* of a fake {found / (found + 8):.3f}, JSD {divergence:.3f}, V(D*) {value:.3f}")

# %% [markdown]
# **What you saw.** One mode lost, an eighth of all data, and V(D*) moves from −1.386 to −1.295, D*(G(z)) from 0.5 to
# 0.467. Every curve scatters by as much. Even with one single mode left the divergence is 0.497, and not 0.693: D can't
# condemn a sample that is perfect, it can only say that such samples come too often.
#
# The other direction, KL(data ‖ fakes) $= \int p_{data} \log(p_{data}/p_g)$, is not in the picture: it is infinite as
# soon as one mode is lost, since data come where $p_g$ is 0. That is the divergence of maximum likelihood. A model that
# is trained by it covers every mode, if need be with a blur over everything between them. A GAN has no such term:
# **what G never draws, G never hears of.** Its gradient comes through its own samples alone.
#
# ## Which way round
#
# The same in one dimension. Data are half N(−2, 0.5²), half N(2, 0.5²). The model is *one* Gaussian, N(m, s²): it can't
# have both. We try all m from 0 to 3 and all s from 0.3 to 3.

# %% [markdown]
# **Predict, then look.** Which m and s is best by KL(data ‖ model)? Which by KL(model ‖ data)? Sketch both.

# %% tags=["hide-output"]
edges = np.linspace(-6, 6, 481)
x = densities.middles(edges)


def gaussian(m, s):
    """Masses of the bins."""
    return densities.masses(lambda at: ndtr((at - m) / s), edges) + 1e-300  # a mass of 0 would make all KL infinite


data = (gaussian(-2, 0.5) + gaussian(2, 0.5)) / 2
models = {(m, s): gaussian(m, s) for m in np.linspace(0, 3, 31) for s in np.linspace(0.3, 3, 55)}
divergences = {
    "KL(data ‖ model)": lambda model: rel_entr(data, model).sum(),
    "KL(model ‖ data)": lambda model: rel_entr(model, data).sum(),
    "JSD": lambda model: densities.jsd(data, model),
}
[axes] = plots.panels("the best single Gaussian, by three divergences")
axes.plot(x[1:-1], data[1:-1], color="0.7", linewidth=4, label="data")
styles = {"color": "C1", "linewidth": 4}, {"color": "C0"}, {"color": "black", "linestyle": ":"}  # two may coincide
for (name, divergence), style in zip(divergences.items(), styles, strict=True):
    m, s = min(models, key=lambda key: divergence(models[key]))
    axes.plot(x[1:-1], models[m, s][1:-1], label=f"{name}: m = {m:.1f}, s = {s:.2f}", **style)
axes.set(xlabel="x", ylabel="mass of a bin")
axes.legend()
plt.show()

# %% [markdown]
# **What you saw.** KL(data ‖ model) covers both heaps, and puts most of its mass between them, where no data are.
# KL(model ‖ data) takes one heap and fits it exactly: it is punished for what it draws, never for what it leaves out,
# and the lost half costs log 2. The JSD lies between the two, and here it chooses to cover: its curve is dotted, on
# that of the first.
#
# Which of them does G follow? With the minimax loss against the best D it is the JSD (lesson 7). With the
# non-saturating loss against the best D the gradient is that of KL($p_g$ ‖ $p_{data}$) − 2 JSD (Arjovsky and Bottou
# 2017, theorem 2.5): the reverse KL, which doesn't mind lost modes, minus a term that even rewards being far from data.
# That is one reason. It is not the whole: the ring has room for eight modes, G can draw all of them, and any of the
# three divergences would be 0 then. Goodfellow's tutorial (2016, sections 3.2.5 and 5.1.1) points to the other reason:
# the way the game is *played*.
#
# ## Who moves last
#
# The theorem says min over G of max over D: for each G, D answers as well as possible. Turn the two round, max over D
# of min over G: D stands, and G answers. Then G's best answer is short. V's second term is
# $\mathbb{E}_z[\log(1 - D(G(z)))]$, a mean over fakes, and a mean is least when *every* fake lies at the one place
# where D says the most. A G that may go all the way against a D that stands becomes a single point. Then D learns that
# this point is fake, and G moves to the next.
#
# A training alternates steps, and so it is a bit of both. The ratio decides of which. We train two games for 400 steps:
# `ring_police`, where D makes five updates to one of G, and `ring_sprint`, where G makes five to one of D, each ten
# times as long (`--g_learning_rate=0.001`, the recipe's is 0.0001).

# %% [markdown]
# **Predict, then look.** Which of the two loses modes? Whose V will be nearer to −log 4 = −1.3863? Whose D(G(z)) nearer
# to ½?


# %% tags=["hide-output"]
def strip(run, steps):
    """The samples of a run after some steps, without their axes."""
    for step, axes in zip(steps, plots.panels(*(f"step {step}" for step in steps), height=2.0), strict=True):
        axes.imshow(Image.open(run.run.sample(step), formats=["PNG"]).crop((62, 24, 467, 429)))
        axes.axis("off")
    plt.show()


flags = "--model=mixture --updates=alternating --max_steps=400 --summary_every=20 --sample_every=100 --theory_every=100"
police, sprint = course.trained(
    [
        f"{flags} --d_step=5 --run_name=ring_police",
        f"{flags} --g_step=5 --g_learning_rate=0.001 --run_name=ring_sprint",
    ]
)
for name, run in (("ring_police", police), ("ring_sprint", sprint)):
    print(f"{name}: V {run.last('value/V'):.3f}, D(G(z)) {run.last('prob/D_G_z'):.2f}")
    print(f"    modes found after 100, 200, ... steps: {run.curve('quality/modes')[1].astype(int)}")
    strip(run, (100, 200, 300, 400))

# %% [markdown]
# **What you saw.** Real points are red, fakes blue. In `ring_police` the fakes spread over the whole ring within some
# hundred steps, and V climbs well above −log 4: D is ahead, and sees each gap. In `ring_sprint` they run about: now a
# short thread, now a loop beside the modes, and each picture is another one. Whatever mode they come near to, some
# dozen steps later they have left it again. Its V is −1.39 and its D(G(z)) 0.50, as the ideal has it. **The run that
# misses its modes has the perfect curves.** Its D never gets the time to learn where the fakes are; what it says is
# about ½ to everything, and that is what the ideal values look like from outside.
#
# That is why V, D's answers and the losses can't show a collapse, and why this program counts modes, measures
# `spread/samples`, and always draws samples.
#
# ## The ratio, the loss, the batch
#
# How does each of them matter? One training proves little, since every seed takes its own way. So here are 21 earlier
# runs, seven settings with three seeds each, which lie with this lesson in `data/`, each with a `flags.txt` that
# repeats it. The command of each is this one, with the flags of its own that the table below names:
#
# ```sh
# python -m gan_lowlevel.main --model=mixture --updates=alternating --max_steps=2000 --theory_every=200 --seed=0
# ```

# %% [markdown]
# **Predict, then look.** Which of these finds the most modes, which the fewest? Put them in an order: five updates of D
# to one of G; one to one; one to five; one to five and G ten times as fast; one to one with the minimax loss; with
# batches of 10; with batches of 400.

# %% tags=["hide-output"]
settings = {
    "d5g1": "--d_step=5",
    "d1g1": "",
    "d1g5": "--g_step=5",
    "sprint": "--g_step=5 --g_learning_rate=0.001 --max_steps=1000",
    "minimax": "--g_loss=minimax",
    "batch10": "--batch_size=10",
    "batch400": "--batch_size=400",
}
finals = plots.panels(*settings, height=1.4)
print("means over the last five measurements\nmodes, mean and each seed   high quality       V   flags")
for (name, own), axes in zip(settings.items(), finals, strict=True):
    runs = [course.seen(f"ring_{name}_{seed}") for seed in range(3)]
    found = [run.curve("quality/modes")[1][-5:].mean() for run in runs]
    quality, v = (
        np.mean([run.curve(tag)[1][-5:].mean() for run in runs]) for tag in ("quality/high_quality", "value/V")
    )
    seeds = ", ".join(f"{one:.1f}" for one in found)
    print(f"{np.mean(found):>8.1f}   ({seeds}) {quality:>14.2f} {v:>7.2f}   {own}")
    axes.imshow(runs[0].samples().crop((62, 24, 467, 429)))
    axes.axis("off")
plt.show()

# %% [markdown]
# **What you saw.** The *ratio* decides: from nearly eight modes where D is ahead, to fewer than two where G runs. V
# says the opposite: it is far from its ideal value in the first row, and at it in the fourth. The *loss* makes no
# difference here that three seeds could show: the spread over seeds within one setting, see the second row, is as
# large. So much for choosing a divergence; what matters is who is faster. The *batch*: with 10 rows fewer samples are
# good, since each update sees a few points of an unknown choice of modes (a batch of 10 lacks a given mode one time in
# four, a batch of 100 never); with 400 hardly anything changes, beside the time, which is four times as long.
#
# Read the second column too. After 2,000 steps about a third of the samples lie within 3σ = 0.03 of a mode, even in the
# best setting: G has found the ring, and works on the gaps. Finding modes and being sharp are two things, and the
# second takes longer.
#
# ## D sees one row at a time
#
# There is one more reason, and it leads to a cure. D judges *one* row at a time. Shown a single fake of a single mode,
# it can't know that a thousand others look the same. Shown two at once, it could: two real points are of the same mode
# one time in eight, two fakes of a collapsed G always.
#
# That is PacGAN's idea: D gets *packs* of m rows, all real or all fake, and gives one answer for each. What the best D
# can see then follows from our two places. A pack of m real rows lies in the k modes that G has found with the
# probability $(k/8)^m$; packs of fakes always do, and are equally likely in all combinations. So the masses are
# $((k/8)^m, 1 - (k/8)^m)$ against (1, 0).

# %% [markdown]
# **Predict, then look.** One mode of eight is lost. The best D sees 0.045 nats of it when it looks at single rows. How
# many with packs of two: the same, twice as much, the square? Does the pack of eight see all that there is, 0.693?

# %% tags=["hide-output"]
[axes] = plots.panels("what the best D sees of k modes of eight, in packs of m rows")
for pack in (1, 2, 4, 8):
    shares = (k / 8) ** pack
    seen = [densities.jsd(np.array([share, 1 - share]), np.array([1.0, 0.0])) for share in shares]
    axes.plot(k, seen, "o-", label=f"m = {pack}")
    print(f"packs of {pack}: one mode lost {seen[6]:.3f}, two lost {seen[5]:.3f}, seven lost {seen[0]:.3f}")
plots.ideal(axes, np.log(2), "log 2")
axes.set(xlabel="k, modes that G draws", ylabel="JSD of packs, nats")
axes.legend()
plt.show()

# %% [markdown]
# **What you saw.** A pack of two sees about twice as much of one lost mode, a pack of eight about seven times as much.
# The ideal point stays what it is: at k = 8 all packs see 0. PacGAN's published figures for this ring, after 400 epochs
# and over several runs: a plain GAN finds 6.3 of the 8 modes, with packs of two it finds nearly all of them (Lin and
# others 2018, the table of the 2D ring). That training is `--model=mixture` as its recipe stands, without packs, and
# takes about an hour here. Note how it differs from our short runs: at its end nearly every sample lies within 3σ, and
# modes are missing all the same.
#
# ### Exercise 8.3: what packs see


# %% tags=["exercise"]
def jsd_of_modes(found, of, pack):
    """JSD, in nats, of packs of `pack` rows, where G draws `found` of `of` modes perfectly and equally often."""
    ...


course.check(8, jsd_of_modes)

# %% [markdown]
# ### Exercise 8.4: packs, in TensorFlow
#
# All that PacGAN changes is D's input: rows that follow each other are laid side by side. Rows 0 to m − 1 are the first
# pack, rows m to 2m − 1 the second, and so on. B is a multiple of m, and not known while the graph is described.


# %% tags=["exercise"]
def packs(rows, pack):
    """Packs of rows: [B, n] to [B / pack, pack * n]. rows: float32 tensor; pack: a Python int."""
    ...


course.check(8, packs)

# %% [markdown]
# ## When it happens to you
#
# 1. Look at samples, many at once, and count kinds, before you believe a curve.
# 2. Ask whether it is a collapse: a G with batch norm draws a dot as well when its moving statistics are wrong (lesson
#    9).
# 3. Give D more: `--d_step`, `--d_learning_rate`. Give G less: `--g_learning_rate`, `--g_step`. D has to learn where
#    the fakes are before they are elsewhere.
# 4. Larger batches show each player more modes at once.
# 5. Beyond this package: packs, or other statistics of a batch as D's input (minibatch discrimination, Salimans and
#    others 2016); a G that looks ahead to D's answer (unrolled GAN, Metz and others 2017); another divergence
#    (Wasserstein GAN).
#
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# Tick `ring_police` and `ring_sprint`. In *Images*, move the slider of `samples/fake` of both: a ring that settles, and
# a thread that runs about. In *Scalars*, `quality/modes`, `quality/high_quality`, `quality/reverse_kl` (NaN where no
# sample was near any mode), and `spread/samples`, which says how wide the samples lie, as a share of real ones: below
# 0.01 they are one point. Then look at `value/V`, `prob/D_G_z` and `jsd/bound_held_out` of `ring_sprint`, and try to
# find anything wrong with them. In *Text*, the card `what_this_run_says` counts modes.
#
# ## What comes next
#
# Lesson 9 has a collapse that is none. Lin and others, [PacGAN](https://arxiv.org/abs/1712.04086); Srivastava and
# others, [VEEGAN](https://arxiv.org/abs/1705.07761); Goodfellow, [NIPS 2016
# Tutorial](https://arxiv.org/abs/1701.00160); Arjovsky and Bottou, [Towards Principled
# Methods](https://arxiv.org/abs/1701.04862). The code: [modes.py](../../gan_lowlevel/metrics/modes.py),
# [mixture.py](../../gan_lowlevel/networks/mixture.py). A collapse on `parabola`, and one on digits:
# [reading.md](../reading.md#g-has-collapsed).

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
# # 11. What is a good sample?
#
# <!-- colab -->
#
# Afterwards you know how the first table of GANs was measured, and how a program that can't draw at all beats real
# data in that table; what a Fréchet distance, precision and recall say of samples; and which measure notices a G that
# has merely copied. You will not trust a single figure again. About 40 minutes. Lesson 1 comes before, lesson 8
# helps.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import dataclasses

import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from gan_lowlevel import data, grounds, measures, networks, pictures, pretrained
from gan_lowlevel.course import plots
from gan_lowlevel.metrics import classes, frechet, neighbours, parzen
from gan_lowlevel.sampler import Sampler

# %% [markdown]
# ## Three candidates
#
# To measure samples one needs samples, and something to hold them against. We take the trained `mlp` that comes with
# the package, 100,000 steps on all of MNIST, and the 5,000 real digits that came with the installation: 4,500 to
# train with, 500 held out for tests. A *ground*, in the package's words, is what samples are measured against: those
# test digits, and some training digits that are kept for validation.
#
# The first candidate is real digits themselves: as many as there are, in the place of samples. Whatever a measure
# says of them is what it says of a perfect G. The second is noise. The third is our G.

# %%
players = pretrained.read("mlp")
settings = dataclasses.replace(players.settings, dataset="embedded", input_data_dir="")
ground = grounds.ground(data.load(settings), settings, output_range=(0.0, 1.0), count=4_050, seed=0, trained=True)
with Sampler(players, players.settings, networks.GAMES["mlp"](players.settings)) as sampler:
    drawn = sampler.samples(list(range(4_050)))  # G(z), float32 [4050, 784] in (0, 1)

candidates = {"real": ground.real.values, "G": ground.prepare(drawn).values, "noise": ground.noise.values}
print(f"test {ground.test.shape}, validation {ground.validation.shape}, training {ground.table.shape}")


def digits(*sets, columns=12):
    """A row of digits from each set, each set [n, 784] in [0, 1]: a picture."""
    rows = np.concatenate([rows[:columns] for rows in sets]).reshape(-1, 28, 28, 1)
    return pictures.grid((rows * 255).round().astype(np.uint8), columns=columns)


# %% [markdown]
# **Predict, then look.** A row of twelve of each. In a row of real digits you will find seven or eight of the ten
# kinds. How many in a row of G's? Which kinds are easy for it?

# %% tags=["hide-output"]
course.show(digits(*candidates.values()), "real digits, G's, noise")

# %% [markdown]
# **What you saw.** Strokes like real ones, in places broken, and the same few kinds over and over. Keep your
# impression: the figures below should say both, that the samples are good and that they are few in kind, and most
# figures will not.
#
# ## Windows on samples: the table of 2014
#
# A GAN has no density that one could ask how probable a test picture is. The paper of 2014 lays one over the samples:
# a Gaussian *window* of width $\sigma$ around each sample $s_i$, all of them mixed, named after Parzen. The mean
# logarithm of that density over test pictures $x$ of $d = 784$ pixels is the score:
#
# $$LL(x) = \log \frac{1}{N} \sum_{i=1}^{N}
# \exp\left(-\frac{\lVert x - s_i \rVert^2}{2\sigma^2}\right) - d \log(\sigma \sqrt{2\pi})$$
#
# $\sigma$ is the one that validation pictures like best. Higher is better. Table 1 of the paper says, in nats, on
# MNIST: adversarial nets 225 ± 2, deep GSN 214 ± 1.1, stacked CAE 121 ± 1.6, DBN 138 ± 2. The protocol takes 10,000
# samples and 10,000 test digits; the same code does it here with 4,050 and 500.

# %%
course.source(parzen.parzen)

# %% [markdown]
# ### Exercise 11.1: the score of one picture
#
# Write the formula above. The exponents are numbers like −500, whose exponential is 0 in any float, and log 0 is
# −inf: take the largest exponent out of the sum first, $\log \sum_i e^{a_i} = a_{max} + \log \sum_i e^{a_i -
# a_{max}}$.


# %% tags=["exercise"]
def parzen_score(x, samples, sigma):
    """LL(x) in nats, one number. x: array [d]; samples: array [N, d]; sigma: above 0."""
    ...


course.check(11, parzen_score)

# %% [markdown]
# ## A fourth candidate, and a fifth
#
# Now let somebody take part who can't draw. *k-means* sorts the 4,050 real digits into 675 heaps by likeness, some
# six to a heap, and replaces each heap by its mean picture, its *center*. These 675 means are all that it will ever
# "generate". The fifth candidate is one picture alone: the mean of all digits.

# %%
with threadpool_limits(1):  # one thread is as fast for so few rows, and does not depend on what else runs
    heaps = KMeans(675, init="random", n_init=1, max_iter=10, random_state=0).fit(candidates["real"])
candidates["k-means"] = heaps.cluster_centers_.clip(0, 1).astype(np.float32)
candidates["the mean"] = candidates["real"].mean(axis=0, keepdims=True)
course.show(digits(*[candidates[name] for name in ("real", "G", "k-means")]), "real digits, G's, centers of k-means")

# %% [markdown]
# **Predict, then look.** Order the five by their Parzen score: real digits, G, noise, 675 centers, the mean picture.
# By how many nats will 4,050 real digits beat 675 blurred ones?

# %% tags=["hide-output"]
scores = {name: parzen.parzen(rows, ground.validation, ground.test) for name, rows in candidates.items()}
for name, score in sorted(scores.items(), key=lambda item: -item[1].mean):
    count = len(candidates[name])
    print(f"{name:<9} {count:>5,} windows, σ {score.sigma:.2f}: {score.mean:7.1f} ± {score.stderr:.1f} nats")
[axes] = plots.panels("log-likelihood of 500 test digits under Parzen windows", height=2.6)
ordered = sorted(scores, key=lambda name: scores[name].mean)
means, errors = ([getattr(scores[name], which) for name in ordered] for which in ("mean", "stderr"))
axes.barh(ordered, means, xerr=errors, color=[plots.REAL if name == "real" else plots.FAKE for name in ordered])
axes.set(xlabel="nats")
plt.show()

# %% [markdown]
# **What you saw.** The centers win, against real data, with a sixth of the windows. A G that draws digits perfectly
# would get what "real" gets, so *better than perfect* is possible here, by being blurred. Is the lead more than
# chance? The errors in the table are those of each mean over the same 500 digits; what counts is the difference on
# each digit:

# %%
each = {}
for name in ("real", "k-means"):
    [each[name]] = parzen.log_likelihoods(ground.test, candidates[name], [scores[name].sigma])
lead = each["k-means"] - each["real"]
error = lead.std() / np.sqrt(len(lead))
print(f"lead of k-means {lead.mean():.1f} ± {error:.1f} nats, on {np.mean(lead > 0):.0%} of the digits")

# %% [markdown]
# Why? In 784 dimensions nothing is near anything. A test digit $x$ and a real digit $s$ of the same heap both scatter
# about the heap's mean $\mu$, each with the variance $v$ (summed over pixels), independently, so
#
# $$\mathbb{E}\lVert x - s \rVert^2 = 2v, \qquad \mathbb{E}\lVert x - \mu \rVert^2 = v$$
#
# The mean of a heap is *nearer* to a new digit of its kind than the heap's own digits are, and the score knows
# nothing but squares of distances, divided by $2\sigma^2$. Half the square is the most that there is to win; six
# digits to a heap, and a test digit that may choose the nearest of thousands, leave less. But a nat is soon won: at σ
# = 0.17 a squared distance that is smaller by 0.06 is one. On the digits:

# %%
real, centers, test = candidates["real"], candidates["k-means"], ground.test


def nearest_squared(rows, others):
    """Squared distance of each row to the nearest of the others: [n]."""
    return ((rows**2).sum(1)[:, None] - 2 * rows @ others.T + (others**2).sum(1)).min(axis=1)


for name, rows in (("4,050 real digits", real), ("675 of them", real[:675]), ("675 centers", centers)):
    print(f"squared distance of a test digit to the nearest of {name:<17} {nearest_squared(test, rows).mean():.1f}")

# %% [markdown]
# The 675 centers are nearer to the test digits than 675 real digits by a quarter, and as near as all 4,050. Nobody
# asks whether they look like digits.
#
# Theis, van den Oord and Bethge (2016, table 1) did this with all of MNIST: 313 nats for k-means, 243 for real
# training digits, 225 for the adversarial nets of 2014. Their advice is to leave Parzen windows alone. We still
# measure with them, to compare with the paper, and for nothing else.
#
# ## Distances between features
#
# Pixels are a bad place to measure in. A classifier of digits has to forget what does not matter (a stroke's
# position, slant, thickness) and keep what does. The package has a small one, 99.5 % right on MNIST's test digits. We
# take its 64 features, the layer before the classes, and ask whether samples and test digits have the same mean and
# covariance there:
#
# $$F = \lVert \mu_a - \mu_b \rVert^2 + \mathrm{tr}\left(\Sigma_a + \Sigma_b - 2 (\Sigma_a \Sigma_b)^{1/2}\right)$$
#
# This is the *Fréchet distance* of two Gaussians. On the features of a network called Inception it is known as FID.
# It depends on the network, and on the number of samples: from few samples even real data have a distance from real
# data. So compare like with like, and look at what "real" gets.

# %%
course.source(frechet.distance)

# %% [markdown]
# ### Exercise 11.2: without matrices
#
# Where both covariances are diagonal, with variances $v_a$ and $v_b$, the square root of the product is taken entry
# by entry. Write the distance for that case.


# %% tags=["exercise"]
def frechet_of_diagonals(mean_a, variance_a, mean_b, variance_b):
    """Fréchet distance of two Gaussians with diagonal covariances: one number, at least 0. Arrays [F] each."""
    ...


course.check(11, frechet_of_diagonals)

# %% [markdown]
# ## Precision and recall
#
# One number can't say *what* is wrong: are the samples bad, or are some missing? So ask twice. Around each real
# digit's features draw a ball that reaches to its fifth nearest real neighbor; all balls together stand for "where
# data are".
#
# - **precision**: the share of samples that lie in a ball of the data. Bad samples lower it.
# - **recall**: the share of real digits that lie in a ball of the samples, drawn the same way. Missing kinds lower
#   it.
#
# (Kynkäänniemi and others, 2019.)

# %% [markdown]
# **Predict, then look.** Our G against real digits in its place: is G's precision or its recall the lower one? Will
# the centers of k-means keep their lead in the Fréchet distance? And noise: what is its recall?

# %% tags=["hide-output"]
WANTED = ("frechet", "precision", "recall", "coverage", "classifier_score", "classes")


def measured(rows):
    """Every measure but Parzen's of one set of rows, [n, 784]: estimates by name. Of 1,000 rows, which are enough."""
    rows = ground.prepare(rows[:1_000])
    families = [family for family in measures.families(ground) if "parzen" not in family.measures]
    return {name: found for family in families for name, found in measures.measured(family, rows, ground).items()}


def table(found, wanted):
    """A line for each candidate."""
    lines = [" " * 20 + "".join(f"{measure:>18}" for measure in wanted)]
    for name, each in found.items():
        lines.append(f"{name:<20}" + "".join(f"{each[measure].value:>18.3f}" for measure in wanted))
    return "\n".join(lines)


found = {name: measured(candidates[name]) for name in ("real", "G", "k-means", "noise")}
print(table(found, WANTED))

# %% [markdown]
# **What you saw.** The features turn the order around: in the Fréchet distance real digits are ahead of the centers
# again, and noise is far from everything. But G comes out *behind* the centers. Precision and recall say why. Its
# precision is that of real digits: nearly every sample looks like some digit. Its recall is less than half of theirs:
# many kinds of digits it never draws. It has dropped modes, as in lesson 8, and `classes` says the same: so many of
# the ten have 1 % or more of the samples.
#
# And look at the precision of noise. More than half of it counts as "among the data"! One real digit that is an
# outlier has a ball with a huge radius, and noise falls into it. (`coverage` asks the other way around, which share
# of the real balls has a sample in it, and is not fooled.) No measure is safe from a set that it was not made for.
#
# Which kinds does G draw? Ask the classifier for the most likely class of each sample:

# %%
[axes] = plots.panels("most likely class, share of 1,000 each", height=2.6)
for i, (name, color) in enumerate((("real", plots.REAL), ("G", plots.FAKE))):
    _, probabilities = ground.prepare(candidates[name][:1_000]).seen  # features, p(y|x)
    axes.bar(np.arange(10) + 0.4 * i, classes.histogram(probabilities), width=0.4, color=color, label=name)
axes.set(xlabel="digit", ylabel="share", xticks=range(10))
axes.legend()
plt.show()

# %% [markdown]
# ### Exercise 11.3: precision
#
# Write precision as said above. The radius of a real row's ball is the distance to its $k$-th nearest neighbor among
# the *other* real rows. What lies on the surface is inside.


# %% tags=["exercise"]
def precision(real, fake, k):
    """Share of the fakes in at least one real ball: a number in [0, 1]. real: [N, F], N > k; fake: [M, F]."""
    ...


course.check(11, precision)

# %% [markdown]
# ## A G that copies
#
# There is a perfect way to cheat. A G with enough weights could learn the training pictures by heart and return one
# of them for each z. It would have learned nothing about digits in general. Which of our measures would notice? Four
# cheats:
#
# - *copies*: training digits, as they are;
# - *moved copies*: the same, one pixel to the right;
# - *half of the classes*: copies of the digits 0 to 4 alone;
# - *one picture*: always the same training digit.
#
# For the measure that is meant for this, take for each sample the distance to the nearest training picture, and
# divide the mean of it by the same of test digits, which nobody can have copied. Near 1: as far away as new digits
# are. 0: copies.

# %% [markdown]
# **Predict, then look.** For each cheat: which of Fréchet distance, precision, recall, and that ratio gives it away?

# %% tags=["hide-output"]
order = np.random.default_rng(0).permutation(len(ground.table))  # the digits lie sorted by class
training = ground.table[order].astype(np.float32) / 255
low = ground.prepare(training).seen[1].argmax(axis=1) < 5
cheats = {
    "copies": training,
    "moved copies": np.roll(training.reshape(-1, 28, 28), 1, axis=2).reshape(-1, 784),
    "half of the classes": training[low],
    "one picture": training[:1].repeat(1_000, axis=0),
}
caught = {name: measured(rows) for name, rows in cheats.items()}
print(table(caught | {"G": found["G"], "k-means": found["k-means"]}, ("frechet", "precision", "recall", "memorised")))
print(f"real digits, in the table before: frechet {found['real']['frechet'].value:.3f}")

# %% [markdown]
# **What you saw.** Copies are *perfect*: as good as real digits in Fréchet distance, precision and recall. Of course:
# the candidate "real" above *was* a set of training digits, the perfect copier. The ratio alone notices, with an
# exact 0. Recall catches half of the classes and the one picture, whose precision is perfect. And the copies moved by
# one pixel are caught by nothing: the classifier does not mind a pixel, and by pixels they are as far from the
# training digits as new digits are. (Theis and others show this trick too.)
#
# The ratio of k-means is well below 1 for another reason: a mean of six pictures is near to each of them. It is
# *smooth*, not copied; only of sharp samples a ratio below 1 says something. And that of our G has to be read with
# care: it trained on all 60,000 digits of MNIST, of which we have 4,500.
#
# So look. Under each sample stands the training picture nearest to it:


# %%
def beside_nearest(rows):
    """A row of samples over the row of the training pictures nearest to them."""
    found, _ = neighbours.nearest(rows[:12], ground.table, (0.0, 1.0))
    return digits(rows, ground.table[found] / np.float32(255))


course.show(beside_nearest(candidates["G"]), "G, and the nearest training digits")
course.show(beside_nearest(cheats["moved copies"]), "moved copies, and the nearest training digits")
nearest, _ = neighbours.nearest(cheats["moved copies"][:500], ground.table, (0.0, 1.0))
print(f"of 500 moved copies {np.mean(nearest == order[:500]):.0%} have as their nearest the digit that was moved")

# %% [markdown]
# G's samples are like their neighbors and not the same: thicker here, broken there. The moved copies look like
# theirs, and yet of many the nearest is not even the digit that was moved. Nearest by pixels is not nearest to an
# eye.
#
# ### Exercise 11.4: the ratio
#
# Write the measure: the mean distance of samples to their nearest training rows, over that of unseen rows.


# %% tags=["exercise"]
def memorised(samples, unseen, training):
    """Mean distance to the nearest training row, of samples over unseen rows: a number, 0 for copies. Arrays [n, d],
    [m, d] and [N, d]."""
    ...


course.check(11, memorised)

# %% [markdown]
# ## What each measure can't see
#
# | measure | fooled by |
# |---|---|
# | Parzen windows | blurred means; they beat real data |
# | Fréchet distance | copies; and it changes with the number of samples and with the network |
# | precision | one good picture, over and over; at times noise |
# | recall | copies; samples that are scattered widely enough |
# | classes, classifier score | one picture of each class, ten in all |
# | distance to the training data | copies moved by a pixel; and it blames what is smooth |
#
# Use several, and say what real data get, and noise, with as many rows. That is why `python -m gan_lowlevel.evaluate`
# prints each figure between these two. Then look at the samples all the same.
#
# ## What to look at in TensorBoard
#
# ```sh
# python -m gan_lowlevel.main --model=mlp --max_steps=4000 --run_name=measured --logdir=logs/lessons
# python -m gan_lowlevel.evaluate --run=logs/lessons/measured --checkpoint=all
# ```
#
# These two take a minute together. Then
#
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# Tab *Scalars*, the run `measured/evaluation`: a curve of each measure over the training, `evaluation/frechet`,
# `evaluation/precision`, `evaluation/recall`, `evaluation/memorised` and so on, a point for each of four checkpoints.
# `evaluation/precision` stands near that of real digits from its first point on, `evaluation/recall` starts at 0 and
# creeps: G first learns to draw one thing well. If `evaluation/memorised` fell towards 0 while `evaluation/frechet`
# falls too, G would be learning its data by heart. Tab *Images*, `views/nearest`: samples over their nearest training
# pictures. The same pictures in both rows would be copies.
#
# ## What comes next
#
# Lesson 12 takes all of this to a real run: its dashboard, curve by curve, and five runs in which something is
# broken.
#
# Sources: Goodfellow and others (2014), section 5 and table 1, for the Parzen windows; Theis, van den Oord and Bethge
# (2016), "A note on the evaluation of generative models", for what is wrong with them; Heusel and others (2017) for
# the Fréchet distance of features; Kynkäänniemi and others (2019) for precision and recall; Meehan, Chaudhuri and
# Dasgupta (2020) for copies. In the package [`metrics/parzen.py`](../../gan_lowlevel/metrics/parzen.py),
# [`metrics/frechet.py`](../../gan_lowlevel/metrics/frechet.py),
# [`metrics/neighbours.py`](../../gan_lowlevel/metrics/neighbours.py), and
# [`measures.py`](../../gan_lowlevel/measures.py), where all of them stand in one table.

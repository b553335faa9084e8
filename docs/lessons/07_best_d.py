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
# # 7. The best possible D
#
# <!-- colab -->
#
# For any G there is one best D, and its formula fits in half a line. Afterwards you can derive it, compute it by hand
# for two densities, read off V how far fakes are from data, and say for which data all of this breaks down. About 35
# minutes. Lesson 1 comes before.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.special import expit

from gan_lowlevel import draws, pretrained
from gan_lowlevel.course import plots
from gan_lowlevel.data import parabola
from gan_lowlevel.data.gaussian import Gaussian
from gan_lowlevel.metrics import densities
from gan_lowlevel.networks import gaussian
from gan_lowlevel.plots import DENSITIES, paint_densities

# %% [markdown]
# ## The best answer at one point
#
# Let real data have the density $p_{data}(x)$. G turns random z into fakes, and so the fakes have a density too,
# $p_g(x)$: where G puts many fakes it is large. Then V, the mean over real rows plus the mean over fakes, is one
# integral over all places x:
#
# $$V(D, G) = \int [p_{data}(x) \log D(x) + p_g(x) \log(1 - D(x))] dx$$
#
# G stands still for now, and D may be any function at all. Then it may choose $D(x)$ at each place x for itself. At one
# place call $a = p_{data}(x)$ and $b = p_g(x)$; D says some number c between 0 and 1 there, and wants the most of
# $a \log c + b \log(1 - c)$.

# %% [markdown]
# **Predict, then look.** At some x the real density is 0.6 and the fake one 0.2: three real rows come for each fake.
# Which answer c earns the most there: 0.6, 0.75, or 1, since real is the better guess? What does c = 0.99 cost?

# %% tags=["hide-output"]
a, b = 0.6, 0.2
c = np.linspace(0.005, 0.995, 199)
earned = a * np.log(c) + b * np.log(1 - c)
[axes] = plots.panels("what D earns at a place with p_data = 0.6 and p_g = 0.2")
axes.plot(c, a * np.log(c), **DENSITIES["p_data"], label="0.6 log c, by p_data")
axes.plot(c, b * np.log(1 - c), **DENSITIES["p_g"], label="0.2 log(1 − c), by p_g")
axes.plot(c, earned, color="0.5", linewidth=2, label="both together")
axes.plot(c[earned.argmax()], earned.max(), "o", color="0.5")
axes.set(xlabel="c, what D says at this place", ylabel="nats", ylim=(-2, 0.05))
axes.legend(loc="lower center")
plt.show()
at_99 = np.interp(0.99, c, earned)
print(f"the most is {earned.max():.3f}, at c = {c[earned.argmax()]:.2f}; c = 0.99 earns {at_99:.3f}")

# %% [markdown]
# **What you saw.** The top is at c = 0.75, which is 0.6/(0.6 + 0.2): the share of real rows among all rows that come
# here. An honest D does not say "real" wherever real is the better guess; it says *how often* it is real. Being too
# sure costs more on the few fakes than it earns on the many real rows.
#
# The proof has three lines. Take the derivative, set it to 0, and see that it is a top:
#
# $$\frac{d}{dc} [a \log c + b \log(1 - c)] = \frac{a}{c} - \frac{b}{1 - c}$$
#
# $$\frac{a}{c} = \frac{b}{1 - c} \quad\Rightarrow\quad a - a c = b c \quad\Rightarrow\quad c = \frac{a}{a + b}$$
#
# $$\frac{d^2}{dc^2} [a \log c + b \log(1 - c)] = -\frac{a}{c^2} - \frac{b}{(1 - c)^2} < 0$$
#
# So the best D of a given G, proposition 1 of the paper, is
#
# $$D^*(x) = \frac{p_{data}(x)}{p_{data}(x) + p_g(x)}$$
#
# Read it at three kinds of places. Where only data are, $D^* = 1$. Where only fakes are, $D^* = 0$. Where both are
# equally dense, $D^* = ½$: **D = ½ does not mean that D is bad, it means that real and fake come equally often there.**
# Where neither is, D may say what it likes: nobody asks.
#
# ### Exercise 7.1: the best D
#
# Write it in NumPy, for many places at once. The package has the same line, in
# [densities.py](../../gan_lowlevel/metrics/densities.py).


# %% tags=["exercise"]
def best_d(p_data, p_g):
    """D* at N places. p_data, p_g: the densities there, arrays [N], not both 0 at one place. An array [N] in [0, 1]."""
    ...


course.check(7, best_d)

# %% [markdown]
# ## By hand, on two densities
#
# Let data be spread evenly over the interval from 0 to 2, and fakes evenly over 1 to 3. Each density is ½ on its own
# interval, so that its area is 1. There are three kinds of places, each an interval of length 1:
#
# | x | p_data | p_g | D* | its part of V |
# |---|---|---|---|---|
# | 0 to 1 | ½ | 0 | 1 | ½ log 1 = 0 |
# | 1 to 2 | ½ | ½ | ½ | ½ log ½ + ½ log ½ = −0.6931 |
# | 2 to 3 | 0 | ½ | 0 | ½ log(1 − 0) = 0 |
#
# The best D gets V = −0.6931 against this G. Were there no overlap, it would get 0. Were both the same, it would say ½
# everywhere and get −log 4 = −1.3863. We are halfway.

# %% [markdown]
# **Predict, then look.** Now G has lost half of the data: data on 0 to 2 as before, fakes on 0 to 1 alone, so that
# their density is 1 there. Every fake is a perfect one. What is D* on 0 to 1, what on 1 to 2? Compute V with a pencil,
# or at least say: is it nearer to 0 or to −1.3863?

# %% tags=["hide-output"]
# The mass of each interval: its density times its length, which is 1 here.
pairs = {
    "half overlap": (np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])),
    "half lost": (np.array([0.5, 0.5]), np.array([1.0, 0.0])),
}
for name, (p_data, p_g) in pairs.items():
    value = densities.best_value(p_data, p_g)
    print(f"{name}: D* = {densities.best_d(p_data, p_g).round(4)}, V(D*, G) = {value:.4f}")

# %% [markdown]
# **What you saw.** On 0 to 1 there are two fakes for each real row: $D^* = ½/(½ + 1) = ⅓$. On 1 to 2 only data:
# $D^* = 1$. So $V = ½ \log ⅓ + ½ \log 1 + 1 \cdot \log ⅔ = -0.549 + 0 - 0.405 = -0.955$. D says ⅓ to fakes that can't
# be told from data by looking at one of them: there are simply too many. V is nearer to −1.3863, 0.432 away from it,
# than to 0. Losing half of the data costs G less than a third of what there is to lose; lesson 8 comes back to that.
#
# ### Exercise 7.2: V of the best D
#
# Data and fakes come at N places, with probabilities, *masses*, that sum to 1: put D* into V. A place without data has
# no part in the first sum, one without fakes none in the second, so that $0 \log 0$ counts as 0.


# %% tags=["exercise"]
def best_value(p_data, p_g):
    """V(D*, G) in nats. p_data, p_g: masses of N places, arrays [N] that sum to 1, with zeros. Returns one number."""
    ...


course.check(7, best_value)

# %% [markdown]
# ## What V measures: a divergence
#
# One notion first. The *Kullback–Leibler divergence* of two densities, in nats, is the mean of $\log(p/q)$ over what
# comes from p, $KL(p \Vert q) = \int p(x) \log(p(x)/q(x))\, dx$: at least 0, and 0 only where both are the same.
#
# Put D* into V in general. With m for the mixture of both, $m = (p_{data} + p_g)/2$, we have $D^* = ½\, p_{data}/m$ and
# $1 - D^* = ½\, p_g/m$. So the two logarithms are
#
# $$\log D^* = \log ½ + \log \frac{p_{data}}{m} \qquad \log(1 - D^*) = \log ½ + \log \frac{p_g}{m}$$
#
# V takes the mean of the first over data and adds the mean of the second over fakes. $\log ½$ is the same everywhere,
# so its mean is $\log ½$ in both, whole and not halved: together $-\log 4$. What is left of each mean is a KL:
#
# $$V(D^*, G) = -\log 4 + KL(p_{data} \Vert m) + KL(p_g \Vert m) = -\log 4 + 2\, JSD(p_{data}, p_g)$$
#
# JSD, the *Jensen–Shannon divergence*, is the mean of these two KL, half of each; hence the 2. It says how far apart
# two distributions are:
#
# | | JSD | V(D*, G) |
# |---|---|---|
# | fakes are like data | 0 | −log 4 = −1.3863, the ideal value |
# | our half overlap | ½ log 2 = 0.3466 | −0.6931 |
# | nothing in common | log 2 = 0.6931, the most there is | 0 |
#
# That is the paper's theorem 1: **against the best D, a G that lowers V lowers the Jensen–Shannon divergence, and V can
# go no lower than −log 4, which it reaches only where the fakes' distribution is the data's.**
#
# Turn it round, and V becomes a ruler: $JSD = (V + \log 4)/2$. But a real D is a network, and at most as good as D*. So
# its V is at most V(D*), and what it measures is a **lower bound**:
#
# $$\frac{V(D, G) + \log 4}{2} \le JSD(p_{data}, p_g)$$
#
# "At least so different" is all that a D can ever prove. When V is −log 4 the bound is 0: this D has found no
# difference. Whether there is none, it can't say. The package has the line in [theory.py](../../gan_lowlevel/theory.py)
# and every run records it, on rows that do not train, as `jsd/bound_held_out`.
#
# ### Exercise 7.3: the ruler


# %% tags=["exercise"]
def jsd_from_value(value):
    """The Jensen-Shannon divergence, in nats in [0, log 2], where the best D has this V(D*, G), in [-log 4, 0]."""
    ...


course.check(7, jsd_from_value)

# %% [markdown]
# ## A learned D beside the best one
#
# In the game `gaussian` the data are numbers from N(4, 0.5²): 4, give or take a half. G maps a number z, uniform
# between −8 and 8, to a number. Both densities are known at any moment. $p_{data}$ is a formula. $p_g$ is G's own
# doing: it carries the probability of each small stretch of z to the stretch of x that G maps it to. We cut the axis
# into bins of 0.01; the *mass* of a bin is the probability of landing in it, its density times its width.
#
# First G stands still (`--g_step=0`), and D alone learns. Proposition 1 is about exactly this.

# %%
law = Gaussian("normal")
edges = np.linspace(-1, 9, 1001)
x = densities.middles(edges)  # [1002]: the first and the last bin have no end
z = np.linspace(gaussian.LOW, gaussian.HIGH, 4097)
p_data = densities.masses(law.cdf, edges)
table = course.table("--model=gaussian --g_step=0")
table.gan.theta.g[-1].load([3.0], table.session)  # the bias of G's last layer: a broad heap of fakes around 3


def look(table):
    """The masses of p_g, and D's logits at x."""
    gan = table.gan
    fakes = table.run(gan.play.fake, {gan.z: z[:, np.newaxis]})[:, 0]
    logits = table.run(gan.play.real_logits, {gan.x: x[:, np.newaxis], gan.draw: (0, 0, 1)})[:, 0]
    return densities.pushed_forward(fakes, edges), logits.astype(np.float64)


# %% [markdown]
# **Predict, then look.** The fakes are spread from −0.4 to 6.4, thin in the middle; the data lie around 4, give or take
# a half. Sketch the best D from x = −1 to 9. Where will the learned D come near it soon, where late, and where never?

# %% tags=["hide-output"]
updates = (0, 50, 1500)
panels = plots.panels(*(f"after {count:,} updates of D" for count in updates), sharey=True)
for count, axes in zip(updates, panels, strict=True):
    table.play(count - table.step)
    p_g, logits = look(table)
    of_bins = (law.pdf(x), p_g / 0.01, expit(logits), densities.best_d(p_data, p_g))  # p_data, p_g, D, D*
    paint_densities(axes, *(values[1:-1] for values in (x, *of_bins)))
    axes.set(xlabel="x", ylim=(-0.05, 1.1))
    found, v = densities.measure(p_data, p_g, logits), densities.value(p_data, p_g, logits)
    print(f"{count:>5} updates: V {v:.3f}, bound {found.bound:.3f}; V(D*) {v + found.gap:.3f}, JSD {found.jsd:.3f}")
panels[0].figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
plt.show()

# %% [markdown]
# **What you saw.** D* is near 0 where fakes come and data hardly do, and a hill where data are denser than fakes;
# beyond the last fake it is 1, since no fake comes there and a Gaussian is never quite 0, though the density of the
# data is 0.000008 at x = 6.4 and less farther out. (Near x = 8 the line of D* ends: float64 has no number left for the
# mass of such a bin.) The learned D starts flat, and soon lies on D* wherever enough rows come to learn from. Where
# next to nothing comes it goes its own way, here to 0, and pays next to nothing for that. V climbs towards V(D*) and
# never passes it; the bound climbs towards the divergence, which does not move, since G does not.
#
# ### Exercise 7.4: the best logit, in TensorFlow
#
# D's last layer gives a logit a with $D = \sigma(a)$, so that the best one is $a^* = \log p_{data} - \log p_g$. Let
# data be N(mean_data, stddev²) and fakes N(mean_g, stddev²), with the same stddev. Write a* as a tensor. The density of
# $N(\mu, s^2)$ is $e^{-(x - \mu)^2/(2 s^2)}/(s\sqrt{2 \pi})$: what is left of it in the difference? Look at the result:
# which kind of layer could say it exactly?


# %% tags=["exercise"]
def best_logits(x, mean_data, mean_g, stddev):
    """a* [B, 1], of which sigmoid(a*) is D*. x: float32 tensor [B, 1]; the others: scalar tensors, stddev above 0."""
    ...


course.check(7, best_logits)

# %% [markdown]
# ## Now G moves too
#
# The whole game, 10,000 steps. In this recipe D makes two updates to one of G and learns sixty times as fast, so that
# it stays close to the best D while G moves: what the theorem asks for, as nearly as a training can have it. The run
# draws figure 1 of the paper as it goes, and measures the divergence itself beside the bound.
#
# Two runs of `parabola` train beside it; we need them further down.

# %% [markdown]
# **Predict, then look.** In the last picture, what will D look like where p_g lies on p_data? Which of both curves of
# the divergence lies higher, the true one or D's bound, and may they cross? Where should both end?

# %% tags=["hide-output"]
best, recipe, fast_d = course.trained(
    [
        "--model=gaussian --max_steps=10000 --theory_every=250 --run_name=best_d",
        "--model=parabola --theory_every=500 --run_name=curve",
        "--model=parabola --d_learning_rate=0.01 --d_step=2 --theory_every=500 --run_name=curve_fast_d",
    ]
)
course.show(best.samples(), "figure 1: p_data dotted, p_g green, D blue, D* orange; below, lines from z to x = G(z)")
[axes] = plots.panels("gaussian: the divergence, and what D knows of it")
plots.curve(axes, best, "jsd/quadrature", color="black")
plots.curve(axes, best, "jsd/bound_quadrature", color="C0")
plots.ideal(axes, np.log(2), "log 2: nothing in common")
plots.ideal(axes, 0, "0: fakes are like data")
axes.set_ylabel("nats")
axes.legend()
plt.show()
true, bound = best.curve("jsd/quadrature")[1], best.curve("jsd/bound_quadrature")[1]
value, d_real, d_fake = map(best.last, ("value/V", "prob/D_x", "prob/D_G_z"))
off = best.curve("density/D_off_best")[1][-1]
print(f"the bound lies below the divergence at {np.mean(bound <= true):.0%} of the moments")
print("after the last step, over the whole axis:")
print(f"    V {2 * bound[-1] - np.log(4):.3f}, bound (V + log 4)/2 = {bound[-1]:.3f}; divergence {true[-1]:.3f}")
print(f"    mean |D − D*| {off:.3f}")
print("on the batches of the last tenth of the run, in the mean:")
print(f"    V {value:.3f}, D(x) {d_real:.2f}, D(G(z)) {d_fake:.2f}")

# %% [markdown]
# **What you saw.** The green p_g has moved onto the dotted data. There D swings about ½, roughly between 0.2 and 0.7:
# low where p_g has a peak, high where it is thinner than the data. It is right to do so, for D* swings as much; its
# means, D(x) and D(G(z)), lie a little above ½ and a little below. V has come down too, towards −log 4. The bound lies
# below the divergence at every moment, as it must, and close to it, since this D is nearly the best one. Both fall
# towards 0 and stop short of it: p_g has no tails yet, and it is high at its edges, where G folds the line of z. The
# lines at the bottom are G itself: where many z go to one place, p_g is high.
#
# Mind that two V are printed. The first is of one moment and of the whole axis, and the bound beside it is made of it.
# The second is of batches, a mean over a thousand steps in which both players moved. It is no partner of that bound: a
# bound and its V must be of the same rows.
#
# The three words of the theorem that a training does not have: *any* function (D is a network), the *best* D (D has a
# few updates), *densities* (G moves weights, not p_g). They are why GANs need practice besides theory. The last of them
# can fail altogether:
#
# ## y = x²: where there is no density
#
# The game `parabola` has real points (x, x²): all of them lie on a curve. A curve has no area. Short of a G whose
# formula is x² itself, and no network's is, the chance that a fake lies *exactly* on the curve is 0, however near it
# lies. So the best D is 1 on the curve and 0 everywhere else: real and fake have nothing in common, **the JSD is log 2
# for every such G**, a wretched or a wonderful one, and V(D*, G) is 0. The divergence does not fall as fakes come
# nearer. It is a cliff, not a slope.
#
# We have trained two of these games. They differ in D alone: in `curve_fast_d` it learns ten times as fast, and makes
# two updates to one of G.

# %% [markdown]
# **Predict, then look.** Which of the two runs has a V nearer to −log 4? Which has the better points, nearer to the
# curve? And what is the true JSD of each?

# %% tags=["hide-output"]
runs = {"curve": recipe, "curve_fast_d": fast_d}
for axes, run in zip(plots.panels(*runs, height=1.9, sharey=True), runs.values(), strict=True):
    part = run.samples().crop((133, 145, 395, 246))  # of the plane, the same of both
    axes.imshow(part, extent=(-0.65, 0.65, -0.1, 0.4), interpolation="bicubic")
    axes.set(xlabel="x", ylabel="y")
    axes.grid(False)
plt.show()
print("means over the second half of each run\n               V held out   JSD at least   mean |y − x²|   bins of 20")
for name, run in runs.items():
    tags = ("value/V_held_out", "jsd/bound_held_out", "quality/error", "quality/bins")
    value, bound, error, bins = (run.curve(tag)[1][10:].mean() for tag in tags)  # of 20 figures each
    print(f"{name:<13} {value:>11.3f} {bound:>14.3f} {error:>15.4f} {bins:>12.1f}")

# %% [markdown]
# **What you saw.** Real points are red, fakes blue, a hundred of each. The recipe's V is nearly −log 4, its bound about
# 0. In the other run V has climbed away from −log 4, as if its fakes were worse; and its points are *nearer* to the
# curve (with other seeds about as near). Its hundred points leave gaps, where red shows; but of a thousand fakes nearly
# all of 20 intervals of x get their share in both runs, as the last column counts. The true JSD is log 2 in both. So V
# did not say which fakes are good: it said what each D could see. The better D sees more of a difference that is always
# there, and G, which learns from D, is none the worse for it. **Here V can climb towards 0 while the picture is good
# and stays good.**
#
# ## How much a D sees: a ruler for D
#
# Let us play D by hand, with the package's own trained `parabola`. Our D has a ruler: all that it sees of a point is
# whether it lies within ε of the curve, and of "near" and "far" it says what pays best. All that counts then is the
# share q of fakes within ε; of real points it is 1. So there are two places, near and far, with the masses (1, 0) and
# (q, 1 − q), and the JSD of those is what this D can prove.

# %%
table = course.table("--model=parabola")
weights = pretrained.read("parabola").weights
with table:
    for variable in table.gan.theta.g:
        variable.load(weights[variable.op.name], table.session)
points = table.run(table.gan.play.fake, {table.gan.draw: (*draws.origin(0, draws.Stream.SAMPLE, 0), 200_000)})
off = points[:, 1] - parabola.function(points[:, 0])  # how far above the curve, [200000]
print(f"mean |y − x²| {np.abs(off).mean():.4f}, share within 0.02 {np.mean(np.abs(off) < 0.02):.2f}")

# %% [markdown]
# **Predict, then look.** As the ruler gets finer, ε = 0.1, 0.01, ..., 0.00001: where does the JSD that it proves go?
# And for a game with densities, N(4, 0.5²) against N(4.5, 0.5²), when its bins get finer?

# %% tags=["hide-output"]
rulers, bins = 10.0 ** -np.arange(1, 5.5, 0.5), 2 ** np.arange(2, 14)
near = [np.mean(np.abs(off) < ruler) for ruler in rulers]
on_curve = [densities.jsd(np.array([1.0, 0.0]), np.array([q, 1 - q])) for q in near]
on_line = []
for count in bins:
    cuts = np.linspace(0, 8, count + 1)
    on_line.append(densities.jsd(densities.masses(law.cdf, cuts), densities.masses(lambda at: law.cdf(at - 0.5), cuts)))
[axes] = plots.panels("the JSD that a D can prove, by the smallest difference that it sees")
axes.plot(rulers, on_curve, "o-", color="black", label="y = x², the trained G")
axes.plot(8 / bins, on_line, "o-", color="C0", label="two Gaussians")
plots.ideal(axes, np.log(2), "log 2")
axes.set(xlabel="finest length that D sees: fine to the right", ylabel="nats", xscale="log", xlim=(3, 5e-6))
axes.legend(loc="center right")
plt.show()
for i in (0, -1):
    print(f"ruler {rulers[i]:.5f}: {near[i]:.2%} of the fakes are near, a JSD of {on_curve[i]:.3f} at least")

# %% [markdown]
# **What you saw.** Between two densities the JSD comes to rest: from some fineness on there is nothing more to see. On
# the curve it climbs to log 2, for a G whose picture looks good: a fine enough ruler refuses nearly every fake. A
# stronger D, a larger network, more updates: each is a finer ruler. Three things break with the density:
#
# - **V has no ideal value to come to.** −log 4 is no goal, it only says that D is too coarse to see a difference.
# - **V no longer ranks generators.** Every such G has the same JSD; only the coarseness of D makes a difference. Look
#   at samples, and at measures that know distance, such as `quality/energy`.
# - **A perfect D is of no use to G.** Where D is 1 on the curve and 0 beside it, it is flat around every fake: no slope
#   says where the curve is. It is the D that is still *imperfect*, smooth, ½-ish, that teaches G. (Arjovsky and Bottou
#   2017 prove both: the perfect D exists, and its gradient vanishes.)
#
# Photographs are a case of this. Sensible pictures are a thin sheet among all possible arrays of pixels; that is why a
# strong D wins every game of pictures, and why V near 0 beside good samples is no contradiction.
#
# One remedy: noise. Add N(0, s²) to y, of real points and of fakes, and both have densities again.

# %%
noise = np.random.default_rng(0).normal(size=(2, len(off)))
cuts = np.r_[-np.inf, np.linspace(-1, 1, 2001), np.inf]  # a ruler of 0.001
for s in (0.001, 0.003, 0.01, 0.03, 0.1):
    real, fake = (np.histogram(rows, cuts)[0] / len(off) for rows in (s * noise[0], off + s * noise[1]))
    print(f"noise of {s:<5}: a JSD of {densities.jsd(real, fake):.3f} at least")

# %% [markdown]
# With noise as wide as G's errors the divergence is a slope again: the better the fakes, the smaller it is. That is why
# some programs add noise to what D sees, and why this package checks D* on `gaussian`, and not on `parabola`.
#
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=logs/lessons --samples_per_plugin=images=1000
# ```
#
# Tick `best_d`. In the tab *Custom scalars*, "bound of the Jensen–Shannon divergence, and log 2": `jsd/quadrature` is
# the truth, `jsd/bound_quadrature` what this D proves, `jsd/bound_held_out` the same on 1,000 rows, which scatters. In
# the tab *Scalars*, `density/V_best_minus_V` is what D has left to learn, and `density/D_off_best` how far it is from
# D*; both should stay small. In *Images*, move the slider of `samples/fake` through figure 1. If something were wrong:
# a gap between both curves that grows means that D can't follow, and then V near −log 4 means nothing; a bound above
# the truth would be a bug. Then tick `curve` and `curve_fast_d`, and hold `value/V_held_out` against `quality/error`.
#
# ## What comes next
#
# A G that has lost half of the data paid little for it. Lesson 8 watches that happen. The derivation: [the
# paper](https://arxiv.org/abs/1406.2661), section 4, proposition 1 and theorem 1; the picture is its figure 1. No
# density: Arjovsky and Bottou, [Towards Principled Methods for Training Generative Adversarial
# Networks](https://arxiv.org/abs/1701.04862). The code: [densities.py](../../gan_lowlevel/metrics/densities.py),
# [theory.py](../../gan_lowlevel/theory.py), [line.py](../../gan_lowlevel/views/line.py).

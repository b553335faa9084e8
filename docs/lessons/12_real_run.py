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
# # 12. Reading a real run
#
# <!-- colab -->
#
# Afterwards you can open the dashboard of a GAN that you have never seen, say which curve to look at first, what each
# of them can and can't tell, and what is broken where something is. About 50 minutes, most of them in TensorBoard.
# All other lessons come before; without them you will still follow, and look things up there.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import json

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from gan_lowlevel import losses
from gan_lowlevel.course import folder, plots

# %% [markdown]
# ## Open it
#
# The first part of this lesson reads one run of `dcgan`: 2,000 steps on all of MNIST, in batches of 32 where the
# recipe has 128, so that it is affordable: some five minutes of one core. It lies here ready, cut down to its curves
# and some pictures.
#
# ```sh
# tensorboard --logdir=docs/lessons/data --samples_per_plugin=images=1000
# ```
#
# In a checkout that line works as it is. Elsewhere the folder is another one:

# %%
# docs/lessons/data/dcgan was made by python -m docs.earlier_runs DIR dcgan, from
# python -m gan_lowlevel.main --model=dcgan --input_data_dir=DIR --batch_size=32 --max_steps=2000 --summary_every=25
run = course.seen("dcgan")
print(f"tensorboard --logdir={run.run.directory.parent} --samples_per_plugin=images=1000")


def mean(tag, first, last):
    """Of a curve between two steps."""
    steps, values = run.curve(tag)
    return np.mean(values[(steps >= first) & (steps <= last)])


# %% [markdown]
# Tick `dcgan` alone in the list on the left, and go to the tab *Custom scalars*. Each picture there is one question.
# We take them in turn; the plots below are drawn from the same figures.
#
# ## 1. Both losses

# %% [markdown]
# **Predict, then look.** The samples of this run get better from its first step to its last. Will G's loss fall? Will
# D's?

# %% tags=["hide-output"]
[axes] = plots.panels("dcgan, both losses")
for tag, color in (("D_loss", plots.REAL), ("G_loss", plots.FAKE)):
    plots.curve(axes, run, tag, color=color)
    plots.ideal(axes, run.last(f"ideal/{tag}"), f"ideal/{tag}", color=color)
axes.set(ylabel="nats", ylim=(0, 2))
axes.legend(loc="upper right", ncols=2)
plt.show()
for first in (0, 500, 1000, 1500):
    means = ", ".join(f"{tag} {mean(tag, first, first + 500):.3f}" for tag in ("D_loss", "G_loss"))
    print(f"steps {first:,} to {first + 500:,}: {means}")

# %% [markdown]
# **What you saw.** Neither falls. After the first 500 steps G's loss is even *higher* than before, while its samples
# go from grey to digits: its D has learned too. And both stand near their ideal values from step 100 on, when G still
# draws grey. In this game the players start weak, with weights of 0.02, and learn slowly and side by side; level
# losses say that neither is ahead, and nothing of how good either is. If you remember one thing of this lesson: **no
# loss of a GAN measures its samples.**
#
# The tab *Scalars* smooths its curves, by 0.6 if you have not touched it: a running mean that forgets. It shows the
# trend, and it hides what a GAN's curves are full of: spikes, swings, a last point that is not finite. Turn it to 0
# for a look before you believe anything.
#
# ### Exercise 12.1: what the slider does
#
# With weight $w$ the smoothed value is $m_i = w m_{i-1} + (1 - w) y_i$, from $m_0 = 0$ on, divided by $1 - w^i$, so
# that the start is not drawn towards 0; $i$ counts from 1.


# %% tags=["exercise"]
def smoothed(values, weight):
    """TensorBoard's smoothing: array [N] of the same length. values: array [N], finite; weight: in [0, 1)."""
    ...


course.check(12, smoothed)

# %% [markdown]
# ## 2. V and its two terms
#
# D_loss is −V, so the left picture shows nothing new; but here V stands against the one line that theory draws.

# %%
left, right = plots.panels("V", "its two terms", sharey=True)
plots.curve(left, run, "value/V", color="black")
plots.ideal(left, losses.IDEAL_VALUE, "−log 4")
plots.curve(right, run, "value/log_D_x", color=plots.REAL)
plots.curve(right, run, "value/log_not_D_G_z", color=plots.FAKE)
plots.ideal(right, losses.IDEAL_VALUE / 2, "log ½")
left.set(ylabel="nats", ylim=(-2.2, 0))
for axes in (left, right):
    axes.legend()
plt.show()

# %% [markdown]
# V stays a little above −log 4 most of the time: D is somewhat better than a coin. Below the line it is worse than
# one, for moments, as when G has just moved; a run that *stays* below has a D that does not keep up. On the right the
# two terms mirror each other. When one goes up the other goes down: D has moved *all* its answers towards real, or
# all towards fake. That is no progress of anybody, and V, the sum, hardly feels it.
#
# ## 3. D(x), D(G(z)), accuracies

# %%
left, right = plots.panels("mean probabilities", "accuracies", sharey=True)
for axes, tags in ((left, ("prob/D_x", "prob/D_G_z")), (right, ("accuracy/real", "accuracy/fake"))):
    for tag, color in zip(tags, (plots.REAL, plots.FAKE), strict=True):
        plots.curve(axes, run, tag, color=color)
    plots.ideal(axes, 0.5, "½")
    axes.set(ylim=(0, 1))
    axes.legend()
plt.show()

# %% [markdown]
# The mean probabilities stay within a few hundredths of ½ and of each other. The accuracies jump about, and in the
# first hundred steps one is at 1 and the other at 0: D said 0.56 to everything, and a share of answers above ½ makes
# of that "all real rows right, all fakes wrong". Near ½ read the probabilities; accuracies are for a D that is sure.
#
# ## 4. On data that D has not seen

# %%
left, right = plots.panels("V on two sets of digits", "bound of the divergence")
plots.curve(left, run, "value/V_train", color="black")
plots.curve(left, run, "value/V_held_out", color="C1")
plots.ideal(left, losses.IDEAL_VALUE, "−log 4")
plots.curve(right, run, "jsd/bound_held_out", color="C1")
plots.ideal(right, 0, "0: no difference that D can see")
left.set(ylabel="nats")
for axes in (left, right):
    axes.margins(y=0.3)  # room for the legend
    axes.legend(loc="upper left")
plt.show()

# %% [markdown]
# The left picture asks whether D learns by heart. Black are digits that its next update will take, orange are digits
# that never train. Here neither stays above the other, as it must be (black scatters more, it is of 32 digits at a
# time): 2,000 batches of 32 are 64,000 digits, so D has seen each about once. In lesson 10, on 500 digits, they came
# apart. On the right the bound of the Jensen–Shannon divergence (lesson 7): a few hundredths of a nat where 0.69 is
# possible. Real and generated digits differ by *at least* that. You see at a glance that they differ by more; this D
# does not.
#
# ## 5. Both gradients

# %%
left, right = plots.panels("norm of G's gradient", "is anybody dead?")
for tag, color in (("gradient/minimax", "C0"), ("gradient/non_saturating", "C1")):
    plots.curve(left, run, tag, color=color)
for tag, color in (("spread/samples", "C0"), ("spread/pixels", "C1"), ("quality/diversity", "C2")):
    plots.curve(right, run, tag, color=color)
plots.ideal(right, 1, "1: as real digits")
left.set(ylim=(0, None))
right.set(ylim=(0, 1.6))
for axes in (left, right):
    axes.legend()
plt.show()

# %% [markdown]
# Left: as long as D(G(z)) is near ½ both losses pull alike (lesson 4), and these two curves lie on each other. Where
# D runs away the lower one of them, minimax, sinks to the ground. Right: the spread of the samples, from one to the
# next and within each, and their mean distance, all as shares of real digits'. These are the only curves of this run
# that tell when it came to life: `quality/diversity` climbs from nothing to nearly 1 within the first 700 steps. Had
# G collapsed (lesson 8), it would come down again, whatever the losses say. Two more curves are flat, and should be:
# `numerics/clipped` at 0 (lesson 6), and `spread/D_logits` small but not 0.
#
# ## 6. The samples
#
# Last in this page, first in practice: the tab *Images*, `samples/fake`, with the slider. No curve above has told
# what these pictures tell.

# %%
for step in (250, 1000, 2000):
    course.show(Image.open(run.run.sample(step), formats=["PNG"]).resize((462, 232)), f"samples after {step:,} steps")

# %% [markdown]
# Grey with a lattice (lesson 10), then strokes, then most of the digits. Compare their figures: from step 1,000 to
# step 2,000 no loss, no probability and no V has moved by more than it swings in between.
#
# ## The article's curves
#
# The [article on DCGAN](../articles/dcgan.md) prints a line after each of its 50 epochs. Its `d_loss` is the mean over
# one joint batch of real and fake rows, *half* of our D_loss (lesson 1), and it is one batch's, not a mean over the
# epoch. Three of the lines:

# %%
for epoch, d_loss, accuracy, g_loss in (
    (1, 0.4450, 0.9115, 0.1112),
    (3, 0.6582, 0.6354, 1.1004),
    (50, 0.2088, 0.9115, 3.0232),
):
    print(f"epoch {epoch:>2}: V = {-2 * d_loss:.2f}, D right on {accuracy:.0%} of both kinds, G's loss {g_loss:.2f}")

# %% [markdown]
# Mind the first line. D is right on 91 % of its batch, so it rejects most fakes; but a G_loss of 0.11 says that
# D(G(z)) is about $e^{-0.11} = 0.9$. Both can't be true of one D and the same fakes. The article does not show its
# code; perhaps the fakes that D learns from are made otherwise than those of G's own update, such as with and without
# batch statistics (lesson 9). Two curves that don't fit together are worth more than either.
#
# After epoch 3 its players are nearly level, V = −1.32, much as in our run. By epoch 50 D is far ahead and G's loss
# is at 3: D has had 23,000 updates, on 60,000 digits that it sees again and again. The article says itself that both
# losses still swing and that it may not have trained long enough; nothing in these numbers says that its pictures got
# worse, and nothing says that they got better. What it does not print is what you would look at now: V on digits that
# never trained.
#
# ## Five broken runs
#
# Now close this page for a while. In the list of runs there are `run_a` to `run_e`: `mlp` on the 5,000 digits, 1,250
# steps each, and in each of them *one thing is broken*. One of these, in some order:
#
# | word | what is broken |
# |---|---|
# | `collapsed` | D learns far too slowly: G finds one picture that pleases D and draws nothing else |
# | `d_frozen` | D is not trained at all |
# | `d_too_strong` | D gets ten updates to two of G |
# | `nan` | D is too strong, and its logarithms are taken of rounded probabilities |
# | `saturated` | G follows the minimax loss, and D rejects all that it draws |
#
# Tick one run at a time and go through the list that you know by now: `samples/fake` first, then V against −log 4,
# D(x) and D(G(z)), both losses, the gradients, the spreads, the numerics, and the last step. Write down a word for
# each run and the curve that convinced you. For comparison, a healthy run of this game on these digits has V at about
# −0.3, D(x) near 0.9, D(G(z)) near 0.1, a G_loss of 2 to 3, and a `quality/diversity` of 0.8 and above.
#
# ### Exercise 12.2: your diagnoses
#
# Fill in a word of the table for each letter. The checker shows the first letter on which you differ, and what it is;
# so look first.


# %% tags=["exercise"]
def diagnoses():
    """What is broken: a dict of five words, by the letters a to e."""
    ...


course.check(12, diagnoses)

# %% [markdown]
# ## A machine that reads curves
#
# What you have just done by eye can be said in rules. The program does that at the end of each run, on the card
# `what_this_run_says`; here is a smaller one. Its figures are means over the last tenth of a run, by tag, and `steps`
# and `max_steps`, how many steps were recorded and how many were wanted. The first rule that fits counts:
#
# 1. fewer steps than wanted: `nan`;
# 2. V more than 1 nat below −log 4: `d_frozen`; so far below a coin is only who does not learn;
# 3. `quality/diversity` below 0.2: `collapsed`;
# 4. D(x) more than 0.8 above D(G(z)): `saturated` where G_loss is below 0, as only the minimax loss can be, else
#   `d_too_strong`;
# 5. else `healthy`.
#
# ### Exercise 12.3: the rules as code


# %% tags=["exercise"]
def diagnose(figures):
    """The word of the first rule that fits. figures: a dict of numbers with the keys "steps", "max_steps", "value/V",
    "prob/D_x", "prob/D_G_z", "G_loss" and "quality/diversity"."""
    ...


course.check(12, diagnose)

# %% [markdown]
# Is it right about the five? Once you have written it, this asks it, and the healthy `dcgan` too.

# %%
TAGS = ("value/V", "prob/D_x", "prob/D_G_z", "G_loss", "quality/diversity")
for name, wanted in (("dcgan", 2000), *((f"run_{letter}", 1250) for letter in "abcde")):
    one = course.seen(name)
    figures = {tag: one.last(tag) for tag in TAGS} | {"steps": one.columns["step"][-1], "max_steps": wanted}
    print(f"{name}: {diagnose(figures) or 'nothing yet'}")

# %% [markdown]
# **Predict, then look.** Which word has `run_a`, which have `run_b`, `run_c`, `run_d` and `run_e`, and by which curve
# do you know? Have your five words ready before you look at the curves, the answers, and how each run was made.

# %% tags=["hide-output"]
faults = json.loads(folder.data("faults.json").read_text(encoding="utf-8"))
for letter, fault in faults.items():
    one = course.seen(f"run_{letter}")
    left, right = plots.panels(f"run_{letter}: {fault['word']}", "samples", height=2.4, width_ratios=(2, 1))
    for tag, color in (("value/V", "black"), ("prob/D_x", plots.REAL), ("prob/D_G_z", plots.FAKE), ("G_loss", "C2")):
        plots.curve(left, one, tag, color=color)
    left.set(ylim=(-9, 14), xlim=(0, 1250))
    left.legend(loc="upper center", ncols=4)
    right.imshow(one.picture("samples/fake").convert("L").crop((0, 0, 116, 116)))
    right.axis("off")
    plt.show()
    print(f"run_{letter}, {fault['word']}: {fault['flags']}\n{fault['why']}\n")

# %% [markdown]
# **What you saw.** Three of them have a curve that looks *good*. `collapsed` ends with a G_loss and a V close to
# their ideal values. `d_frozen` has a G_loss of 0, the best that there is, and `saturated` has one of 0 too, of
# another loss. No single curve gives a run away; two that don't fit together do. G_loss at 0 and V far below −log 4:
# nobody is judging. G_loss at 0 and V at 0: G does not hear the judge. All probabilities level, and all samples
# alike: the judge is asleep. And the one with the worst figures of all, `d_too_strong`, has the best samples.
#
# ## What to look at in TensorBoard
#
# ```sh
# tensorboard --logdir=docs/lessons/data --samples_per_plugin=images=1000
# ```
#
# An order that costs five minutes for any run, here or elsewhere:
#
# 1. *Images*, `samples/fake` at the newest step, beside `samples/real`. Alike? And unlike each other?
# 2. *Custom scalars*, `prob/D_x` and `prob/D_G_z`: level, or at 1 and 0?
# 3. `value/V` against −log 4: at 0 D has won, far below −log 4 D does not learn.
# 4. `value/V_held_out` against `value/V_train`: where they part, D learns by heart.
# 5. `gradient/minimax` against `gradient/non_saturating`: does the loss that G follows still pull?
# 6. `numerics/clipped`, `spread/…`: above 0, or near 0, something is dead or about to be.
# 7. The last step: is it the one that was asked for?
#
# If it were wrong, you have seen here what it would look like: five times.
#
# ## What comes next
#
# Nothing; this was the last lesson. Write a game of your own: a file in
# [`networks/`](../../gan_lowlevel/networks/game.py), a row in its table, a flagfile; and read its curves.
#
# Sources: [docs/reading.md](../reading.md) has every curve with a healthy and a broken run, and
# [`cards.py`](../../gan_lowlevel/cards.py) the rules that the program itself reads its runs by; the article on DCGAN
# for the printed lines; Radford and others (2016) for the networks; [`summaries.py`](../../gan_lowlevel/summaries.py)
# for what is written, and when.

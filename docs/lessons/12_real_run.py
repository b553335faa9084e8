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
# Afterwards you can open the dashboard of a GAN that you have never seen, say which curve to look at first, what each of
# them can and can't tell, and what is broken where something is. About 50 minutes, most of them in TensorBoard. All other
# lessons come before; without them you will still follow, and look things up there.

# %% tags=["install"]
from gan_lowlevel import course

course.start()

# %%
import json

import matplotlib.pyplot as plt
import numpy as np

from gan_lowlevel import losses
from gan_lowlevel.course import folder, plots

# %% [markdown]
# ## Open it
#
# The first part of this lesson reads one run of `dcgan`: 900 steps on all of MNIST, nearly two epochs of 469 steps. It took
# a quarter of an hour, so it lies here ready, cut down to its curves and some pictures.
#
# ```sh
# tensorboard --logdir=docs/lessons/data --samples_per_plugin=images=1000
# ```
#
# In a checkout that line works as it is. Elsewhere the folder is another one:

# %%
# docs/lessons/data/dcgan was made by python -m docs.earlier_runs DIR dcgan, from
# python -m gan_lowlevel.main --model=dcgan --input_data_dir=DIR --max_steps=900 --summary_every=10 --theory_every=20
run = course.seen("dcgan")
print(f"tensorboard --logdir={run.run.directory.parent} --samples_per_plugin=images=1000")

# %% [markdown]
# Tick `dcgan` alone in the list on the left, and go to the tab *Custom scalars*. Each picture there is one question. We take
# them in turn; the plots below are drawn from the same figures.
#
# ## 1. Both losses

# %% [markdown]
# **Predict, then look.** The samples of this run get better from its first step to its last. Will G's loss fall? Will D's?

# %% tags=["hide-output"]
[axes] = plots.panels("dcgan, both losses")
for tag, color in (("D_loss", plots.REAL), ("G_loss", plots.FAKE)):
    plots.curve(axes, run, tag, color=color)
    plots.ideal(axes, run.last(f"ideal/{tag}"), f"ideal/{tag}", color=color)
axes.set(ylabel="nats", ylim=(0, 2.5))
axes.legend()
plt.show()
for first, last in ((100, 300), (700, 900)):
    means = {tag: np.mean(values[(steps >= first) & (steps <= last)]) for tag in ("D_loss", "G_loss")
             for steps, values in [run.curve(tag)]}  # fmt: skip
    print(f"steps {first} to {last}: " + ", ".join(f"{tag} {mean:.3f}" for tag, mean in means.items()))

# %% [markdown]
# **What you saw.** TODO
#
# The tab *Scalars* smooths its curves, by 0.6 if you have not touched it: a running mean that forgets. It shows the trend,
# and it hides what a GAN's curves are full of: spikes, swings, a last point that is not finite. Turn it to 0 for a look
# before you believe anything.
#
# ### Exercise 12.1: what the slider does
#
# With weight $w$ the smoothed value is $m_i = w m_{i-1} + (1 - w) y_i$ from $m_0 = 0$ on, divided by $1 - w^i$, so
# that the start is not drawn towards 0; $i$ counts from 1.


# %% tags=["exercise"]
def smoothed(values, weight):
    """TensorBoard's smoothing: array [N] of the same length. values: array [N], finite; weight: in [0, 1)."""
    ...


course.check(12, smoothed)

# %% [markdown]
# ## 2. V and its two terms
#
# D_loss is −V, so V shows nothing new; but here it stands against the one line that theory draws.

# %%
left, right = plots.panels("V", "its terms", sharey=True)
plots.curve(left, run, "value/V", color="black")
plots.ideal(left, losses.IDEAL_VALUE, "−log 4")
plots.curve(right, run, "value/log_D_x", color=plots.REAL)
plots.curve(right, run, "value/log_not_D_G_z", color=plots.FAKE)
plots.ideal(right, losses.IDEAL_VALUE / 2, "log ½")
left.set(ylabel="nats", ylim=(-2.5, 0))
for axes in (left, right):
    axes.legend()
plt.show()

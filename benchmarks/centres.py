"""k-means centres of the first 50,000 digits in the place of samples, and digits themselves, under Parzen windows.

What scores best on the 2014 paper's measure has no generator at all (Theis et al. 2016, table 1).
"""

import time
from typing import Any

import numpy as np
from sklearn.cluster import MiniBatchKMeans

from gan_lowlevel.data import mnist
from gan_lowlevel.grounds import VALIDATION
from gan_lowlevel.metrics.parzen import CENTRES, parzen

TRAIN = 50_000
COUNTS = (1_000, CENTRES)


def measured(folder: str) -> list[dict[str, Any]]:
    """A row a set of centres: how many, Parzen's score with its standard error, seconds."""
    data = mnist.load(folder, download=False)
    images = data.images.reshape(len(data.images), -1).astype(np.float32) / np.float32(255)
    test = data.test_images.reshape(len(data.test_images), -1).astype(np.float32) / np.float32(255)
    train, validation = images[:TRAIN], images[VALIDATION]
    found = []
    for count in COUNTS:
        began = time.perf_counter()
        means = MiniBatchKMeans(count, batch_size=2 * count, n_init=1, max_iter=5, init="random", random_state=0)
        centres = means.fit(train).cluster_centers_.astype(np.float32)
        found.append({"what": "k-means centres", "count": count} | _scored(centres, validation, test, began))
    chosen = np.random.default_rng(0).permutation(TRAIN)[:CENTRES]
    found.append({"what": "training digits", "count": CENTRES} | _scored(train[chosen], validation, test, None))
    return found


def _scored(centres: np.ndarray, validation: np.ndarray, test: np.ndarray, began: float | None) -> dict[str, Any]:
    score = parzen(centres, validation, test)
    seconds = {} if began is None else {"seconds": round(time.perf_counter() - began)}
    return {"parzen": round(score.mean, 2), "stderr": round(score.stderr, 2), "sigma": round(score.sigma, 4)} | seconds

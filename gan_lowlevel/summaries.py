"""What TensorBoard gets of a run: scalars, pictures, histograms, the graph, a card that says how to read them."""

import os
import pathlib
import struct
import time

import numpy as np
import tensorflow as tf
from tensorboard.plugins.histogram.metadata import create_summary_metadata
from tensorboard.plugins.scalar import summary_v2 as scalars
from tensorboard.plugins.text import summary_v2 as texts

from gan_lowlevel import hparams, losses, pictures
from gan_lowlevel.config import Config
from gan_lowlevel.gan import DReport, GReport

v1 = tf.compat.v1

READING = """\
**V(D, G)** = mean log D(x) + mean log(1 − D(G(z))). D climbs it, G lowers it. Where real and generated data are
alike, the best D says ½ everywhere and V is **−log 4 = −1.3863** (`value/minus_log_4`). V near 0: D tells them apart,
G is losing. V below −log 4: D is worse than a coin, for a while.

| curve | what it is | at the ideal point |
|---|---|---|
| `D_loss` | −V, the sum of D's two cross-entropies | 1.3863 |
| `G_loss` | {g_formula} | {g_ideal:.4f} |
| `prob/D_x`, `prob/D_G_z` | mean D(x), mean D(G(z)) | 0.5, 0.5 |
| `accuracy/real`, `accuracy/fake` | share of x, of G(z), that D puts on the right side of ½ | 0.5, 0.5 |

D's figures are of its last update of the step, before it is applied; G's likewise.

**Losses that go down do not mean pictures that get better.** Two players pull at one value: look at the samples
(tab *Images*), and at D(x) and D(G(z)) drawing together. D too strong: D(G(z)) → 0, `D_loss` → 0, `G_loss` climbs;
give G more updates (`--g_step`) or D fewer (`--d_step`). G collapsed: samples all alike, curves that swing together.

**Other programs print another number for D at the same point**: half of our sum, 0.6931; with real labels smoothed to
0.875, 1.3706.
"""
BUCKETS = 30  # in a histogram, TensorBoard's own number
G_FORMULAS = {"non_saturating": "−mean log D(G(z))", "minimax": "mean log(1 − D(G(z)))"}


def scalar_tags(d: DReport, g: GReport, steps_per_second: float) -> dict[str, float]:
    """A step's finished reports as scalars by tag; the columns of metrics.csv bear the same names."""
    return {
        "D_loss": float(d.d_loss),
        "G_loss": float(g.g_loss),
        "value/V": float(d.value),
        "value/minus_log_4": losses.IDEAL_VALUE,
        "prob/D_x": float(d.d_real),
        "prob/D_G_z": float(d.d_fake),
        "accuracy/real": float(d.accuracy_real),
        "accuracy/fake": float(d.accuracy_fake),
        "speed/steps_per_second": steps_per_second,
    }


class Events:
    """The run's event file; close it to have everything on disk."""

    def __init__(self, directory: pathlib.Path, graph: tf.Graph, start: int):
        """Open a new event file at step `start`; TensorBoard drops what an earlier process wrote beyond it."""
        # TensorFlow names the file by the second: two of one second would be one file. Nanoseconds keep them in order.
        suffix = f".{time.time_ns()}.{os.getpid()}"
        self._writer = v1.summary.FileWriter(str(directory), graph, filename_suffix=suffix)
        self._writer.add_session_log(v1.SessionLog(status=v1.SessionLog.START), start)

    def close(self) -> None:
        """Write what is left and end the file."""
        self._writer.close()

    def flush(self) -> None:
        """Hand everything so far to the system."""
        self._writer.flush()

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """One point on each curve."""
        for tag, value in values.items():
            self._add(step, scalars.scalar_pb(tag, value))

    def histograms(self, step: int, values: dict[str, np.ndarray]) -> None:
        """A histogram of BUCKETS buckets for each tag.

        Counted here, since TensorBoard's own helper takes 10 s and gigabytes for the 25 million weights of one layer.
        """
        for tag, array in values.items():
            finite = array[np.isfinite(array)].astype(np.float64)  # float32 may be too coarse for 30 edges
            counts, edges = np.histogram(finite, bins=BUCKETS)
            buckets = np.stack([edges[:-1], edges[1:], counts], axis=1).astype(np.float64)  # [BUCKETS, 3]
            metadata = create_summary_metadata(display_name=None, description=None).SerializeToString()
            value = v1.Summary.Value(
                tag=tag,
                metadata=v1.SummaryMetadata.FromString(metadata),
                tensor=tf.make_tensor_proto(buckets),
            )
            self._add(step, v1.Summary(value=[value]))

    def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
        """One picture, uint8 [H, W, C], as one PNG."""
        self.png(step, tag, pictures.png(picture))

    def png(self, step: int, tag: str, content: bytes) -> None:
        """One picture, the bytes of a PNG file."""
        width, height = struct.unpack(">II", content[16:24])  # where every PNG has them
        image = v1.Summary.Image(height=height, width=width, encoded_image_string=content)
        self._add(step, v1.Summary(value=[v1.Summary.Value(tag=tag, image=image)]))

    def reading_card(self, step: int, g_loss: str) -> None:
        """The text card: how to read these curves, for the G loss that this run trains with."""
        text = READING.format(g_formula=G_FORMULAS[g_loss], g_ideal=losses.IDEAL_G_LOSS[g_loss])
        self._add(step, texts.text_pb("how_to_read_these_curves", text))

    def trial_begins(self, step: int, config: Config) -> None:
        """The run as a trial of the HParams tab; its measures are the last points of its scalars."""
        self._add(step, hparams.begin_pb(config))

    def trial_ends(self, step: int) -> None:
        """The trial has reached its last step; its last scalars are written."""
        self._add(step, hparams.end_pb())

    def _add(self, step: int, summary) -> None:
        self._writer.add_summary(summary.SerializeToString(), step)

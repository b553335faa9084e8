"""What TensorBoard gets of a run: scalars, pictures, histograms, the graph, text cards, the layout of curves."""

import os
import pathlib
import platform
import struct
import time

import numpy as np
import tensorflow as tf
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.custom_scalar import summary as custom_scalars
from tensorboard.plugins.histogram.metadata import create_summary_metadata
from tensorboard.plugins.pr_curve import summary as pr_curves
from tensorboard.plugins.scalar import summary_v2 as scalars
from tensorboard.plugins.text import summary_v2 as texts

from gan_lowlevel import hparams, losses, pictures
from gan_lowlevel.config import Config
from gan_lowlevel.event_file import EventFile
from gan_lowlevel.gan import DReport, GReport

v1 = tf.compat.v1

BUCKETS = 30  # in a histogram, TensorBoard's own number
PART = 2**18  # values that are counted at a time

# What belongs together in one picture of the tab Custom scalars: by group and picture, the tags, as patterns.
LAYOUT = {
    "the game": {
        "both losses and their ideal values": ["D_loss", "G_loss", "ideal/D_loss", "ideal/G_loss"],
        "V and −log 4": ["value/V", "value/minus_log_4"],
        "V's two terms": ["value/log_D_x", "value/log_not_D_G_z"],
        "D(x), D(G(z)) and ½": ["prob/D_x", "prob/D_G_z", "ideal/D"],
        "D's accuracies": ["accuracy/real", "accuracy/fake"],
    },
    "the theory": {
        "V where it trains and on held-out data": ["value/V_train", "value/V_held_out", "value/minus_log_4"],
        "bound of the Jensen–Shannon divergence, and log 2": ["jsd/.*"],
        "norm of G's gradient under both losses": ["gradient/minimax", "gradient/non_saturating"],
        "arguments that literal logarithms would clip (0 is good)": ["numerics/clipped"],
        "spread of samples, and of their pixels, of real ones' (near 0: G is flat)": [
            "spread/samples",
            "spread/pixels",
        ],
        "spread of D's logits (0 for long: D is dead)": ["spread/D_logits"],
    },
}


def scalar_tags(d: DReport, g: GReport, g_loss: str, steps_per_second: float) -> dict[str, float]:
    """A step's finished reports as scalars by tag; the columns of metrics.csv bear the same names."""
    return {
        "D_loss": float(d.d_loss),
        "G_loss": float(g.g_loss),
        "value/V": float(d.value),
        "value/log_D_x": float(d.log_d_real),
        "value/log_not_D_G_z": float(d.log_not_d_fake),
        "value/minus_log_4": losses.IDEAL_VALUE,
        "ideal/D_loss": losses.IDEAL_D_LOSS,
        "ideal/G_loss": losses.IDEAL_G_LOSS[g_loss],
        "ideal/D": 0.5,
        "prob/D_x": float(d.d_real),
        "prob/D_G_z": float(d.d_fake),
        "accuracy/real": float(d.accuracy_real),
        "accuracy/fake": float(d.accuracy_fake),
        "speed/steps_per_second": steps_per_second,
    }


def first_step(start: int) -> int:
    """From which step on TensorBoard drops what earlier processes wrote, where one begins after `start` steps.

    What each process writes as it begins stands at this step, so that the next one to begin here drops it.
    """
    return start + 1 if start else 0  # what was written at `start` itself stays


class Events:
    """The run's event file; close it to have everything on disk. What the disk refuses is an OSError at once."""

    def __init__(self, directory: pathlib.Path, graph: tf.Graph, start: int):
        """Open a new event file at step `start`; TensorBoard drops what an earlier process wrote beyond it."""
        now = time.time_ns()  # TensorFlow names the file by the second: two of one second would be one file
        name = f"events.out.tfevents.{now // 10**9:010d}.{platform.node()}.{now}.{os.getpid()}"
        begins = first_step(start)  # from it on TensorBoard drops points
        self._file = EventFile(directory / name, begins)
        self._file.add(v1.Event(step=begins, graph_def=graph.as_graph_def(add_shapes=True).SerializeToString()))
        self._described: set[str] = set()  # tags; TensorBoard keeps what the first point of each says of it

    def close(self) -> None:
        """Write what is left and end the file."""
        self._file.close()

    def flush(self) -> None:
        """Hand everything so far to the system."""
        self._file.flush()

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """One point on each curve."""
        for tag, value in values.items():
            self._add(step, scalars.scalar_pb(tag, value))

    def histograms(self, step: int, values: dict[str, np.ndarray]) -> None:
        """A histogram of BUCKETS buckets for each tag.

        Counted here, since TensorBoard's own helper takes 10 s and gigabytes for the 25 million weights of one layer.
        """
        for tag, array in values.items():
            counts, edges = _histogram(array.ravel())
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

    def text(self, step: int, tag: str, text: str) -> None:
        """A card, in Markdown."""
        self._add(step, texts.text_pb(tag, text))

    def pr_curve(self, step: int, tag: str, labels: np.ndarray, predictions: np.ndarray) -> None:
        """Precision and recall over thresholds: labels bool [N], predictions [N] in [0, 1]."""
        self._add(step, pr_curves.pb(tag, labels, predictions))

    def layout(self, step: int, of_samples: dict[str, list[str]]) -> None:
        """The pictures of the tab Custom scalars, see LAYOUT; of_samples: those of this kind of data, tags by title."""
        categories = [
            layout_pb2.Category(
                title=group,
                chart=[
                    layout_pb2.Chart(
                        title=title, multiline=layout_pb2.MultilineChartContent(tag=[f"^{t}$" for t in tags])
                    )
                    for title, tags in charts.items()
                ],
            )
            for group, charts in (LAYOUT | {"the samples": of_samples}).items()
        ]
        self._add(step, custom_scalars.pb(layout_pb2.Layout(category=categories)))

    def trial_begins(self, step: int, config: Config) -> None:
        """The run as a trial of the HParams tab; its measures are the last points of its scalars."""
        self._add(step, hparams.begin_pb(config))

    def trial_ends(self, step: int) -> None:
        """The trial has reached its last step; its last scalars are written."""
        self._add(step, hparams.end_pb())

    def _add(self, step: int, summary) -> None:
        event = v1.Event(step=step)
        event.summary.ParseFromString(summary.SerializeToString())  # from TensorBoard's type of it to TensorFlow's
        for value in event.summary.value:
            if value.tag in self._described:
                value.ClearField("metadata")
            self._described.add(value.tag)
        self._file.add(event)


def _histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts [BUCKETS] and edges [BUCKETS + 1] of the finite values [N], in float64: float32 may be too coarse for 30
    edges. Part after part, since float64 of all of them is much to move."""
    if not (values.size and np.isfinite(values.min()) and np.isfinite(values.max())):  # NaN comes through both
        values = values[np.isfinite(values)]
    if not values.size:
        return np.histogram(values, bins=BUCKETS)
    _, edges = np.histogram(np.array([values.min(), values.max()], np.float64), bins=BUCKETS)
    parts = (values[first : first + PART].astype(np.float64) for first in range(0, values.size, PART))
    return sum(np.histogram(part, bins=BUCKETS, range=(edges[0], edges[-1]))[0] for part in parts), edges

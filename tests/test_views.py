"""What a run shows of its data: pictures and points, each from the players as they are."""

import contextlib
import io
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_lowlevel import data, runs, sessions, views
from gan_lowlevel import gan as graph
from gan_lowlevel.commandline import read_config
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.networks import GAMES
from gan_lowlevel.theory import Theory

v1 = tf.compat.v1


class Kept:
    """In the event file's place: what would be shown, by tag."""

    def __init__(self):
        self.pictures: dict[str, np.ndarray] = {}

    def picture(self, step, tag, picture):
        self.pictures[tag] = picture

    def png(self, step, tag, content):
        self.pictures[tag] = np.asarray(Image.open(io.BytesIO(content)))


@contextlib.contextmanager
def scene(tmp_path, model: str, *argv: str) -> Iterator[tuple[views.View, views.Scene, Kept]]:
    config = read_config([f"--model={model}", f"--logdir={tmp_path}", "--run_name=r", "--batch_size=8", *argv])
    game, data_set, run = GAMES[model](config), data.load(config), runs.locate(config)
    rows = data.rows(data_set, config, game.output_range, game.data_shape)
    held_out = data.held_out(data_set, config, game.output_range, game.data_shape)
    with tf.Graph().as_default(), v1.Session(config=sessions.session_config(1)) as session, runs.claimed(run):
        loop = ExplicitLoop(session, graph.build(config, game), game, config, rows)
        theory = Theory(loop, held_out)
        session.run(v1.global_variables_initializer())
        kept = Kept()
        z = sessions.latents(game, config.z_dim, list(range(64)))
        seen = views.Scene(loop, theory, data_set, run, kept, z)
        yield views.of(seen), seen, kept


def test_a_walk_begins_and_ends_at_the_samples_of_its_two_seeds(tmp_path):
    with scene(tmp_path, "mlp") as (_, seen, _kept):
        walks, samples = seen.walks(3, 5), seen.fakes(seen.z)
        assert walks.shape == (3, 5, 784)
        np.testing.assert_allclose(walks[:, 0], samples[[0, 2, 4]], atol=1e-6)
        np.testing.assert_allclose(walks[:, -1], samples[[1, 3, 5]], atol=1e-6)
        middle = seen.fakes((seen.z[0:1] + seen.z[1:2]) / 2)
        np.testing.assert_allclose(walks[0, 2], middle[0], atol=1e-5)


def test_pictures_show_samples_walks_and_neighbours(tmp_path):
    with scene(tmp_path, "mlp") as (view, _, kept):
        view.start(0)
        view.samples(7)
        view.views(7)
        assert set(kept.pictures) == {"samples/real", "samples/fake", "views/walk", "views/nearest"}
        assert kept.pictures["samples/fake"].shape == (8 * 29 - 1, 8 * 29 - 1)
        assert kept.pictures["views/walk"].shape == (8 * 29 - 1, 10 * 29 - 1, 1)
        assert kept.pictures["views/nearest"].shape == (16 * 29 - 1, 8 * 29 - 1, 1)
    assert (tmp_path / "r/samples/step_00000007.png").is_file()


def test_under_a_sample_that_is_a_training_digit_lies_that_digit(tmp_path):
    with scene(tmp_path, "mlp") as (view, seen, kept):
        table = seen.loop.rows.table
        w, b = (v for v in seen.loop.gan.theta.g if "dense_2" in v.name)
        logits = np.log((table[17] / 255.0 + 1e-3) / (1.001 - table[17] / 255.0))
        seen.loop.session.run([w.assign(tf.zeros_like(w)), b.assign(logits.astype(np.float32))])  # G always draws it
        view.views(1)
        lower = kept.pictures["views/nearest"][29 : 29 + 28, :28, 0]  # under the first sample
        np.testing.assert_array_equal(lower.ravel(), table[17])
        assert view.measures(1)["quality/diversity"] == pytest.approx(0.0, abs=1e-6)


def test_diversity_of_real_pictures_is_that_of_real_pictures(tmp_path, monkeypatch):
    with scene(tmp_path, "mlp") as (view, seen, _):
        real = seen.loop.rows.table[:64].reshape(64, 784) / np.float32(255)
        monkeypatch.setattr(views.Scene, "fakes", lambda self, z: real)
        other = view.measures(1)["quality/diversity"]
        assert 0.9 < other < 1.1  # other digits than the 64 it is held against
        monkeypatch.setattr(views.Scene, "fakes", lambda self, z: real / 2)
        assert view.measures(1)["quality/diversity"] == pytest.approx(other / 2)  # distances halve


def test_points_show_scatter_surface_and_walk(tmp_path):
    with scene(tmp_path, "parabola") as (view, _, kept):
        view.start(0)
        view.samples(5)
        view.views(5)
        assert set(kept.pictures) == {"samples/function", "samples/fake", "views/surface", "views/walk"}
        assert kept.pictures["views/surface"].shape == (480, 880, 3)  # two panels, a loss each
        figures = view.measures(5)
        assert set(figures) == {f"quality/{name}" for name in ("error", "near", "energy", "bins")}
        assert figures["quality/energy"] > 0.05  # nothing is learnt yet
    for kind in ("samples", "surface"):
        assert (tmp_path / f"r/{kind}/step_00000005.png").is_file()


def test_uniform_fakes_are_what_the_plane_shows(tmp_path):
    with scene(tmp_path, "parabola", "--fakes=uniform", "--g_step=0") as (view, _, kept):
        view.samples(0)
        view.views(0)
        uniform = kept.pictures["samples/fake"]
    with scene(tmp_path, "parabola", "--g_step=0", "--run_name=s") as (view, _, kept):
        view.samples(0)
        assert (kept.pictures["samples/fake"] != uniform).any()

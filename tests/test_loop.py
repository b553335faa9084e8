"""The loop: how often each player moves, in which order, on which x and z, and what it reports."""

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import draws, sessions
from gan_lowlevel import gan as graph
from gan_lowlevel.commandline import read_config
from gan_lowlevel.data.batches import Batches
from gan_lowlevel.data.drawn import Points, uniform_points
from gan_lowlevel.data.parabola import Parabola
from gan_lowlevel.draws import Stream
from gan_lowlevel.loop import ExplicitLoop, batch_number, batches_played
from gan_lowlevel.networks import GAMES

v1 = tf.compat.v1


@dataclasses.dataclass(frozen=True)
class Numbered:
    """Rows as a loop wants them: batch k holds k/1000 everywhere; every third one has a row less."""

    batch_size: int
    shape: tuple[int, ...]

    def size(self, k: int) -> int:
        return self.batch_size - (k % 3 == 2)

    def batch(self, k: int) -> np.ndarray:
        return np.full((self.size(k), *self.shape), k / 1000, np.float32)


def number_of(x: np.ndarray) -> int:
    """Which of Numbered's batches it is."""
    return round(float(x.flat[0]) * 1000)


class Run(NamedTuple):
    """A session.run that was asked for."""

    fetches: object
    feed: dict


class Recorder:
    """In the session's place: keeps what it is asked to run. Answers with the fetches, and that all is finite."""

    def __init__(self):
        self.runs: list[Run] = []

    def run(self, fetches, feed_dict=None):
        self.runs.append(Run(fetches, feed_dict))
        if isinstance(fetches, tuple) and fetches[0].dtype == tf.bool:  # an update
            return (np.ones(1, bool), *fetches[1:])
        return fetches


@contextlib.contextmanager
def loop(model: str, *argv: str, session=None, rows=None, change=lambda gan: gan) -> Iterator[ExplicitLoop]:
    """A loop over the model's graph as `change` leaves it, in a real session unless one is given."""
    config = read_config([f"--model={model}", "--batch_size=4", *argv])
    game = GAMES[model](config)
    with tf.Graph().as_default(), v1.Session(config=sessions.session_config(2)) as real:
        gan = change(graph.build(config, game))
        real.run(v1.global_variables_initializer())
        yield ExplicitLoop(session or real, gan, game, config, rows or Numbered(4, game.data_shape))


def recorded(model: str, *argv: str, steps: int = 2) -> tuple[ExplicitLoop, list[Run]]:
    recorder = Recorder()
    with loop(model, *argv, session=recorder) as played:
        for step in range(steps):
            played.play(step)
    return played, recorder.runs


# How often, and in which order


def counters(gan: graph.Gan) -> graph.Gan:
    """The game with updates that count instead: 10 for each of D, 100 for each of G, 1000 for both at once."""
    count = v1.get_variable("count", [], tf.int64, v1.zeros_initializer(), trainable=False)

    def counts(by: int) -> graph.Update:
        with tf.control_dependencies([count.assign_add(by, read_value=False)]):
            return graph.Update(tf.constant([True]), ["count"])

    return dataclasses.replace(gan, d_train=counts(10), g_train=counts(100), both_train=counts(1000))


def counted() -> int:
    return v1.get_default_session().run(next(v for v in v1.global_variables() if v.op.name == "count"))


@pytest.mark.parametrize("model", ["mlp", "parabola"])
@pytest.mark.parametrize(("d_step", "g_step"), [(1, 1), (1, 2), (3, 1), (2, 5), (0, 1), (1, 0), (0, 3)])
def test_a_step_updates_each_player_as_often_as_the_settings_say(model, d_step, g_step):
    with loop(model, f"--d_step={d_step}", f"--g_step={g_step}", change=counters) as played:
        for step in range(3):
            played.play(step)
            assert counted() == (step + 1) * (10 * d_step + 100 * g_step)


def test_the_articles_ratio_is_the_recipes():
    with loop("mlp", change=counters) as played:
        played.play(0)
        assert counted() == 10 * 1 + 100 * 2
    for model in ("mlp_deep", "dcgan", "dog", "goodfellow", "mixture", "parabola"):
        config = read_config([f"--model={model}"])
        assert (config.d_step, config.g_step) == (1, 1)


def test_simultaneous_updates_are_one_run_a_step():
    with loop("mlp", "--updates=simultaneous", "--g_step=1", change=counters) as played:
        played.play(0)
        played.play(1)
        assert counted() == 2 * 1000


def test_the_optimizers_own_counts_agree():
    # Adam keeps beta1^(1 + updates): 1 D and 2 G in mlp; in parabola each round of D is two updates, on real and fake.
    for model, d, g in (("mlp", 1, 2), ("parabola", 2, 1)):
        with loop(model) as played:
            for step in range(3):
                played.play(step)
            powers = {v.op.name: v for v in v1.global_variables() if v.op.name.endswith("beta1_power")}
            got = v1.get_default_session().run(powers)
        assert got["d_optimizer/beta1_power"] == pytest.approx(0.9 ** (1 + 3 * d), rel=1e-5)
        assert got["g_optimizer/beta1_power"] == pytest.approx(0.9 ** (1 + 3 * g), rel=1e-5)


def test_d_moves_before_g_and_each_run_updates_one_player():
    played, runs = recorded("mlp", "--d_step=2", "--g_step=3", steps=1)
    gan = played.gan
    assert [run.fetches for run in runs] == 2 * [(gan.d_train.finite, gan.d_report)] + 3 * [
        (gan.g_train.finite, gan.g_report)
    ]


# On which x and z


@pytest.mark.parametrize(("d_step", "g_step"), [(1, 2), (3, 2)])
def test_fresh_sampling_gives_every_update_another_x_and_z(d_step, g_step):
    played, runs = recorded("mlp", f"--d_step={d_step}", f"--g_step={g_step}", steps=4)
    gan = played.gan
    xs = [number_of(run.feed[gan.x]) for run in runs if gan.x in run.feed]
    assert xs == list(range(4 * d_step))  # every batch once, in order, none left out
    assert all(gan.x not in run.feed for run in runs if run.fetches[0] is gan.g_train.finite)
    keys = [tuple(run.feed[gan.draw])[:-1] for run in runs]
    assert len(set(keys)) == len(keys) == 4 * (d_step + g_step)

    with loop("mlp", f"--d_step={d_step}", f"--g_step={g_step}") as real:  # and so the z that are drawn
        zs = [real.session.run(real.gan.z, real.d_feed(step, k)) for step in range(3) for k in range(d_step)]
        zs += [real.session.run(real.gan.z, real.g_feed(step, k)) for step in range(3) for k in range(g_step)]
    numbers = np.concatenate([z.ravel() for z in zs])
    # Of n uniform numbers on a grid of 2^24, about n^2/2^25 pairs agree by chance: 0.5 of 4,000, 4 of 12,000.
    assert len(np.unique(numbers)) > len(numbers) - 30


def test_article_sampling_has_one_z_for_ever_and_one_x_a_step():
    played, runs = recorded("mlp", "--sampling=article", "--d_step=3", "--g_step=2", steps=4)
    gan = played.gan
    xs = [number_of(run.feed[gan.x]) for run in runs if gan.x in run.feed]
    assert xs == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert len({tuple(run.feed[gan.draw])[:-1] for run in runs}) == 1

    with loop(
        "mlp", "--sampling=article", rows=Points(Parabola(), 0, 4)
    ) as real:  # rows of a full batch in every update
        feeds = [real.d_feed(0, 0), real.d_feed(7, 0), real.g_feed(0, 0), real.g_feed(7, 1)]
        first, *others = [real.session.run(real.gan.z, {real.gan.draw: feed[real.gan.draw]}) for feed in feeds]
    assert len(np.unique(first)) > 390  # 400 entries
    for other in others:
        assert np.array_equal(other, first)


@pytest.mark.parametrize("model", ["mlp", "parabola"])  # G of parabola takes twice as many rows
@pytest.mark.parametrize(("d_step", "g_step"), [(1, 1), (2, 3), (0, 2), (3, 0)])
def test_a_players_updates_take_the_rows_of_its_stream_one_after_the_other(model, d_step, g_step):
    with loop(model, f"--d_step={d_step}", f"--g_step={g_step}", "--seed=5", rows=Points(Parabola(), 0, 4)) as played:
        session, game, z = played.session, played.game, played.gan.z
        for stream, updates, rows, feed in (
            (Stream.D_LATENT, max(d_step, 1), 4, played.d_feed),  # a player that stays is looked at once a step
            (Stream.G_LATENT, max(g_step, 1), 4 * game.g_rows, played.g_feed),
        ):
            numbers = [(step, update) for step in range(3) for update in range(updates)]
            feeds = [{played.gan.draw: feed(step, update)[played.gan.draw]} for step, update in numbers]
            each = [session.run(z, fed) for fed in feeds]
            at_once = game.latent(len(numbers) * rows, played.config.z_dim, draws.origin(5, stream, 0))
            assert np.array_equal(np.concatenate(each), session.run(at_once))


def test_a_short_batch_takes_the_first_rows_of_a_whole_ones():
    with loop("mlp") as played:  # batches of 4, 4, 3 rows
        draw = played.gan.draw
        for step, size in ((1, 4), (2, 3), (3, 4)):
            d, g = played.d_feed(step, 0)[draw], [played.g_feed(step, update)[draw] for update in (0, 1)]
            assert d == (*draws.origin(played.config.seed, Stream.D_LATENT, step * 4), size)
            first = 2 * step * 4  # two updates of G a step
            assert g[0] == (*draws.origin(played.config.seed, Stream.G_LATENT, first), size)
            assert g[1] == (*draws.origin(played.config.seed, Stream.G_LATENT, first + 4), size)


@pytest.mark.parametrize("sampling", ["fresh", "article"])
@pytest.mark.parametrize("stream", [Stream.D_LATENT, Stream.G_LATENT])
def test_the_origin_of_a_steps_tensor_is_that_of_its_number(sampling, stream):
    with loop("mlp", "--d_step=2", f"--sampling={sampling}") as played:
        for step in (0, 3, 10**11):
            wanted = played.origin(stream, step, 1)
            got = played.session.run(tf.stack(played.origin(stream, tf.constant(step, tf.int64), 1)))
            assert tuple(got) == wanted
            if sampling == "article":
                assert wanted == draws.origin(played.config.seed, Stream.D_LATENT, 0)


def test_any_step_can_be_played_at_any_time():
    played, runs = recorded("mlp", steps=5)
    late = Recorder()
    dataclasses.replace(played, session=late).play(4)
    for run, before in zip(late.runs, runs[-3:], strict=True):
        assert run.feed.keys() == before.feed.keys()
        for tensor, value in run.feed.items():
            assert np.array_equal(value, before.feed[tensor])


@pytest.mark.parametrize(("d_step", "sampling"), [(1, "fresh"), (3, "fresh"), (0, "fresh"), (3, "article")])
def test_batches_played_counts_what_the_loop_asked_for(d_step, sampling):
    _, runs = recorded("mlp", f"--d_step={d_step}", f"--sampling={sampling}", steps=5)
    xs = [number_of(x) for run in runs for tensor, x in run.feed.items() if tensor.name == "x:0"]
    config = read_config(["--model=mlp", f"--d_step={d_step}", f"--sampling={sampling}"])
    assert batches_played(config, 0) == 0
    assert batches_played(config, 5) == max(xs) + 1 == len(set(xs))
    assert batch_number(config, 5, 0) == max(xs) + 1  # a run that goes on does not see a batch twice


def test_parabola_draws_twice_as_many_for_g():
    with loop("parabola", "--batch_size=64", rows=Points(Parabola(), 0, 64)) as played:
        d, g = played.d_feed(0, 0), played.g_feed(0, 0)
        assert played.session.run(played.gan.z, d).shape == (64, 5)
        assert len(d[played.gan.x]) == 64
        assert played.session.run(played.gan.z, g).shape == (2 * 64, 5)  # n_batch = 128 where half_batch = 64


def test_g_draws_as_many_as_a_short_last_batch_has():
    images = np.arange(6, dtype=np.uint8)[:, None].repeat(28 * 28, axis=1).reshape(6, 28, 28, 1)
    rows = Batches(images, 4, seed=0, output_range=(-1.0, 1.0), shape=(28, 28, 1), last_batch="short")
    with loop("dcgan", rows=rows) as played:  # its recipe's last batch trains as it is
        assert played.config.last_batch == "short"
        for step, size in ((0, 4), (1, 2), (2, 4), (3, 2)):
            d, g = played.d_feed(step, 0), played.g_feed(step, 0)
            assert len(d[played.gan.x]) == size
            for feed in (d, g):
                assert played.session.run(tf.shape(played.gan.z), feed).tolist() == [size, 100]
    # With more updates of D in a step, G draws as many as the last of them saw.
    with loop("mlp", "--d_step=2") as played:  # batches of 4, 4, 3 rows
        assert [played.session.run(tf.shape(played.gan.z), played.g_feed(step, 0))[0] for step in range(3)] == [4, 4, 3]


@pytest.mark.parametrize("model", GAMES)
def test_ds_fakes_are_made_as_the_source_makes_them(model):
    played, runs = recorded(model, steps=1)
    fed = {run.fetches[0]: run.feed for run in runs}
    if played.config.updates == "simultaneous":  # one run for both, with batch statistics
        assert list(fed) == [played.gan.both_train.finite]
        assert played.gan.training not in fed[played.gan.both_train.finite]
        return
    # Only dog's source predicts; G's own update always takes batch statistics, the placeholder's default.
    assert fed[played.gan.d_train.finite].get(played.gan.training, True) is (model != "dog")
    assert played.gan.training not in fed[played.gan.g_train.finite]
    assert played.gan.x not in fed[played.gan.g_train.finite]


# D alone against uniform points


def test_uniform_fakes_take_the_place_of_g():
    argv = ["--fakes=uniform", "--g_step=0", "--d_learning_rate=0.01", "--batch_size=64"]
    with loop("parabola", *argv, rows=Points(Parabola(), 0, 64)) as played:
        gan, session = played.gan, played.session
        feed = played.d_feed(3, 0)
        assert np.array_equal(session.run(gan.play.fake, feed), uniform_points(played.config.seed, 3, 64))
        theta_g, theta_d = session.run((gan.theta.g, gan.theta.d))
        first = played.play(0)
        for step in range(1, 300):
            last = played.play(step)
        after_g, after_d = session.run((gan.theta.g, gan.theta.d))
    for before, after in zip(theta_g, after_g, strict=True):
        assert np.array_equal(before, after)
    for before, after in zip(theta_d, after_d, strict=True):
        assert not np.array_equal(before, after)
    # D learns to tell the curve from the square's points: V climbs from about -log 4.
    assert last.d.value > first.d.value + 0.5
    assert min(last.d.accuracy_real, last.d.accuracy_fake) > 0.7


# Reports


@pytest.mark.parametrize("model", ["mlp", "parabola"])
@pytest.mark.parametrize("still", ["d", "g"])
def test_with_no_updates_a_player_is_reported_and_stays(model, still):
    with loop(model, f"--{still}_step=0") as played:
        session, theta = played.session, {"d": played.gan.theta.d, "g": played.gan.theta.g}
        moved = "g" if still == "d" else "d"
        before = session.run(theta)
        wanted = session.run(played.gan.d_report, played.d_feed(0, 0))
        report = played.play(0)
        after = session.run(theta)
        if still == "d":  # nothing has moved before D's report
            assert report.d == wanted
        assert np.isfinite(report.d + report.g).all()
        for one, other in zip(before[still], after[still], strict=True):
            assert one.tobytes() == other.tobytes()
        for one, other in zip(before[moved], after[moved], strict=True):
            assert one.tobytes() != other.tobytes()


def test_the_reports_are_of_the_last_updates_before_they_are_applied():
    argv = ["--d_step=2", "--g_step=2", "--d_learning_rate=0.01", "--g_learning_rate=0.01"]
    with loop("mlp", *argv) as played:
        session, gan = played.session, played.gan
        reports = []
        for train, report, feed in (
            (gan.d_train.finite, gan.d_report, played.d_feed(0, 0)),
            (gan.d_train.finite, gan.d_report, played.d_feed(0, 1)),
            (gan.g_train.finite, gan.g_report, played.g_feed(0, 0)),
            (gan.g_train.finite, gan.g_report, played.g_feed(0, 1)),
        ):
            reports.append(session.run(report, feed))  # at the weights that this update will find
            session.run(train, feed)
    with loop("mlp", *argv) as played:  # once more from the start
        got = played.play(0)
    assert len({report[0] for report in reports}) == 4
    # The same sums, fetched with an update or without: float32 rounding at most.
    np.testing.assert_allclose(got.d, reports[1], rtol=1e-5)
    np.testing.assert_allclose(got.g, reports[3], rtol=1e-5)

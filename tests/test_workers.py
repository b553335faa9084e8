"""Several workers are held to one process: the same draws and batches, cut by rank; the same numbers up to the last
bits. Each worker is a thread here, with a server, a graph and a session of its own."""

import contextlib
import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_lowlevel import data, networks
from gan_lowlevel.cluster import Cluster
from gan_lowlevel.commandline import read_config
from gan_lowlevel.compiled import CompiledLoop
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.gan import build
from gan_lowlevel.loop import ExplicitLoop
from gan_lowlevel.workers import ALONE, Workers, join

v1 = tf.compat.v1

pytestmark = pytest.mark.workers


class Loss(NamedTuple):
    """A record of scalars, as reports are."""

    loss: tf.Tensor


def clusters(size: int) -> list[Cluster]:
    """One for each rank, on ports that are free."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(size)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
    return [Cluster({"worker": addresses}, "worker", rank) for rank in range(size)]


def each(size: int, act, *flags: str) -> list[Any]:
    """What `act` gives for the Workers of each rank, all at the same time, in a graph of its own."""
    config = read_config([*flags, "--threads=1", "--peer_timeout=20"])

    def alone(cluster: Cluster):
        workers = Workers(cluster, config)
        with tf.Graph().as_default(), workers.placed(config, "0" * 64):
            return act(workers, config)

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(alone, clusters(size)))


def play(workers, config, steps: int, compiled: bool = False) -> tuple[dict[str, np.ndarray], Any]:
    """All variables after so many steps, and the last report, as training plays them."""
    game = networks.GAMES[config.model](config)
    rows = data.rows(data.load(config), config, game.output_range, game.data_shape)
    with workers.session(config) as session:
        gan = build(config, game, workers)
        variables = {v.op.name: v for v in v1.global_variables()}
        session.run(v1.global_variables_initializer())
        workers.begin(session, 0)
        loop = engine = ExplicitLoop(session, gan, game, config, rows, workers=workers)
        if compiled:
            engine = CompiledLoop(loop)
        done = 0
        while done < steps:
            report, done = engine.play_until(done, workers.until(done, steps))
            assert workers.agree(session, done, None) is None
        return session.run(variables), report


def one(steps: int, *flags: str):
    with tf.Graph().as_default():
        return play(ALONE, read_config([*flags, "--threads=1"]), steps)


def several(size: int, steps: int, *flags: str, compiled: bool = False):
    return each(size, lambda workers, config: play(workers, config, steps, compiled), *flags)


def bits(values: dict[str, np.ndarray]) -> dict[str, str]:
    return {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in values.items()}


def largest_difference(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> float:
    assert a.keys() == b.keys()
    return max(float(np.abs(a[name].astype(np.float64) - b[name]).max()) for name in a)


@pytest.fixture
def photographs(tmp_path) -> str:
    """A flag that names a folder of five pictures."""
    noise = np.random.default_rng(0)
    for i in range(5):
        Image.fromarray(noise.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / f"{i}.png")
    return f"--input_data_dir={tmp_path}"


@pytest.mark.parametrize(
    ("flags", "size", "steps", "tolerance"),
    [
        # Sums in another order differ in their last bits, about 1e-7, which the steps carry on.
        (["--model=mlp", "--batch_size=32"], 2, 20, 1e-4),
        (["--model=mlp", "--batch_size=32"], 3, 20, 1e-4),
        (["--model=mlp_deep", "--batch_size=8"], 2, 5, 1e-5),
        (["--model=parabola"], 3, 50, 1e-4),
        (["--model=parabola", "--d_step=0"], 2, 20, 1e-4),
        (["--model=parabola", "--g_step=0", "--fakes=uniform"], 3, 20, 1e-4),
        (["--model=gaussian"], 2, 20, 1e-4),
        # Batch norm over all rows. Its gradients pass through both workers' rows.
        (["--model=mixture", "--batch_size=100"], 3, 1, 1e-6),
        # 4,500 digits in batches of 1,127: the fourth, of 1,119, is cut in shares of 559 and 560.
        (["--model=mlp", "--batch_size=1127", "--last_batch=short"], 2, 4, 1e-4),
        (["--model=mlp", "--batch_size=16", "--sampling=article", "--d_step=2"], 2, 10, 1e-4),
        (["--model=mlp", "--batch_size=16", "--updates=simultaneous", "--g_step=1"], 2, 10, 1e-4),
        (["--model=mlp", "--batch_size=16", "--g_loss=minimax", "--log_form=literal", "--optimizer=sgd"], 3, 10, 1e-4),
        # Dropout masks are cut like z, whichever connection of D they are for.
        (["--model=dcgan", "--batch_size=7"], 3, 2, 1e-5),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_several_workers_agree_with_one_process(flags, size, steps, tolerance):
    expected, alone = one(steps, *flags)
    results = several(size, steps, *flags)
    for values, report in results:
        assert bits(values) == bits(results[0][0])  # to the bit among themselves
        assert report.d.value == pytest.approx(alone.d.value, abs=10 * tolerance)
        assert report.g.g_loss == pytest.approx(alone.g.g_loss, abs=10 * tolerance)
        assert report.finite.all()
        assert len(report.finite) == len(alone.finite)
    assert 0 < largest_difference(results[0][0], expected) <= tolerance  # 0: nothing was cut


def test_dog_learns_in_shares_too(photographs):
    flags = ["--model=dog", "--batch_size=3", "--holdout=0", photographs]  # its G draws D's fakes as in use
    expected, _ = one(1, *flags)
    (values, _), (others, _) = several(2, 1, *flags)
    assert bits(values) == bits(others)
    # Nesterov's first step is (1 + momentum) times 5e-4 times a gradient of about 1.
    assert 0 < largest_difference(values, expected) <= 1e-6


def test_an_update_sends_its_gradients_in_one_message():
    def act(workers, config):
        build(config, networks.GAMES[config.model](config), workers)
        nodes = [node for node in tf.compat.v1.get_default_graph().get_operations() if "Collective" in node.type]
        return sorted(node.inputs[0].shape.num_elements() for node in nodes)

    # What the workers compare at the start, twice; eight figures of D's report and one of G's; the gradients of
    # D: 784 x 128 + 128 + 128 + 1, G: 100 x 128 + 128 + 128 x 784 + 784.
    assert each(2, act, "--model=mlp") == [[1, 8, 256, 256, 100_609, 114_064]] * 2


def test_two_runs_are_equal_to_the_bit():
    runs = [several(2, 10, "--model=mixture", "--batch_size=20")[0][0] for _ in range(2)]
    assert bits(runs[0]) == bits(runs[1])


def test_the_compiled_loop_joins_in_where_it_is_a_plain_graph():
    flags = ["--model=dcgan", "--batch_size=6"]
    (values, _), (others, _) = several(2, 3, *flags, compiled=True)
    expected, _ = one(3, *flags)
    assert bits(values) == bits(others)
    assert 0 < largest_difference(values, expected) <= 1e-5


@pytest.mark.parametrize(
    ("flags", "tolerance"),
    [
        # Of 4,500 digits the second batch has 4,500 - 4,499 = 1: one of two workers has no row of it.
        (["--model=mlp", "--batch_size=4499", "--last_batch=short"], 1e-4),
        # Five pictures in batches of four and one.
        (["--model=dcgan", "--batch_size=4", "--last_batch=short", "--dataset=photos", "--image_size=28"], 1e-4),
        # Batch norm of one row gives beta alone: a picture of one colour, whose pixels tie in D's pooling. Rounding
        # decides where their gradient goes: 1e-7 added to it in one process moves beta's by 2e-3.
        (["--model=dog", "--batch_size=4", "--last_batch=short", "--holdout=0"], 1e-3),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_a_worker_without_rows_adds_nothing(flags, tolerance, photographs):
    flags = [*flags, photographs] if "mlp" not in flags[0] else flags
    expected, alone = one(2, *flags)
    (values, report), (others, _) = several(2, 2, *flags)
    assert bits(values) == bits(others)
    assert report.d.value == pytest.approx(alone.d.value, abs=1e-4)
    assert largest_difference(values, expected) <= tolerance


def test_with_local_statistics_all_workers_still_have_the_same_moving_ones():
    flags = ["--model=mixture", "--batch_size=20"]
    (values, _), (others, _) = several(2, 3, *flags, "--batch_statistics=local")
    assert bits(values) == bits(others)
    overall = several(2, 3, *flags)[0][0]
    # Each worker's ten rows have other moments than all twenty: another update, and far more than rounding.
    assert largest_difference(values, overall) > 1e-4


def test_moments_over_all_workers_are_those_of_all_rows():
    h = np.random.default_rng(1).normal(5.0, 2.0, (7, 3, 4)).astype(np.float32)  # 2, 2 and 3 rows of 3 pixels

    def act(workers, config):
        share = workers.share(7)
        weights = tf.constant([1.0, -2.0, 0.5, 3.0])
        given = v1.placeholder(tf.float32, [7, 3, 4])
        mine = share.cut(given)
        mean, variance = share.moments(mine)
        # A loss over all rows, a mean of which this worker has its part.
        rows = tf.reduce_mean(weights * (mine - mean) ** 3 / variance)
        gradient = tf.gradients(share.mean(Loss(rows)).loss, given)[0]
        with workers.session(config) as session:
            return session.run((mean, variance, gradient), {given: h})

    results = each(3, act, "--model=mixture")
    with tf.Graph().as_default(), v1.Session() as session:
        given = tf.constant(h, tf.float64)
        mean, variance = tf.nn.moments(given, axes=[0, 1])
        loss = tf.reduce_mean(tf.constant([1.0, -2.0, 0.5, 3.0], tf.float64) * (given - mean) ** 3 / variance)
        expected = session.run((mean, variance, tf.gradients(loss, given)[0]))
    for mean, variance, _ in results:
        np.testing.assert_allclose(mean, expected[0], rtol=1e-6)
        np.testing.assert_allclose(variance, expected[1], rtol=1e-6)
    # Each worker's part of the gradient is 0 outside its rows.
    np.testing.assert_allclose(sum(gradient for *_, gradient in results), expected[2], rtol=1e-4, atol=1e-6)
    for rank, (*_, gradient) in enumerate(results):
        own = np.zeros(7, bool)
        own[7 * rank // 3 : 7 * (rank + 1) // 3] = True
        assert (gradient[~own] == 0).all()
        assert (gradient[own] != 0).any()


@pytest.mark.parametrize("size", [2, 3, 5])
def test_shares_are_all_rows_once_and_differ_by_one_at_most(size):
    batches = (5, 7, 64, 100, 256)

    def act(workers, config):
        with workers.session(config) as session:
            return session.run([workers.share(tf.constant(rows)).cut(tf.range(rows)) for rows in batches])

    for rows, *shares in zip(batches, *each(size, act, "--model=parabola"), strict=True):
        assert np.concatenate(shares).tolist() == list(range(rows))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_rank_0_tells_its_weights_and_numbers_to_the_bit():
    def act(workers, config):
        values = [-0.0, np.nan, 1e-45, 3.0] if workers.rank == 0 else [1.0, 2.0, 3.0, 4.0]
        variable = v1.get_variable("w", initializer=np.array(values, np.float32), use_resource=True)
        with workers.session(config) as session:
            session.run(v1.global_variables_initializer())
            told = workers.begin(session, 7 + workers.rank, 2**40 + workers.rank)
            return told, session.run(variable).tobytes()

    first, second = each(2, act, "--model=parabola")
    assert first == second
    assert first == ((7, 2**40), np.array([-0.0, np.nan, 1e-45, 3.0], np.float32).tobytes())


@pytest.mark.parametrize(
    ("theirs", "named"),
    [
        # Also where they build another graph, with other messages.
        (["--model=mlp", "--g_step=1", "--updates=simultaneous", "--seed=1"], "updates, seed"),
        (["--model=mlp_deep"], "model, max_steps, .*"),
        (["--model=mlp", "--batch_size=128", "--threads=3"], "batch_size"),
    ],
)
def test_workers_of_other_settings_are_refused_by_name(theirs, named):
    ours = ["--model=mlp", *(["--g_step=1"] if "--g_step=1" in theirs else [])]

    def alone(cluster: Cluster) -> Exit:
        config = read_config([*(theirs if cluster.rank else ours), "--peer_timeout=20"])
        workers = Workers(cluster, config)
        with tf.Graph().as_default(), workers.placed(config, "0" * 64), workers.session(config) as session:
            build(config, networks.GAMES[config.model](config), workers)
            with pytest.raises(Failure, match=f"of the 2 differ in {named}: start them") as caught:
                workers.begin(session, 0)
            return caught.value.code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(alone, clusters(2))) == [Exit.FLAGS, Exit.FLAGS]


def test_workers_of_other_data_are_refused():
    def alone(cluster: Cluster) -> str:
        config = read_config(["--model=parabola", "--peer_timeout=20"])
        workers = Workers(cluster, config)
        with (
            tf.Graph().as_default(),
            workers.placed(config, f"{cluster.rank}" * 64),
            workers.session(config) as session,
        ):
            with pytest.raises(Failure, match="2 differ in the data: start them with the same flags") as caught:
                workers.begin(session, 0)
            return caught.value.code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(alone, clusters(2))) == [Exit.FLAGS, Exit.FLAGS]


def test_one_that_cannot_compile_has_all_play_the_explicit_loop():
    def act(workers, config):
        v1.get_variable("w", initializer=1.0, use_resource=True)
        with workers.session(config) as session:
            session.run(v1.global_variables_initializer())
            workers.begin(session, 0)
            return [workers.all_can(session, can) for can in (True, workers.rank == 0, False)]

    assert each(2, act, "--model=parabola") == [[True, False, False]] * 2


def test_a_wish_to_stop_is_everyones_after_the_same_step():
    def act(workers, config):
        v1.get_variable("w", initializer=1.0, use_resource=True)
        with workers.session(config) as session:
            session.run(v1.global_variables_initializer())
            workers.begin(session, 0)
            done, stopped, asked = 0, None, 0
            while not stopped:
                done += 1
                before = workers.until(done, 10**9)
                stopped = workers.agree(session, done, Exit.TERMINATED if workers.rank == 1 and done > 3 else None)
                asked += before <= done + 1
            return done, stopped

    first, second = each(2, act, "--model=parabola")
    assert first == second
    assert first[0] > 3
    assert first[1] == Exit.TERMINATED


def test_a_batch_has_a_row_for_each():
    config = read_config(["--model=parabola", "--batch_size=2"])
    with (
        pytest.raises(Failure, match="--batch_size=2 has no row for each of 3 workers") as caught,
        join(clusters(3)[0], config),
    ):
        pass
    assert caught.value.code == Exit.FLAGS


def test_an_address_that_is_taken_is_a_peer_that_can_not_be():
    (cluster, _) = clusters(2)
    port = int(cluster.addresses["worker"][0].rpartition(":")[2])
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", port))
        taken.listen()
        with pytest.raises(Failure, match=rf"127\.0\.0\.1:{port}, the address of worker 0 in TF_CONFIG") as caught:
            Workers(cluster, read_config(["--model=parabola", "--threads=1"]))
    assert caught.value.code == Exit.PEER_LOST

"""Trained players as graphs that know nothing of this program: a SavedModel with three signatures, and frozen graphs.

generate      z float32 [n, z_dim]            images float32 [n, *picture shape], in the game's output_range
sample        n int32, seed int64             images of the z of seeds seed to seed + n - 1
discriminate  x float32 [n, *picture shape]   probability and logit, float32 [n] each

Of points, an image is the point: [n, entries]. Inside of the SavedModel are batches of BATCH rows, always, as a Sampler
has them: a row's last bits hang neither on its neighbours nor on n, and are a Sampler's. A call of one row costs BATCH.
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from gan_lowlevel import draws, layers
from gan_lowlevel.config import Config
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.networks.game import Game
from gan_lowlevel.sampler import BATCH

v1 = tf.compat.v1

ON_CPU = v1.ConfigProto(device_count={"GPU": 0})  # here numbers are copied, and nothing is computed

Weights = dict[str, np.ndarray]  # of both players, by variable


class Frozen(NamedTuple):
    """One player as a graph of constants, with the names of what goes in and comes out."""

    graph: v1.GraphDef
    inputs: list[str]
    outputs: list[str]


def row_shape(game: Game) -> tuple[int, ...]:
    """Of one image, or of one point."""
    return game.picture_shape or game.data_shape


def write_saved_model(folder: pathlib.Path, game: Game, config: Config, weights: Weights) -> None:
    """Fill an empty folder with saved_model.pb and variables/. Raises Failure(DISK) where the disk refuses."""
    with tf.Graph().as_default() as graph, v1.Session(graph=graph, config=ON_CPU) as session:
        layers.compute_in(config.precision)
        _restore(session, weights)
        z = v1.placeholder(tf.float32, [None, config.z_dim], name="z")
        x = v1.placeholder(tf.float32, [None, *row_shape(game)], name="x")
        n, seed = v1.placeholder(tf.int32, [], name="n"), v1.placeholder(tf.int64, [], name="seed")
        drawn = in_batches(lambda rows: _images(game, rows), z)
        sampled = in_batches(lambda rows: _images(game, rows), _latents(game, config.z_dim, n, seed))
        said = in_batches(lambda rows: tf.concat(_said(game, config, rows), axis=1), x)  # [n, 2]
        signatures = {
            "generate": _signature({"z": z}, {"images": drawn}),
            "sample": _signature({"n": n, "seed": seed}, {"images": sampled}),
            "discriminate": _signature({"x": x}, {"probability": said[:, 0], "logit": said[:, 1]}),
        }
        for collection in (layers.LAYERS, layers.MOVING, layers.PRECISION):  # training's own, which no reader knows
            graph.clear_collection(collection)
        tags = [v1.saved_model.tag_constants.SERVING]
        try:
            builder = v1.saved_model.Builder(str(folder))
            builder.add_meta_graph_and_variables(session, tags, signatures, strip_default_attrs=True)
            builder.save()
        except tf.errors.OpError as error:
            reason = str(error.message).splitlines()[0].rpartition("; ")[2]
            raise Failure(
                Exit.DISK,
                f"{folder.parent} can't be written ({reason}): make room or allow access, then give the same command "
                "again.",
            ) from None


def frozen(game: Game, config: Config, weights: Weights) -> dict[str, Frozen]:
    """generator, z to images, and discriminator, x to probability and logit: rows in one batch of any size."""
    with tf.Graph().as_default() as graph, v1.Session(graph=graph, config=ON_CPU) as session:
        layers.compute_in(config.precision)
        _restore(session, weights)
        z = v1.placeholder(tf.float32, [None, config.z_dim], name="z")
        x = v1.placeholder(tf.float32, [None, *row_shape(game)], name="x")
        tf.identity(_images(game, z), name="images")
        for output, name in zip(_said(game, config, x), ("probability", "logit"), strict=True):
            tf.identity(output[:, 0], name=name)
        return {
            player: Frozen(
                v1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), outputs), inputs, outputs
            )
            for player, inputs, outputs in (
                ("generator", ["z"], ["images"]),
                ("discriminator", ["x"], ["probability", "logit"]),
            )
        }


def in_batches(of_batch: Callable[[tf.Tensor], tf.Tensor], rows: tf.Tensor) -> tf.Tensor:
    """`of_batch` of [n, ...], taken BATCH rows at a time, the last of them filled up with zeros: [n, ...]."""
    n = tf.shape(rows)[0]
    padded = tf.pad(rows, [[0, -n % BATCH], *([[0, 0]] * (rows.shape.rank - 1))])
    batches = tf.reshape(padded, [-1, BATCH, *rows.shape[1:]])
    results = tf.map_fn(of_batch, batches, fn_output_signature=tf.float32, parallel_iterations=1)
    return tf.reshape(results, [-1, *results.shape[2:]])[:n]


def _restore(session: v1.Session, weights: Weights) -> None:
    """Make the variables of the current graph, and give them their values."""
    for name, weight in weights.items():
        v1.get_variable(name, weight.shape, tf.float32, v1.zeros_initializer())
    # Fed in the place of what the initializers give.
    variables = v1.global_variables()
    session.run(v1.variables_initializer(variables), {v.initial_value: weights[v.op.name] for v in variables})


def _images(game: Game, z: tf.Tensor) -> tf.Tensor:
    """G(z) by moving statistics: [B, z_dim] to [B, *row_shape]."""
    with v1.variable_scope("generator", reuse=True):
        return tf.reshape(game.generator(z, tf.constant(False)), [-1, *row_shape(game)])


def _said(game: Game, config: Config, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """D(x) and its logit, [B, 1] each, of [B, *row_shape]."""
    with v1.variable_scope("discriminator", reuse=True):
        masks = draws.Masks(draws.origin(config.seed, draws.Stream.CHECK, 0), "fake")  # of a game without dropout none
        return game.discriminator(tf.reshape(x, [-1, *game.data_shape]), masks)


def _latents(game: Game, z_dim: int, n: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The z that the generate command draws for each seed, a function of that seed alone: [n, z_dim]."""
    drawn = tf.map_fn(
        lambda each: game.latent(1, z_dim, draws.origin(each, draws.Stream.SAMPLE, 0))[0],
        seed + tf.cast(tf.range(n), tf.int64),
        fn_output_signature=tf.float32,
    )
    return tf.ensure_shape(drawn, [None, z_dim])


def _signature(inputs: dict[str, tf.Tensor], outputs: dict[str, tf.Tensor]):
    info = v1.saved_model.build_tensor_info
    return v1.saved_model.build_signature_def(
        {name: info(tensor) for name, tensor in inputs.items()},
        {name: info(tensor) for name, tensor in outputs.items()},
        v1.saved_model.signature_constants.PREDICT_METHOD_NAME,
    )

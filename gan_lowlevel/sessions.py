"""Sessions and the latents that one session draws by itself."""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from gan_lowlevel import draws
from gan_lowlevel.networks.game import Game

v1 = tf.compat.v1


def latents(game: Game, z_dim: int, seeds: list[int]) -> np.ndarray:
    """One z for each seed, a function of that seed alone: float32 [len(seeds), z_dim]."""
    with tf.Graph().as_default(), v1.Session() as session:
        each = tf.map_fn(
            lambda seed: game.latent(1, z_dim, draws.origin(seed, draws.Stream.SAMPLE, 0))[0],
            tf.constant(seeds, tf.int64),
            fn_output_signature=tf.float32,
        )
        return session.run(each)


def session_config(threads: int) -> v1.ConfigProto:
    """Both of TensorFlow's thread pools at `threads`; another count gives other last bits."""
    config = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    # It makes of a division by a known number a product with its rounded inverse: two graphs of the same formula would
    # differ in their last bits where one knows its batch size.
    config.graph_options.rewrite_options.constant_folding = RewriterConfig.OFF
    return config

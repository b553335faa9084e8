"""Sessions, what their variables begin with, and the latents that one session draws by itself."""

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from gan_lowlevel import draws
from gan_lowlevel.config import GPU_INSTALL
from gan_lowlevel.data.dataset import Dataset
from gan_lowlevel.data.drawn import Law
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.networks.game import Game

v1 = tf.compat.v1


def latents(game: Game, z_dim: int, seeds: list[int]) -> np.ndarray:
    """One z for each seed, a function of that seed alone, drawn on the CPU: float32 [len(seeds), z_dim]."""
    with tf.Graph().as_default(), v1.Session(config=v1.ConfigProto(device_count={"GPU": 0})) as session:
        each = tf.map_fn(
            lambda seed: game.latent(1, z_dim, draws.origin(seed, draws.Stream.SAMPLE, 0))[0],
            tf.constant(seeds, tf.int64),
            fn_output_signature=tf.float32,
        )
        return session.run(each)


def session_config(threads: int, device: str = "auto") -> v1.ConfigProto:
    """Both of TensorFlow's thread pools at `threads`, computing on `device`: auto, cpu or gpu.

    Another count or device gives other last bits. Raises Failure(FLAGS) for gpu where there is none.
    """
    refuse_missing_gpu(device)
    config = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    if device == "cpu":
        config.device_count["GPU"] = 0
    config.allow_soft_placement = True  # what a GPU has no kernel for runs on the CPU
    config.gpu_options.allow_growth = True  # or the first session would take nearly all of a GPU's memory
    # It makes of a division by a known number a product with its rounded inverse: two graphs of the same formula would
    # differ in their last bits where one knows its batch size.
    config.graph_options.rewrite_options.constant_folding = RewriterConfig.OFF
    return config


def initialize(session: v1.Session, game: Game, data: Dataset | Law) -> None:
    """Give all variables the values that they begin with: their initializers', and those that the data decide."""
    session.run(v1.global_variables_initializer())
    if game.initial_of_mean:
        low, high = game.output_range
        mean = low + (high - low) / 255 * data.images.mean(axis=0, dtype=np.float64).reshape(game.data_shape)
        variables = {variable.op.name: variable for variable in v1.global_variables()}
        for name, value in game.initial_of_mean(mean).items():
            variables[name].load(value, session)


def refuse_missing_gpu(device: str) -> None:
    """Raise Failure(FLAGS) where `device` is gpu and TensorFlow sees none."""
    if device == "gpu" and not tf.config.list_physical_devices("GPU"):
        raise Failure(
            Exit.FLAGS,
            "--device=gpu wants a GPU, and TensorFlow sees none here: give --device=auto or --device=cpu, or install "
            f"NVIDIA's libraries by {GPU_INSTALL} and ask python -m gan_lowlevel.doctor.",
        )

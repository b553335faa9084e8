"""The games as a JAX user writes them for speed: a step is one compiled function of the state, the data on the device.

Pictures are [B, H, W, C]. D sees real and fake in one batch.
"""

import functools
import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.contestants import CONVOLUTIONAL, Contestant, Settings, g_rows, lowest, normal_latent, pixels, shown

# Steps of one scan: about a second's, so that a turn can be cut into them.
CHUNK = {"dcgan": 2, "dog": 2, "mlp": 250, "mlp_deep": 25, "parabola": 250}


class State(NamedTuple):
    """All that changes from step to step."""

    d: Any
    g: Any
    moving: Any  # G's moving statistics, (mean, variance) a batch norm
    d_optimizer: Any
    g_optimizer: Any
    key: Any
    losses: tuple


class Players(NamedTuple):
    """Both players, of one game."""

    initial: Callable  # key to D's weights, G's weights, G's moving statistics
    generator: Callable  # weights, moving statistics, z, training to fake, next moving statistics
    discriminator: Callable  # weights, x, key to logits


def jax_step(settings: Settings) -> Contestant:
    """One call a step."""
    return _loop(settings, chunk=None)


def jax_scan(settings: Settings) -> Contestant:
    """Many steps a call, in lax.scan."""
    return _loop(settings, chunk=CHUNK[settings.model])


def _loop(settings: Settings, chunk: int | None) -> Contestant:
    os.environ["NPROC"] = os.environ["PJRT_NPROC"] = str(settings.threads)  # read once, at the import
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp
    import optax

    config = settings.config()
    players = PLAYERS[config.model](config)
    batch, low, points = config.batch_size, lowest(config.model), config.model == "parabola"
    table = pixels(config)
    if config.model.startswith("mlp"):
        table = table.reshape(len(table), -1)
    table = jnp.asarray(table)  # uint8

    def optimizer(learning_rate: float) -> optax.GradientTransformation:
        if config.optimizer == "nesterov":
            return optax.sgd(learning_rate, config.momentum, nesterov=True)
        return optax.adam(learning_rate, config.beta1, 0.999, config.epsilon)

    d_optimizer, g_optimizer = optimizer(config.d_learning_rate), optimizer(config.g_learning_rate)

    def latent(key: jax.Array, rows: int) -> jax.Array:
        if normal_latent(config.model):
            return jax.random.normal(key, (rows, config.z_dim))
        return jax.random.uniform(key, (rows, config.z_dim), minval=-1.0, maxval=1.0)

    def real(key: jax.Array, table: jax.Array) -> jax.Array:
        if points:
            x = jax.random.uniform(key, (batch, 1), minval=-0.5, maxval=0.5)
            return jnp.concatenate([x, x * x], 1)
        # With replacement, which is cheaper than a shuffled order.
        rows = table[jax.random.randint(key, (batch,), 0, len(table))]
        return rows.astype(jnp.float32) * ((1.0 - low) / 255) + low

    def d_loss(d: Any, x: jax.Array, fake: jax.Array, key: jax.Array) -> jax.Array:
        on_real, on_fake = jnp.split(players.discriminator(d, jnp.concatenate([x, fake]), key), 2)
        return jax.nn.softplus(-on_real).mean() + jax.nn.softplus(on_fake).mean()

    def d_loss_one(d: Any, x: jax.Array, sign: float, key: jax.Array) -> jax.Array:
        return jax.nn.softplus(sign * players.discriminator(d, x, key)).mean()

    def g_loss(g: Any, d: Any, moving: Any, z: jax.Array, key: jax.Array) -> tuple[jax.Array, Any]:
        fake, moving = players.generator(g, moving, z, True)
        return jax.nn.softplus(-players.discriminator(d, fake, key)).mean(), moving

    def d_update(state: State, table: jax.Array) -> State:
        key, x_key, z_key, *mask_keys = jax.random.split(state.key, 5)
        x = real(x_key, table)
        fake, _ = players.generator(state.g, state.moving, latent(z_key, batch), config.model != "dog")
        losses = (
            [functools.partial(d_loss_one, x=x, sign=-1.0), functools.partial(d_loss_one, x=fake, sign=1.0)]
            if points
            else [functools.partial(d_loss, x=x, fake=fake)]
        )
        d, memory, total = state.d, state.d_optimizer, 0.0
        for loss, mask_key in zip(losses, mask_keys, strict=False):
            value, gradients = jax.value_and_grad(loss)(d, key=mask_key)
            updates, memory = d_optimizer.update(gradients, memory, d)
            d, total = optax.apply_updates(d, updates), total + value
        return state._replace(d=d, d_optimizer=memory, key=key, losses=(total, state.losses[1]))

    def g_update(state: State) -> State:
        key, z_key, mask_key = jax.random.split(state.key, 3)
        z = latent(z_key, g_rows(config))
        value_of = jax.value_and_grad(g_loss, has_aux=True)
        (value, moving), gradients = value_of(state.g, state.d, state.moving, z, mask_key)
        updates, memory = g_optimizer.update(gradients, state.g_optimizer, state.g)
        g = optax.apply_updates(state.g, updates)
        return state._replace(g=g, moving=moving, g_optimizer=memory, key=key, losses=(state.losses[0], value))

    def step(state: State, table: jax.Array) -> State:
        for _ in range(config.d_step):
            state = d_update(state, table)
        for _ in range(config.g_step):
            state = g_update(state)
        return state

    def scan(state: State, table: jax.Array) -> State:
        # Inside a loop XLA runs a convolution on one thread; unrolled there is no loop.
        unroll = config.model in CONVOLUTIONAL
        return jax.lax.scan(lambda state, _: (step(state, table), None), state, None, length=chunk, unroll=unroll)[0]

    key, initial_key = jax.random.split(jax.random.key(settings.seed))
    d, g, moving = players.initial(initial_key)
    state = State(d, g, moving, d_optimizer.init(d), g_optimizer.init(g), key, (jnp.zeros(()), jnp.zeros(())))
    played = jax.jit(scan if chunk else step, donate_argnums=0)
    draw = jax.jit(lambda g, moving, z: players.generator(g, moving, z, False)[0])
    sample_key = jax.random.key(settings.seed + 1)

    def play(steps: int) -> None:
        nonlocal state
        for _ in range(steps // (chunk or 1)):
            state = played(state, table)
        jax.block_until_ready(state)

    def prepare() -> None:
        jax.block_until_ready(played(jax.tree.map(jnp.copy, state), table))  # of a copy: it is donated

    def sample(count: int) -> np.ndarray:
        nonlocal sample_key
        sample_key, z_key = jax.random.split(sample_key)
        return shown(config.model, np.asarray(draw(state.g, state.moving, latent(z_key, count))))

    return Contestant(
        play=play,
        losses=lambda: tuple(float(loss) for loss in state.losses),
        sample=sample,
        prepare=prepare,
        chunk=chunk or 1,
    )


# Layers and initial weights. Weights are a list of (w, b) or (w,) a layer.


def _dense(layer: tuple, h):
    w, b = layer
    return h @ w + b


def _conv(layer: tuple, h, stride: int = 1, padding: str = "SAME"):
    from jax import lax

    h = lax.conv_general_dilated(h, layer[0], (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return h + layer[1] if len(layer) == 2 else h


def _conv_transpose(layer: tuple, h, stride: int):
    from jax import lax

    return lax.conv_transpose(h, layer[0], (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def _batch_norm(layer: tuple, moving: tuple, h, training: bool):
    import jax.numpy as jnp
    from jax import lax

    gamma, beta = layer
    mean, variance = moving
    if training:
        axes = tuple(range(h.ndim - 1))
        mean = h.mean(axes)
        variance = jnp.square(h).mean(axes) - jnp.square(mean)
        moving = tuple(0.99 * old + 0.01 * new for old, new in zip(moving, (mean, variance), strict=True))
    factor = gamma * lax.rsqrt(variance + 1e-3)
    return h * factor + (beta - mean * factor), moving


def _upsample(h, times: int):
    import jax.numpy as jnp

    return jnp.repeat(jnp.repeat(h, times, 1), times, 2)


def _max_pool(h):
    import jax.numpy as jnp
    from jax import lax

    return lax.reduce_window(h, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def _leaky_relu(h):
    import jax

    return jax.nn.leaky_relu(h, 0.2)


def _dropout(h, rate: float, key):
    import jax
    import jax.numpy as jnp

    return jnp.where(jax.random.bernoulli(key, 1.0 - rate, h.shape), h / (1.0 - rate), 0.0)


def _weights(key, shape: tuple[int, ...], law: str, bias: float | None = 0.0) -> tuple:
    """A layer's (w, b), or (w,) where bias is None. law: of w, by name."""
    import jax
    import jax.numpy as jnp

    w_key, b_key = jax.random.split(key)
    initializers = jax.nn.initializers
    w = {
        "fan_in": initializers.variance_scaling(1 / 3, "fan_in", "uniform"),
        "glorot": initializers.glorot_uniform(),
        "he": initializers.he_uniform(),
        "normal": initializers.normal(0.02),
        "truncated": lambda key, shape: 0.1 * jax.random.truncated_normal(key, -2.0, 2.0, shape),
    }[law](w_key, shape)
    if bias is None:
        return (w,)
    if law == "fan_in":
        bound = shape[0] ** -0.5
        return w, jax.random.uniform(b_key, shape[-1:], minval=-bound, maxval=bound)
    return w, jnp.full(shape[-1:], bias, jnp.float32)


# The players.


def _dense_players(g_widths, g_acts, d_widths, d_acts, laws: Callable[[int], str], bias: float = 0.0) -> Players:
    """Dense layers alone. laws: number of the layer from the last, -1, to its law of weights."""
    import jax

    def initial(key):
        def player(key, widths):
            count = len(widths) - 1
            return [
                _weights(k, (widths[i], widths[i + 1]), laws(i - count), bias)
                for i, k in enumerate(jax.random.split(key, count))
            ]

        d_key, g_key = jax.random.split(key)
        return player(d_key, d_widths), player(g_key, g_widths), ()

    def network(layers, acts, h):
        for layer, act in zip(layers, acts, strict=True):
            h = act(_dense(layer, h))
        return h

    return Players(
        initial=initial,
        generator=lambda g, moving, z, training: (network(g, g_acts, z), moving),
        discriminator=lambda d, x, key: network(d, d_acts, x),
    )


def _logits(h):
    return h


def _mlp(config) -> Players:
    import jax
    import jax.numpy as jnp

    g, d = ([100, 128, 784], [jnp.tanh, jax.nn.sigmoid]), ([784, 128, 1], [jnp.tanh, _logits])
    return _dense_players(*g, *d, laws=lambda number: "truncated", bias=0.1)


def _mlp_deep(config) -> Players:
    import jax.numpy as jnp

    g = [100, 256, 512, 1024, 784], [_leaky_relu] * 3 + [jnp.tanh]
    d = [784, 1024, 512, 256, 1], [_leaky_relu] * 3 + [_logits]
    return _dense_players(*g, *d, laws=lambda number: "fan_in")


def _parabola(config) -> Players:
    import jax

    g, d = ([5, 15, 2], [jax.nn.relu, _logits]), ([2, 25, 1], [jax.nn.relu, _logits])
    return _dense_players(*g, *d, laws=lambda number: "glorot" if number == -1 else "he")


def _dcgan(config) -> Players:
    import jax
    import jax.numpy as jnp

    features = (256, 128, 64, 32)

    def initial(key):
        keys = jax.random.split(key, 12)
        d = [
            _weights(keys[0], (5, 5, 1, 64), "normal", None),
            _weights(keys[1], (5, 5, 64, 128), "normal", None),
            _weights(keys[2], (6272, 1), "normal"),
        ]
        g = [_weights(keys[3], (100, 12544), "normal")]
        g += [
            _weights(k, (5, 5, before, after), "normal", None)
            for k, before, after in zip(keys[4:8], features, (128, 64, 32, 1), strict=True)
        ]
        norms = [
            (1.0 + 0.02 * jax.random.normal(k, (n,)), jnp.zeros(n)) for k, n in zip(keys[8:12], features, strict=True)
        ]
        return d, {"layers": g, "norms": norms}, [(jnp.zeros(n), jnp.ones(n)) for n in features]

    def generator(g, moving, z, training):
        dense, *transposed, last = g["layers"]
        h, following = _dense(dense, z).reshape(-1, 7, 7, 256), []
        for i, (norm, statistics) in enumerate(zip(g["norms"], moving, strict=True)):
            h, moved = _batch_norm(norm, statistics, h, training)
            h, following = _leaky_relu(h), [*following, moved]
            if i < 3:
                h = _conv_transpose(transposed[i], h, stride=(1, 2, 2)[i])
        return jnp.tanh(_conv(last, h)), following

    def discriminator(d, x, key):
        h = x
        for layer, mask_key in zip(d[:2], jax.random.split(key), strict=True):
            h = _dropout(_leaky_relu(_conv(layer, h, stride=2)), config.d_dropout, mask_key)
        return _dense(d[2], h.reshape(-1, 6272))

    return Players(initial, generator, discriminator)


def _dog(config) -> Players:
    import jax
    import jax.numpy as jnp

    d_shapes = (5, 5, 3, 64), (5, 5, 64, 128), (25088, 1024), (1024, 1)
    g_shapes = (1000, 1024), (1024, 8192), (5, 5, 128, 64), (5, 5, 64, 3)

    def initial(key):
        keys = jax.random.split(key, 8)
        d = [_weights(k, shape, "glorot") for k, shape in zip(keys[:4], d_shapes, strict=True)]
        g = [_weights(k, shape, "glorot") for k, shape in zip(keys[4:], g_shapes, strict=True)]
        norm = jnp.ones(8192), jnp.zeros(8192)
        return d, {"layers": g, "norm": norm}, (jnp.zeros(8192), jnp.ones(8192))

    def generator(g, moving, z, training):
        dense_1, dense_2, conv_1, conv_2 = g["layers"]
        h = _dense(dense_2, jnp.tanh(_dense(dense_1, z)))
        h, moving = _batch_norm(g["norm"], moving, h, training)
        h = jnp.tanh(h).reshape(-1, 8, 8, 128)
        h = jnp.tanh(_conv(conv_1, _upsample(h, 4)))
        return jnp.tanh(_conv(conv_2, _upsample(h, 2))), moving

    def discriminator(d, x, key):
        h = _max_pool(jnp.tanh(_conv(d[0], x)))
        h = _max_pool(jnp.tanh(_conv(d[1], h, padding="VALID")))
        return _dense(d[3], jnp.tanh(_dense(d[2], h.reshape(-1, 25088))))

    return Players(initial, generator, discriminator)


PLAYERS = {"dcgan": _dcgan, "dog": _dog, "mlp": _mlp, "mlp_deep": _mlp_deep, "parabola": _parabola}

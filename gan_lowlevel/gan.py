"""The graph of the game: D connected twice, theta_D and theta_G, one update a player.

`connect`, `d_update` and `g_update` are functions of tensors. `build` calls them on placeholders, for a loop that runs
one update per session.run.
"""

import dataclasses
from typing import NamedTuple

import tensorflow as tf

from gan_lowlevel import draws, losses, schedules
from gan_lowlevel.config import Config
from gan_lowlevel.layers import MOVING, compute_in, rows_of
from gan_lowlevel.networks.game import Game
from gan_lowlevel.shares import WHOLE, Share
from gan_lowlevel.workers import ALONE, Alone, Workers

v1 = tf.compat.v1


class Play(NamedTuple):
    """Both players connected on one x and one z; probabilities in (0, 1) and logits, [B, 1] each."""

    fake: tf.Tensor  # G(z) [B, *data_shape]
    d_real: tf.Tensor  # D(x)
    d_fake: tf.Tensor  # D(G(z))
    real_logits: tf.Tensor
    fake_logits: tf.Tensor
    moving: list[tuple[tf.Variable, tf.Tensor]]  # G's moving statistics and their next values, for G's update


class DReport(NamedTuple):
    """What D's update sees before it is applied; scalars."""

    d_loss: tf.Tensor
    value: tf.Tensor  # V(D, G), the sum of the two that follow
    log_d_real: tf.Tensor  # mean log D(x)
    log_not_d_fake: tf.Tensor  # mean log(1 - D(G(z)))
    d_real: tf.Tensor  # mean D(x)
    d_fake: tf.Tensor  # mean D(G(z))
    accuracy_real: tf.Tensor  # share of x with D(x) > 1/2
    accuracy_fake: tf.Tensor  # share of G(z) with D(G(z)) <= 1/2


class GReport(NamedTuple):
    """What G's update sees before it is applied; a scalar."""

    g_loss: tf.Tensor


class _Loss(NamedTuple):
    """A scalar."""

    loss: tf.Tensor


class Update(NamedTuple):
    """One update, and whether what it computes is finite: fetching that plays the update."""

    finite: tf.Tensor  # bool [len(checked)]
    checked: list[str]  # log terms, gradients and the weights after it, in the order of their making


class Theta(NamedTuple):
    """The trainable variables, a list for each player."""

    d: list[tf.Variable]
    g: list[tf.Variable]


class Rates(NamedTuple):
    """Learning rates that may change between two updates: float64 scalars, fed with each."""

    d: tf.Tensor
    g: tf.Tensor


class Optimizers(NamedTuple):
    """One for each player."""

    d: v1.train.Optimizer
    g: v1.train.Optimizer


@dataclasses.dataclass(frozen=True)
class Gan:
    """The game on placeholders: feed x and draw, fetch a train op and its report."""

    x: tf.Tensor  # [B, *data_shape], float32 in the game's output_range
    draw: tf.Tensor  # int64 [3]: the two numbers of draws.origin, and rows; decides z and dropout masks
    z: tf.Tensor  # [rows, z_dim]; drawn as `draw` says, or fed
    step: tf.Tensor | None  # int64: its number, where learning rates or momentum are functions of it
    training: tf.Tensor  # bool: G's batch norm with batch statistics (default), or with moving ones
    play: Play  # of all rows, to look at; updates have this worker's share of them
    theta: Theta
    optimizer: Optimizers
    d_report: DReport
    g_report: GReport
    d_train: Update
    g_train: Update
    both_train: Update | None  # updates=simultaneous: both gradients at the same weights and z, then both applied


def connect(
    game: Game,
    x: tf.Tensor,
    z: tf.Tensor,
    *,
    training: tf.Tensor,
    origin: tf.Tensor,
    share: Share = WHOLE,
    reuse: bool = False,
) -> Play:
    """G on z, D on x, and the same D, weights shared, on G(z). `origin` decides D's dropout masks.

    share: what of x and z this worker takes. reuse: with the weights that an earlier call has made.
    """
    x, z, origin = share.cut(x), share.cut(z), share.origin(origin)
    known = len(v1.get_collection(MOVING))
    with v1.variable_scope("generator", reuse=reuse), rows_of(share):
        fake = game.generator(z, training)
    moving = v1.get_collection(MOVING)[known:]
    with v1.variable_scope("discriminator", reuse=reuse):
        d_real, real_logits = game.discriminator(x, draws.Masks(origin, "real"))
    with v1.variable_scope("discriminator", reuse=True):
        d_fake, fake_logits = game.discriminator(fake, draws.Masks(origin, "fake"))
    return Play(
        fake=fake,
        d_real=d_real,
        d_fake=d_fake,
        real_logits=real_logits,
        fake_logits=fake_logits,
        moving=moving,
    )


def d_on(game: Game, play: Play, points: tf.Tensor, origin: tf.Tensor, share: Share = WHOLE) -> Play:
    """The same play with D on given points in the place of G(z)."""
    points, origin = share.cut(points), share.origin(origin)
    with v1.variable_scope("discriminator", reuse=True):
        d_fake, fake_logits = game.discriminator(points, draws.Masks(origin, "fake"))
    return play._replace(fake=points, d_fake=d_fake, fake_logits=fake_logits)


def split_theta() -> Theta:
    """theta_D and theta_G by scope, proved to partition the trainables. Raises ValueError where they do not."""
    theta = Theta(d=v1.trainable_variables("discriminator/"), g=v1.trainable_variables("generator/"))
    strays = {v.name for v in v1.trainable_variables()} - {v.name for v in theta.d + theta.g}
    if strays or not theta.d or not theta.g:
        raise ValueError(
            f"theta_D ({len(theta.d)} variables) and theta_G ({len(theta.g)}) must partition the trainables, "
            f"these belong to neither: {sorted(strays)}; make them under generator/ or discriminator/"
        )
    return theta


def d_objective(config: Config, play: Play, share: Share = WHOLE) -> DReport:
    """D's loss, and what there is to see of it."""
    with v1.name_scope("d_loss"):
        value = losses.value(play.real_logits, play.fake_logits, config.log_form)
        report = DReport(
            d_loss=losses.d_loss(value),
            value=value,
            log_d_real=-losses.d_loss_real(play.real_logits, config.log_form),
            log_not_d_fake=-losses.d_loss_fake(play.fake_logits, config.log_form),
            d_real=tf.reduce_mean(play.d_real),
            d_fake=tf.reduce_mean(play.d_fake),
            accuracy_real=tf.reduce_mean(tf.cast(play.real_logits > 0, tf.float32)),
            accuracy_fake=tf.reduce_mean(tf.cast(play.fake_logits <= 0, tf.float32)),
        )
        return share.mean(report)


def g_objective(config: Config, play: Play, share: Share = WHOLE) -> GReport:
    """G's loss."""
    with v1.name_scope("g_loss"):
        return share.mean(GReport(g_loss=losses.G_LOSSES[config.g_loss](play.fake_logits, config.log_form)))


def optimizers(config: Config, rates: Rates | None = None) -> Optimizers:
    """One for each player, of the kind that the settings name; with their learning rates, or with `rates`."""
    rates = rates or (config.d_learning_rate, config.g_learning_rate)
    rates = [schedules.learning_rate(config, rate) for rate in rates]
    if config.optimizer == "adam":
        return Optimizers(
            *(v1.train.AdamOptimizer(rate, config.beta1, beta2=0.999, epsilon=config.epsilon) for rate in rates)
        )
    momentum, nesterov = schedules.momentum(config), config.optimizer == "nesterov"
    return Optimizers(*(v1.train.MomentumOptimizer(rate, momentum, use_nesterov=nesterov) for rate in rates))


def d_update(
    config: Config,
    game: Game,
    play: Play,
    report: DReport,
    *,
    origin: tf.Tensor,
    theta: Theta,
    optimizer: v1.train.Optimizer,
    share: Share = WHOLE,
) -> Update:
    """One update of D, of theta_D alone: on real and fake together, or first on real and then on fake."""
    check = _Check()
    if game.d_joint:
        gradients = share.sum(optimizer.compute_gradients(report.d_loss, theta.d))
        check.terms({"log D(x)": report.log_d_real, "log(1 - D(G(z)))": report.log_not_d_fake})
        return check.updated("D_loss", gradients, optimizer.apply_gradients(gradients))

    gradients = share.sum(optimizer.compute_gradients(-report.log_d_real, theta.d))
    check.terms({"log D(x)": report.log_d_real})
    with tf.control_dependencies(report):  # the report is of D as it was before both
        on_real = check.updated("-log D(x)", gradients, optimizer.apply_gradients(gradients)).finite
    with tf.control_dependencies([on_real]), v1.variable_scope("discriminator", reuse=True):
        masks = draws.Masks(share.origin(origin), "fake")
        _, fake_logits = game.discriminator(play.fake, masks)  # D as it is now
        (loss,) = share.mean(_Loss(losses.d_loss_fake(fake_logits, config.log_form)))
        gradients = share.sum(optimizer.compute_gradients(loss, theta.d))
        check.terms({"log(1 - D(G(z)))": loss})
        return check.updated("-log(1 - D(G(z)))", gradients, optimizer.apply_gradients(gradients))


def g_update(
    play: Play, report: GReport, *, theta: Theta, optimizer: v1.train.Optimizer, share: Share = WHOLE
) -> Update:
    """One update of G: of theta_G and of G's moving statistics, which no update of D touches."""
    check = _Check()
    gradients = share.sum(optimizer.compute_gradients(report.g_loss, var_list=theta.g))
    check.terms({"G_loss": report.g_loss})
    return check.updated("G_loss", gradients, tf.group(optimizer.apply_gradients(gradients), *_moved(play)))


def both_update(
    play: Play,
    d_report: DReport,
    g_report: GReport,
    *,
    theta: Theta,
    optimizer: Optimizers,
    share: Share = WHOLE,
) -> Update:
    """One update of each player: both gradients at the same weights and z, then both applied."""
    check = _Check()
    d_gradients = share.sum(optimizer.d.compute_gradients(d_report.d_loss, theta.d))
    g_gradients = share.sum(optimizer.g.compute_gradients(g_report.g_loss, theta.g))
    check.terms({"log D(x)": d_report.log_d_real, "log(1 - D(G(z)))": d_report.log_not_d_fake})
    check.terms({"G_loss": g_report.g_loss})
    with tf.control_dependencies([gradient for gradient, _ in d_gradients + g_gradients]):
        d_applied = optimizer.d.apply_gradients(d_gradients)
    d_applied = check.updated("D_loss", d_gradients, d_applied).finite
    with tf.control_dependencies([d_applied]):
        g_applied = tf.group(optimizer.g.apply_gradients(g_gradients), *_moved(play))
    return check.updated("G_loss", g_gradients, g_applied)


class _Check:
    """Collects what an update computes, in the order of its making."""

    def __init__(self):
        self._finite: dict[str, tf.Tensor] = {}

    def terms(self, terms: dict[str, tf.Tensor]) -> None:
        """Parts of a loss, scalars by name."""
        self._finite |= {name: tf.math.is_finite(term) for name, term in terms.items()}

    def updated(self, loss: str, gradients: list[tuple], applied: tf.Operation) -> Update:
        """Gradients of `loss` with their variables, last layers first, and those variables as `applied` leaves them."""
        gradients = [(gradient, variable) for gradient, variable in reversed(gradients) if gradient is not None]
        for gradient, variable in gradients:
            self._finite[f"the gradient of {loss} by {variable.op.name}"] = _finite(gradient)
        with tf.control_dependencies([applied]):
            for _, variable in gradients:
                self._finite[f"{variable.op.name} after the update by {loss}"] = _finite(variable.read_value())
            return Update(tf.stack(list(self._finite.values())), list(self._finite))


def _finite(tensor: tf.Tensor) -> tf.Tensor:
    """Whether every entry is, a scalar: by the sums of its columns, which a processor adds side by side.

    Columns whose sum is above 3e38 count as not finite; such entries are of no use either.
    """
    columns = tf.reshape(tensor, [-1, tensor.shape[-1] if tensor.shape.rank else 1])
    return tf.reduce_all(tf.math.is_finite(tf.reduce_sum(columns, axis=0)))


def _moved(play: Play) -> list[tf.Operation]:
    return [v1.assign(variable, following) for variable, following in play.moving]


def build(config: Config, game: Game, workers: Alone | Workers = ALONE, rates: Rates | None = None) -> Gan:
    """The whole game in the current graph, on placeholders; seeds the graph's initial weights.

    Fed a whole batch, each of several workers updates by its share of it, and looks at all of it. rates: learning rates
    in the place of those that the settings say.
    """
    v1.set_random_seed(config.seed)
    compute_in(config.precision)
    x = v1.placeholder(tf.float32, [None, *game.data_shape], name="x")
    draw = v1.placeholder(tf.int64, [3], name="draw")
    training = v1.placeholder_with_default(True, [], name="training")
    step = None
    if schedules.scheduled(config):
        step = v1.placeholder_with_default(tf.constant(0, tf.int64), [], name="step")
    with v1.name_scope("latent"):
        origin, rows = draw[:2], draw[2]
        drawn = game.latent(rows, config.z_dim, origin)
    z = v1.placeholder_with_default(drawn, [None, config.z_dim], name="z")

    play = shared = connect(game, x, z, training=training, origin=origin)
    share = workers.share(tf.shape(z)[0])
    if share is not WHOLE:
        shared = connect(game, x, z, training=training, origin=origin, share=share, reuse=True)
        if config.fakes == "uniform":  # fed in the place of G(z)
            shared = d_on(game, shared, play.fake, origin, share)
    theta = split_theta()
    d_report, g_report = d_objective(config, shared, share), g_objective(config, shared, share)

    # Each optimizer under its own scope: the names of its variables must not hang on the order of building.
    optimizer = optimizers(config, rates)
    facts = {"theta": theta, "share": share}
    with v1.name_scope("d_optimizer"), schedules.at(step):
        d_train = d_update(config, game, shared, d_report, origin=origin, optimizer=optimizer.d, **facts)
    with v1.name_scope("g_optimizer"), schedules.at(step):
        g_train = g_update(shared, g_report, optimizer=optimizer.g, **facts)
    both_train = None
    if config.updates == "simultaneous":
        with v1.name_scope("both"), schedules.at(step):
            both_train = both_update(shared, d_report, g_report, optimizer=optimizer, **facts)
    return Gan(
        x=x,
        draw=draw,
        z=z,
        step=step,
        training=training,
        play=play,
        theta=theta,
        optimizer=optimizer,
        d_report=d_report,
        g_report=g_report,
        d_train=d_train,
        g_train=g_train,
        both_train=both_train,
    )

"""The text cards of a run: how to read its curves, and what its last figures say."""

from typing import NamedTuple

import numpy as np

from gan_lowlevel import losses, runs
from gan_lowlevel.config import ENDLESS, Config
from gan_lowlevel.metrics.plane import COLLAPSED

READING = """\
**V(D, G)** = mean log D(x) + mean log(1 − D(G(z))). D climbs it, G lowers it. Where real and generated data are
alike, the best D says ½ everywhere and V is **−log 4 = −1.3863** (`value/minus_log_4`). V near 0: D tells them apart,
G is losing. V below −log 4: D is worse than a coin, for a while.

| curve | what it is | at the ideal point |
|---|---|---|
| `value/V` | V: `value/log_D_x` + `value/log_not_D_G_z`, −0.6931 each at the ideal point | −1.3863 |
| `D_loss` | −V, the sum of D's two cross-entropies | 1.3863 |
| `G_loss` | {g_formula} | {g_ideal:.4f} |
| `prob/D_x` | mean D(x) | 0.5 |
| `prob/D_G_z` | mean D(G(z)) | 0.5 |
| `accuracy/real` | share of x that D puts on the right side of ½ | 0.5 |
| `accuracy/fake` | share of G(z) that D puts there | 0.5 |
| `value/V_train` | V at one moment, on the data of the next step | −1.3863 |
| `value/V_held_out` | V at the same moment, on data that do not train | −1.3863 |
| `jsd/bound_held_out` | (V + log 4)/2 on those: at most the Jensen–Shannon divergence of real and \
generated, which lies in [0, log 2 = 0.6931]; below 0 it says nothing | 0 |
| `gradient/minimax` | norm of ∂L_G/∂θ_G under that loss of G; goes to 0 where D rejects | the other's |
| `gradient/non_saturating` | the same under the other loss, on the same batch and weights | the other's |
| `numerics/clipped` | arguments of both losses' logarithms, on D's next batch, that float32 rounds to 0: \
log(probability) is −inf there | 0 |
| `numerics/literal_error` | over the others, the largest difference of log(probability) to the stable form, nats | 0 |
| `spread/samples`, `spread/pixels` | standard deviation from sample to sample, and within each, of real data's | 1 |
| `spread/D_logits` | standard deviation of D's logits over real and generated; below 0.0001 for long D is dead | 0 |

D's figures are of its last update of the step, before it is applied; G's likewise. The tab *Custom scalars* puts
together what belongs together; in *PR curves* recall is level and precision upright, and real is positive.

**Losses that go down do not mean pictures that get better.** Two players pull at one value: look at the samples
(tab *Images*), and at D(x) and D(G(z)) drawing together.

**The same curve elsewhere.** {source}

| program | its number for D at the ideal point |
|---|---|
| this one; PyTorch's DCGAN tutorial; TensorFlow's DCGAN tutorial | 1.3863, the sum of both cross-entropies |
| Keras code with one batch of real and fake; PyTorch-GAN's and Keras-GAN's collections | 0.6931, half of it |
| TF-GAN's modified loss, real labels smoothed to 0.875 | 1.3706, at D = 0.4375 |

All of them call −mean log D(G(z)), 0.6931 at that point, G's loss.
"""
G_FORMULAS = {"non_saturating": "−mean log D(G(z))", "minimax": "mean log(1 − D(G(z)))"}

# The rules' thresholds.
# D(x) − D(G(z)): beyond, D is winning. On a few thousand digits, which D learns by heart, the gap grows to 0.7 while
# the bound on held-out digits still falls; where G gets nowhere it passes 0.8.
AHEAD = 0.8
LEVEL = 0.15  # and below, the players are level
BELOW_COIN = 0.1  # nats of V under −log 4
SATURATED = 0.1  # the minimax gradient as a share of the other
NOTHING = 0.01  # nats of the bound around 0 that a thousand rows scatter by
REMEMBERED = 0.3  # nats of V that D loses on data it has not seen
ALIKE = 0.5  # diversity, of real data's
SWINGING = 0.5  # standard deviation of G's loss, nats
FAR = 0.1  # nats of the divergence itself, where it is known
MISSED = 0.5  # share of a mixture's samples near a mode
FLAT = 1e-6  # norm of G's gradient, beyond which nothing moves
DEAD = 1e-4  # standard deviation of D's logits, nats
SAME = 0.01  # standard deviation of samples, of real data's


def reading(g_loss: str, source: str) -> str:
    """How to read the curves of a run with that loss of G; `source`: what the game's own article calls them."""
    return READING.format(g_formula=G_FORMULAS[g_loss], g_ideal=losses.IDEAL_G_LOSS[g_loss], source=source)


class Remark(NamedTuple):
    """One thing that the figures say."""

    finding: str  # with its figures
    rule: str  # when it is said
    advice: str  # what to try; empty where nothing needs to change


def recent(columns: dict[str, np.ndarray]) -> dict[str, float]:
    """A run's last figures by name, and their standard deviations as NAME:std."""
    found = runs.recent(columns)
    means = {name: figure.mean for name, figure in found.items()}
    return means | {f"{name}:std": figure.std for name, figure in found.items()}


def remarks(config: Config, figures: dict[str, float]) -> list[Remark]:
    """What the last figures say, the state of the game first. What was not recorded is not spoken of."""

    def known(*names: str) -> bool:
        return all(name in figures for name in names)

    said = warnings(config, figures)
    if known("prob/D_x", "prob/D_G_z", "value/V"):
        said.append(_who_is_winning(config, figures))
    if known("gradient/minimax", "gradient/non_saturating"):
        ratio = figures["gradient/minimax"] / max(figures["gradient/non_saturating"], 1e-30)
        if ratio < SATURATED:
            minimax = config.g_loss == "minimax"
            said.append(
                Remark(
                    f"The minimax loss {'is' if minimax else 'would be'} saturated: its gradient is {ratio:.3f} of the "
                    f"non-saturating one's{'' if minimax else ', which this run follows'}.",
                    f"gradient/minimax below {SATURATED} of gradient/non_saturating",
                    "`--g_loss=non_saturating`" if minimax else "",
                )
            )
    # Points that are drawn afresh never come twice, and a D that stays as it is learns nothing.
    if config.d_step and config.dataset not in ENDLESS and known("value/V_train", "value/V_held_out"):
        lost = figures["value/V_train"] - figures["value/V_held_out"]
        if lost > REMEMBERED:
            said.append(
                Remark(
                    f"D knows the training data by heart: on data that do not train its V is {lost:.2f} nats lower.",
                    f"value/V_train more than {REMEMBERED} above value/V_held_out",
                    _try("more data, fewer epochs", _weaker_d(config), "dropout in D where the game has it"),
                )
            )
    if known("jsd/bound_held_out") and config.fakes == "generator":
        said.append(_bound(figures["jsd/bound_held_out"]))
    if config.g_step and known("quality/diversity") and figures["quality/diversity"] < ALIKE:
        said.append(
            Remark(
                f"G's samples are alike: they lie {figures['quality/diversity']:.2f} times as far apart as real ones.",
                f"quality/diversity below {ALIKE}",
                _try("smaller learning rates", "" if _winning(figures) else _stronger_d(config)),
            )
        )
    if config.g_step and known("quality/energy") and figures["quality/energy"] > COLLAPSED:
        said.append(
            Remark(
                "G has collapsed, or its points lie elsewhere than the data: their energy distance to real ones is "
                f"{figures['quality/energy']:z.3f}.",
                f"quality/energy above {COLLAPSED}",
                _try(
                    "another `--seed`",
                    "" if _winning(figures) else _stronger_d(config),
                    "a smaller `--g_learning_rate`",
                ),
            )
        )
    if known("quality/modes", "quality/high_quality"):
        said.append(
            Remark(
                f"G has found {figures['quality/modes']:.0f} modes, and {figures['quality/high_quality']:.2f} of its "
                "samples lie near one.",
                "said wherever modes are counted",
                "",
            )
        )
    if known("jsd/quadrature"):
        said.append(
            Remark(
                f"Here the divergence itself is known: {figures['jsd/quadrature']:z.3f}.",
                "said wherever densities are known",
                "",
            )
        )
    if known("G_loss:std") and figures["G_loss:std"] > SWINGING:
        said.append(
            Remark(
                f"G's loss swings by {figures['G_loss:std']:.2f} nats (one standard deviation).",
                f"its standard deviation above {SWINGING}",
                "smaller learning rates, or a smaller `--beta1`",
            )
        )
    if known("numerics/clipped") and figures["numerics/clipped"] > 0:
        literal, clipped = config.log_form == "literal", figures["numerics/clipped"]
        said.append(
            Remark(
                f"Float32 rounds D to 0 or 1: of a step's logarithms {clipped:.1f} would be −inf in the literal form"
                + (", which this run trains with." if literal else "; the stable form has them."),
                "numerics/clipped above 0",
                "`--log_form=stable`" if literal else "",
            )
        )
    return said


def warnings(config: Config, figures: dict[str, float]) -> list[Remark]:
    """What keeps a game from being one, whatever its losses: said on the console too, as soon as it is so."""
    norm, logits = figures.get(f"gradient/{config.g_loss}", 1.0), figures.get("spread/D_logits", 1.0)
    samples, pixels = figures.get("spread/samples", 1.0), figures.get("spread/pixels", 1.0)
    said = []
    if config.d_step and logits < DEAD:
        said.append(
            Remark(
                f"D is dead, or the game is over: it says the same of everything (its logits scatter by {logits:.1e} "
                "nats).",
                f"spread/D_logits below {DEAD}",
                _try("another `--seed`", "a smaller `--d_learning_rate`"),
            )
        )
    if config.g_step and norm < FLAT:
        said.append(
            Remark(
                f"G is flat, it learns nothing: the norm of its gradient is {norm:.1e}.",
                f"gradient/{config.g_loss} below {FLAT}",
                _try(
                    "`--g_loss=non_saturating`" if config.g_loss == "minimax" else "",
                    _weaker_d(config),
                    "a smaller `--d_learning_rate`",
                ),
            )
        )
    if config.g_step and samples < SAME:
        said.append(
            Remark(
                f"G's samples are constant, one for every z: they scatter by {samples:.4f} of what real data do.",
                f"spread/samples below {SAME}",
                _try("smaller learning rates", "another `--seed`"),
            )
        )
    if config.g_step and pixels < SAME:
        said.append(
            Remark(
                f"G's pictures are of one colour each: their pixels scatter by {pixels:.4f} of what real ones' do.",
                f"spread/pixels below {SAME}",
                _try("smaller learning rates", "another `--seed`"),
            )
        )
    return said


def says(config: Config, figures: dict[str, float], step: int) -> str:
    """The card that reads a run's last figures aloud."""
    lines = [f"**After {step:,} steps** (means over the last tenth of what was recorded, one point at least)", ""]
    shown = ("value/V", "D_loss", "G_loss", "prob/D_x", "prob/D_G_z", "jsd/bound_held_out")
    lines += ["| " + " | ".join(f"`{name}`" for name in shown if name in figures) + " |"]
    lines += ["|" + "---|" * sum(name in figures for name in shown)]
    lines += ["| " + " | ".join(f"{figures[name]:z.4f}" for name in shown if name in figures) + " |", ""]
    for remark in remarks(config, figures):
        advice = f" **Try** {remark.advice}." if remark.advice else ""
        lines.append(f"- **{remark.finding}**{advice} *Rule: {remark.rule}.*")
    if "quality/diversity" in figures:
        lines += ["", "Missing classes are not seen here: `python -m gan_lowlevel.evaluate` counts them."]
    return "\n".join(lines) + "\n"


def _who_is_winning(config: Config, figures: dict[str, float]) -> Remark:
    gap = figures["prob/D_x"] - figures["prob/D_G_z"]
    state = f"D(x) {figures['prob/D_x']:.2f}, D(G(z)) {figures['prob/D_G_z']:.2f}, V {figures['value/V']:z.2f}"
    if figures["value/V"] < losses.IDEAL_VALUE - BELOW_COIN:
        return Remark(
            f"G is ahead, D is worse than a coin: {state}.",
            f"value/V more than {BELOW_COIN} below −log 4",
            _try(_stronger_d(config), "a larger `--d_learning_rate`"),
        )
    if _winning(figures):
        return Remark(
            f"D is winning: {state}.",
            f"D(x) − D(G(z)) above {AHEAD}",
            _try(
                _weaker_d(config),
                "a smaller `--d_learning_rate`",
                "`--g_loss=non_saturating`" if config.g_loss == "minimax" else "",
            ),
        )
    if abs(gap) < LEVEL:
        if _unlike(figures):
            return Remark(
                f"The players are level, as in an ideal game, but this is none: {state}, and the samples are not like "
                "real data. D is too weak to tell.",
                f"D(x) − D(G(z)) within ±{LEVEL}, and quality beyond its own rule below",
                _try(_stronger_d(config), "a larger `--d_learning_rate`"),
            )
        return Remark(
            f"The players are level: {state}. Either generated data are like real ones, or D is too weak to tell: "
            "the samples decide.",
            f"D(x) − D(G(z)) within ±{LEVEL}",
            "",
        )
    return Remark(f"D is ahead, and G follows: {state}.", f"D(x) − D(G(z)) from {LEVEL} to {AHEAD}", "")


def _winning(figures: dict[str, float]) -> bool:
    return figures.get("prob/D_x", 0.0) - figures.get("prob/D_G_z", 0.0) > AHEAD


def _unlike(figures: dict[str, float]) -> bool:
    """Whether a measure says that the samples are not like real data; False where none was recorded."""
    return (
        figures.get("quality/energy", 0.0) > COLLAPSED
        or figures.get("quality/diversity", 1.0) < ALIKE
        or figures.get("quality/high_quality", 1.0) < MISSED
        or figures.get("jsd/quadrature", 0.0) > FAR
    )


def _try(*advice: str) -> str:
    return ", or ".join(each for each in advice if each)


def _weaker_d(config: Config) -> str:
    """The ratio of updates moved in G's favour, as a flag that these settings may have; empty where there is none."""
    if not _free_ratio(config):
        return ""
    return f"`--g_step={config.g_step + 1}`" if config.d_step <= 1 else f"`--d_step={config.d_step - 1}`"


def _stronger_d(config: Config) -> str:
    """The same in D's favour."""
    return f"`--d_step={config.d_step + 1}`" if _free_ratio(config) else ""


def _free_ratio(config: Config) -> bool:
    return config.updates == "alternating" and config.fakes == "generator"


def _bound(bound: float) -> Remark:
    if abs(bound) < NOTHING:
        return Remark(
            f"The bound of the divergence is 0 within its scatter ({bound:z.3f}): this D finds no difference between "
            "real and generated data.",
            f"jsd/bound_held_out within ±{NOTHING}",
            "",
        )
    if bound < 0:
        return Remark(
            f"The bound of the divergence is below 0 ({bound:z.3f}) and says nothing: this D is no good judge.",
            f"jsd/bound_held_out below −{NOTHING}",
            "",
        )
    return Remark(
        f"Real and generated data differ by a Jensen–Shannon divergence of {bound:.3f} at least, of "
        f"{losses.JSD_CEILING:.3f} that there can be.",
        f"jsd/bound_held_out above {NOTHING}",
        "",
    )

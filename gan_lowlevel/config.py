"""What a run is: every setting once, with its flag, bound, unit and effect. Imports no TensorFlow.

A model's recipe is its flagfile, `flags/NAME.flags`: `--model=NAME` reads it, what is typed overrides it.
"""

import dataclasses
import pathlib
import re
from typing import Any

from gan_lowlevel.errors import Exit, Failure

_HERE = pathlib.Path(__file__).parent
# In a checkout the flagfiles stand beside the package; an installed package carries them inside.
FLAGS_DIR = _HERE / "flags" if (_HERE / "flags").is_dir() else _HERE.parent / "flags"

# What must be known before TensorFlow is imported. A test holds each table to the modules.
MODELS = tuple(sorted(path.stem for path in FLAGS_DIR.glob("*.flags")))
DATA_SETS = ("embedded", "mnist")
G_LOSSES = ("non_saturating", "minimax")
LOG_FORMS = ("stable", "literal")
OPTIMIZERS = ("adam", "sgd", "nesterov")
ARTICLE_SAMPLING = ("mlp",)  # the games whose article reuses one z, and one batch of x for a step's updates of D

RECIPE = None  # the default of a setting that every flagfile gives
_RUN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a flag says of itself: its help, with unit and effect, and what it accepts."""

    help: str
    kind: type  # int, float, str or bool
    low: float | None = None
    high: float | None = None
    below_high: bool = False  # the upper bound itself is refused
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    may_change: bool = False  # on resume
    recorded: bool = True  # in the run's flags.txt


def setting(default: Any, kind: type, help: str, **facts: Any) -> Any:
    """A dataclass field that is also a flag."""
    return dataclasses.field(default=default, metadata={"setting": Setting(help, kind, **facts)})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of a training run."""

    model: str = setting("mlp", str, "The game to train; its recipe is flags/NAME.flags.", choices=MODELS)

    # the data
    input_data_dir: str = setting(
        "",
        str,
        "Folder with the four MNIST files, downloaded into it where it lacks them; "
        "empty: 5,000 real MNIST digits that come with the installation.",
        aliases=("data_dir",),
        may_change=True,
    )
    download: bool = setting(True, bool, "Whether missing MNIST files may be downloaded.", may_change=True)

    # where the run lives
    logdir: str = setting("logs", str, "Folder of all runs; TensorBoard's --logdir.", may_change=True, recorded=False)
    run_name: str = setting(
        "",
        str,
        "The run's folder in --logdir, made of [A-Za-z0-9._-]; an existing run goes on. Empty: model and UTC time.",
        may_change=True,
        recorded=False,
    )
    resume: str = setting(
        "auto",
        str,
        "auto goes on from the run's newest good checkpoint; never refuses a folder that holds a run.",
        choices=("auto", "never"),
        may_change=True,
        recorded=False,
    )
    dry_run: bool = setting(
        False, bool, "Build, check and print plan and tables; train and write nothing.", may_change=True
    )

    # how long; a step is one round of both players
    max_steps: int = setting(
        RECIPE,
        int,
        "Steps in all, those before a resume included; 0: as --epochs says.",
        low=0,
        high=10**12,
        may_change=True,
    )
    epochs: int = setting(
        RECIPE, int, "Length as passes over the training data; 0: as --max_steps says.", low=0, high=10**9,
        may_change=True,
    )  # fmt: skip
    embedded_max_steps: int = setting(
        0,
        int,
        "Steps in all on the embedded digits where neither --max_steps nor --epochs is typed; 0: no such exception.",
        low=0,
        high=10**12,
        may_change=True,
    )

    # the game
    batch_size: int = setting(RECIPE, int, "Rows of x, and of z, in an update.", low=1, high=65536)
    d_step: int = setting(
        RECIPE,
        int,
        "Discriminator updates per step (k in the paper); more make D stronger. 0 leaves D as it is.",
        low=0,
        high=1000,
        aliases=("d_steps",),
    )
    g_step: int = setting(
        RECIPE,
        int,
        "Generator updates per step; more make G stronger. 0 leaves G as it is.",
        low=0,
        high=1000,
        aliases=("g_steps",),
    )
    z_dim: int = setting(RECIPE, int, "Entries of a latent vector z.", low=1, high=100_000)
    g_loss: str = setting(
        RECIPE,
        str,
        "G's loss: non_saturating is -mean log D(G(z)), minimax is mean log(1 - D(G(z))).",
        choices=G_LOSSES,
    )
    log_form: str = setting(
        "stable",
        str,
        "log D from the logits, exact where float32 rounds D to 0 or 1 (stable), "
        "or as the logarithm of the probability, which is then -inf (literal).",
        choices=LOG_FORMS,
    )
    sampling: str = setting(
        "fresh",
        str,
        "fresh draws new x and z for every update (Algorithm 1); "
        "article is the source's way, one z for ever and one batch of x a step.",
        choices=("fresh", "article"),
    )
    updates: str = setting(
        "alternating",
        str,
        "alternating updates D, then G; simultaneous takes both gradients at the same weights and z, "
        "then applies both.",
        choices=("alternating", "simultaneous"),
    )

    # the optimizers
    optimizer: str = setting(
        RECIPE, str, "Update rule of both players; sgd and nesterov use --momentum.", choices=OPTIMIZERS
    )
    d_learning_rate: float = setting(RECIPE, float, "Learning rate of D.", low=0, high=1000)
    g_learning_rate: float = setting(RECIPE, float, "Learning rate of G.", low=0, high=1000)
    beta1: float = setting(
        0.9, float, "Adam's decay of the gradient's average (beta2 is 0.999).", low=0, high=1, below_high=True
    )
    epsilon: float = setting(1e-8, float, "Adam's epsilon, added to the root in the denominator.", low=0, high=1)
    momentum: float = setting(0.0, float, "Momentum of sgd and nesterov.", low=0, high=1, below_high=True)

    # the machine
    seed: int = setting(0, int, "Seed of weights, draws and data order.", low=0, high=2**31 - 1)
    threads: int = setting(
        0,
        int,
        "CPU threads of TensorFlow, recorded since other counts give other last bits; 0: one per core.",
        low=0,
        high=1024,
        may_change=True,
    )

    # what is recorded
    summary_every: int = setting(
        RECIPE, int, "Steps between scalars; 0: at the last step only.", low=0, high=10**12, may_change=True
    )
    sample_every: int = setting(
        RECIPE,
        int,
        "Steps between sample grids and histograms; 0: at the last step only.",
        low=0,
        high=10**12,
        may_change=True,
    )
    save_every: int = setting(
        RECIPE, int, "Steps between checkpoints; 0: at the last step only.", low=0, high=10**12, may_change=True
    )
    max_to_keep: int = setting(5, int, "Newest checkpoints that are kept.", low=1, high=10_000, may_change=True)

    def check(self) -> None:
        """Raise Failure(FLAGS) for settings that contradict each other."""
        if self.max_steps and self.epochs:
            _refuse("give --max_steps or --epochs, not both", f"--max_steps={self.max_steps} --epochs={self.epochs}")
        if not self.max_steps and not self.epochs:
            _refuse("a length is wanted, --max_steps or --epochs of 1 or more", "--max_steps=0 --epochs=0")
        if not self.d_step and not self.g_step:
            _refuse("one player at least must be updated, give --d_step or --g_step 1 or more", "--d_step=0 --g_step=0")
        if self.updates == "simultaneous" and (self.d_step, self.g_step) != (1, 1):
            _refuse(
                "--updates=simultaneous wants --d_step=1 --g_step=1", f"--d_step={self.d_step} --g_step={self.g_step}"
            )
        if self.sampling == "article" and self.model not in ARTICLE_SAMPLING:
            _refuse(
                f"--sampling=article is for {', '.join(ARTICLE_SAMPLING)}, whose article draws so; "
                "leave it out or say --sampling=fresh",
                f"--model={self.model}",
            )
        if self.run_name and not _RUN_NAME.fullmatch(self.run_name):
            _refuse(
                "--run_name wants 1 to 100 of the characters A-Z a-z 0-9 . _ -, the first no dot or dash",
                f"--run_name={self.run_name!r}",
            )

    def flagfile(self) -> str:
        """The text of flags.txt: every recorded setting once; as a flagfile it repeats the run."""
        recorded = (name for name, facts in settings_of(Config).items() if facts.recorded)
        return "".join(f"{flag_text(name, getattr(self, name))}\n" for name in recorded)

    def differences(self, recorded: "Config") -> list[str]:
        """The settings that may not change on resume and do, one text each."""
        return [
            f"{name} was {getattr(recorded, name)}, this command says {getattr(self, name)}"
            for name, facts in settings_of(Config).items()
            if not facts.may_change and getattr(self, name) != getattr(recorded, name)
        ]


def settings_of(record: type) -> dict[str, Setting]:
    """The settings of a command's dataclass, by name, in their order."""
    return {field.name: field.metadata["setting"] for field in dataclasses.fields(record)}


def flag_text(name: str, value: Any) -> str:
    """A setting as it is typed: --name=value, --name or --noname."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={value}"


def _refuse(wanted: str, came: str) -> None:
    raise Failure(Exit.FLAGS, f"{wanted}; this command says {came}.")

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
DATA_SETS = ("array", "embedded", "gaussian", "mixture", "mnist", "parabola", "photos")
LOOKED_AT = ("array", "mnist", "photos")  # the data sets that a file or folder holds
PICTURES = ("embedded", *LOOKED_AT)  # the data sets of pictures; others are laws
ENDLESS = ("gaussian", "parabola")  # the data sets that are drawn afresh for each batch
DENSITIES = ("normal", "mixture")
MIXTURES = ("ring", "grid")
G_LOSSES = ("non_saturating", "minimax")
LOG_FORMS = ("stable", "literal")
ON_NAN = ("stop", "rewind")
ENGINES = ("auto", "explicit", "compiled")
BATCH_STATISTICS = ("global", "local")
DEVICES = ("auto", "cpu", "gpu")
GPU_INSTALL = 'pip install "tensorflow[and-cuda]~=2.21.0"'  # what brings NVIDIA's libraries
AS_TRAINED = "trained"  # what --device of other commands says of the run's own
PRECISIONS = ("float32", "bfloat16")
OPTIMIZERS = ("adam", "sgd", "nesterov")
ARTICLE_SAMPLING = ("mlp",)  # the games whose article reuses one z, and one batch of x for a step's updates of D
ANY_PICTURE = ("dcgan",)  # the games whose players take their picture's shape from the data
SIZES = (28, 32, 64)  # heights and widths of such pictures
COLOURED = ("dog",)  # the games whose pictures are always 64x64 in colour
RESIZED = ("array", "photos")  # the data sets whose pictures may be of any size, mirrored, and partly held out
# The games that alone have a setting.
ONLY_FOR = {
    "d_dropout": ("dcgan", "goodfellow"),
    "d_input_dropout": ("goodfellow",),
    "density": ("gaussian",),
    "mixture": ("mixture",),
}
# When the engine is compiled by itself: steps that win back the second or two that compiling takes, and updates of a
# step, each of which is compiled by itself.
COMPILED_FROM, COMPILED_UPDATES = 500, 16
NOT_AT_ONCE = ("dog", "parabola")  # the games whose D learns in two updates, or from G as it draws
POINTS = ("gaussian", "mixture", "parabola")  # the games of points, on a line or in the plane
UNIFORM_FAKES = ("parabola",)  # the games whose article trains D alone, on points of the square

RECIPE = None  # the default of a setting that every flagfile gives
RUN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclasses.dataclass(frozen=True)
class Setting:
    """What a flag says of itself: its help, with unit and effect, and what it accepts."""

    help: str
    kind: type  # int, float, str or bool
    low: float | None = None
    high: float | None = None
    below_high: bool = False  # the upper bound itself is refused
    choices: tuple[Any, ...] = ()
    aliases: tuple[str, ...] = ()
    may_change: bool = False  # on resume
    recorded: bool = True  # in the run's flags.txt


def setting(default: Any, kind: type, help: str, **facts: Any) -> Any:
    """A dataclass field that is also a flag."""
    return dataclasses.field(default=default, metadata={"setting": Setting(help, kind, **facts)})


def every(what: str, default: int | None = RECIPE) -> Any:
    """A cadence; each recipe has its own, or the default is one that suits most."""
    return setting(
        default,
        int,
        f"Steps between {what}; -1: at each epoch's end, 0: at the last step only.",
        low=-1,
        high=10**12,
        may_change=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    """Every setting of a training run."""

    model: str = setting("mlp", str, "The game to train; its recipe is flags/NAME.flags.", choices=MODELS)

    # the data
    dataset: str = setting(
        RECIPE,
        str,
        "What trains: mnist, four files in the folder --input_data_dir, or the embedded digits where that is empty; "
        "embedded digits; photos, of the folder or zip --input_data_dir; array, in the .npz or .npy "
        "--input_data_dir; points of the game's own law, drawn. Where it is not typed, looking at --input_data_dir "
        "decides, if it tells.",
        choices=DATA_SETS,
    )
    input_data_dir: str = setting(
        "",
        str,
        "The data: a folder of the four MNIST files, downloaded into it where it lacks them; a folder or a zip of "
        "photographs; an .npz or .npy with an array of pictures [N, H, W] or [N, H, W, C]. "
        "Empty: 5,000 real MNIST digits that come with the installation.",
        aliases=("data_dir",),
        may_change=True,
    )
    download: bool = setting(True, bool, "Whether missing MNIST files may be downloaded.", may_change=True)

    train_rows: int = setting(
        0,
        int,
        "Pictures that train, the first ones in the data's own order (the embedded digits' is by class); others are "
        "left for validation. 0, or more than there are: all.",
        low=0,
        high=10**9,
    )
    image_size: int = setting(
        0,
        int,
        "Height and width of the pictures, for dcgan; 0: 28 for digits, 64 for photos, the nearest for an array.",
        choices=(0, *SIZES),
    )
    channels: int = setting(
        0,
        int,
        "Colours of a pixel, grey (1) or RGB (3), for dcgan; 0: 1 for digits, 3 for photos, an array's own.",
        choices=(0, 1, 3),
    )
    resize: str = setting(
        "stretch",
        str,
        "How a photograph, or a picture of an array, becomes a square: stretch keeps all of it, crop keeps its middle "
        "and its proportions.",
        choices=("stretch", "crop"),
    )
    mirror: bool = setting(
        False,
        bool,
        "Whether each photograph, or picture of an array, also trains mirrored left to right: twice the data.",
    )
    holdout: float = setting(
        0.0,
        float,
        "Share of the photographs, chosen by a hash of their names, or of an array's rows, by one of their numbers, "
        "that never trains; for curves. An array with test rows has those held out.",
        low=0,
        high=0.5,
    )

    density: str = setting(
        "normal",
        str,
        "The law of gaussian's numbers: N(4, 0.5^2) (normal), or N(-2, 0.5^2) and N(2, 0.5^2), half of each (mixture).",
        choices=DENSITIES,
    )
    mixture: str = setting(
        "ring",
        str,
        "The law of mixture's points: 8 Gaussians on the unit circle, standard deviation 0.01 (ring), or 25 at "
        "{-4, -2, 0, 2, 4}^2, 0.05 (grid).",
        choices=MIXTURES,
    )

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

    live: bool = setting(
        False,
        bool,
        "Whether to play in a window, at the touch of keys, instead of training a run: none is read or written. For "
        "gaussian, mixture and parabola.",
        may_change=True,
        recorded=False,
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
    last_batch: str = setting(
        "fill",
        str,
        "An epoch's incomplete batch: fill takes the missing rows from the next epoch, short trains as it is, "
        "drop leaves it out.",
        choices=("fill", "short", "drop"),
    )
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
    d_dropout: float = setting(
        0.0,
        float,
        "Share of D's hidden entries that dropout zeroes in training, for dcgan and goodfellow; more makes D weaker.",
        low=0,
        high=1,
        below_high=True,
    )
    d_input_dropout: float = setting(
        0.0,
        float,
        "Share of D's input entries that dropout zeroes in training, for goodfellow.",
        low=0,
        high=1,
        below_high=True,
    )
    fakes: str = setting(
        "generator",
        str,
        "What D learns to refuse: G(z) (generator), or points uniform in [-1, 1]^2 (uniform, with --g_step=0, "
        "for parabola).",
        choices=("generator", "uniform"),
    )
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

    on_nan: str = setting(
        "stop",
        str,
        "When a loss, gradient or weight is NaN or infinite: stop, naming it, or go back to the last good checkpoint "
        "and on from there with other z, at most 3 times in a run (rewind).",
        choices=ON_NAN,
        may_change=True,
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
    learning_rate_decay: float = setting(
        1.0, float, "What both learning rates are divided by after each step; 1: they stay.", low=1, high=2
    )
    learning_rate_floor: float = setting(
        0.0, float, "Share of both learning rates that --learning_rate_decay leaves at the least.", low=0, high=1
    )
    final_momentum: float = setting(
        0.0,
        float,
        "Momentum of sgd and nesterov from step --momentum_steps on; until then it goes there from --momentum in a "
        "straight line.",
        low=0,
        high=1,
        below_high=True,
    )
    momentum_steps: int = setting(
        0, int, "Steps until the momentum is --final_momentum; 0: it stays --momentum.", low=0, high=10**12
    )

    # the machine
    seed: int = setting(0, int, "Seed of weights, draws and data order.", low=0, high=2**31 - 1)
    engine: str = setting(
        "auto",
        str,
        "The loop that plays the steps: explicit makes one session.run an update and is the one to read; compiled "
        "makes one of many steps, for the same numbers up to the last bits, where it can be compiled; auto is compiled "
        f"for runs of {COMPILED_FROM} steps or more with at most {COMPILED_UPDATES} updates each, explicit else, and "
        "stays what it was when a run goes on.",
        choices=ENGINES,
        may_change=True,
    )
    threads: int = setting(
        0,
        int,
        "CPU threads of TensorFlow, recorded since other counts give other last bits; 0: one per core.",
        low=0,
        high=1024,
        may_change=True,
    )

    batch_statistics: str = setting(
        "global",
        str,
        "What batch norm takes its mean and variance over where several workers train: all rows of a batch, as one "
        "process does (global), or each worker its own rows, for fewer messages (local).",
        choices=BATCH_STATISTICS,
    )
    peer_timeout: float = setting(
        60.0,
        float,
        "Seconds after which a worker that is not heard of is lost, and all others leave with exit code 138; at the "
        "start, while others may still read their data, ten times as long. Longer than rank 0 takes to save or draw.",
        low=1,
        high=86_400,
        may_change=True,
    )
    device: str = setting(
        "auto",
        str,
        "What computes: the first GPU where there is one, else the CPU (auto); the CPU, leaving GPUs alone (cpu); the "
        "first GPU, or the run is refused (gpu). Another gives other last bits.",
        choices=DEVICES,
        may_change=True,
    )
    precision: str = setting(
        "float32",
        str,
        "What matmuls and convolutions multiply in; weights, losses and all else are float32. bfloat16 has 8 bits: "
        "meant for GPUs from NVIDIA's Ampere on; a CPU without AMX or AVX512_BF16 is half as fast, or worse.",
        choices=PRECISIONS,
    )

    # what is recorded
    summary_every: int = every("scalars")
    sample_every: int = every("sample pictures and histograms")
    save_every: int = every("checkpoints")
    line_every: int = every("lines on the console with losses and accuracies")
    theory_every: int = every("theory's curves: V on held-out data, both gradients of G, quality", default=500)
    theory_rows: int = setting(
        1000,
        int,
        "Rows of held-out x, and of z, for theory's curves and views; more cost more time and scatter less.",
        low=1,
        high=65536,
        may_change=True,
    )
    views_every: int = every("pictures that explain: logits, saturation, walks, neighbours, D's surface", default=0)
    save_single_samples: bool = setting(
        False, bool, "Whether each generated picture of a grid is also a file of its own.", may_change=True
    )
    max_to_keep: int = setting(5, int, "Newest checkpoints that are kept.", low=1, high=10_000, may_change=True)

    # No flag: whether the length is that of the embedded digits, as none was typed.
    embedded_length: bool = dataclasses.field(default=False, compare=False)

    def check(self) -> None:
        """Raise Failure(FLAGS) for settings that contradict each other."""
        if self.max_steps and self.epochs:
            _refuse(
                "give --max_steps or --epochs and 0 for the other",
                f"--max_steps={self.max_steps} --epochs={self.epochs}",
            )
        if not self.max_steps and not self.epochs:
            _refuse("a length is wanted, --max_steps or --epochs of 1 or more", "--max_steps=0 --epochs=0")
        if not self.d_step and not self.g_step:
            _refuse("one player at least must be updated, give --d_step or --g_step 1 or more", "--d_step=0 --g_step=0")
        if self.updates == "simultaneous" and self.model in NOT_AT_ONCE:
            _refuse(
                f"--updates=simultaneous is not for {' and '.join(NOT_AT_ONCE)}, whose D learns in two updates or "
                "from G as it draws; leave it out",
                f"--model={self.model}",
            )
        if self.dataset not in RESIZED and (self.mirror or self.holdout or self.resize != "stretch"):
            _refuse(
                "--resize, --mirror and --holdout are for photographs and arrays; leave them out",
                f"--dataset={self.dataset}",
            )
        if self.train_rows and self.dataset not in PICTURES:
            _refuse("--train_rows is for pictures; leave it out", f"--dataset={self.dataset}")
        if self.final_momentum and not self.momentum_steps:
            _refuse(
                "--final_momentum wants --momentum_steps, the steps until it is reached",
                f"--final_momentum={self.final_momentum} --momentum_steps=0",
            )
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
        if (self.image_size or self.channels) and self.model not in ANY_PICTURE:
            _refuse(
                f"--image_size and --channels are for {', '.join(ANY_PICTURE)}, the pictures of other games have "
                "one shape; leave them out",
                f"--model={self.model}",
            )
        if self.fakes == "uniform" and (self.model not in UNIFORM_FAKES or self.g_step):
            _refuse(
                f"--fakes=uniform wants --g_step=0 and a game whose article draws such points "
                f"({', '.join(UNIFORM_FAKES)})",
                f"--model={self.model} --g_step={self.g_step}",
            )
        if self.live and self.model not in POINTS:
            _refuse(f"--live wants a game of points, {', '.join(f'--model={game}' for game in POINTS)}",
                    f"--model={self.model} --live")  # fmt: skip
        if self.live and self.fakes == "uniform":
            _refuse("--live shows what G makes; leave --fakes=uniform out", "--fakes=uniform --live")
        for name, games in ONLY_FOR.items():
            value = getattr(self, name)
            if value != getattr(Config, name) and self.model not in games:
                own = " or ".join(f"--model={game}" for game in games)
                _refuse(f"--{name} is for {own}; leave it out", f"--model={self.model} --{name}={value}")
        if self.model == "gaussian" and self.z_dim != 1:
            _refuse("gaussian wants --z_dim=1: with more the density of G is not known", f"--z_dim={self.z_dim}")
        if self.dataset in ENDLESS and -1 in self.cadences():
            _refuse("drawn points have no epochs, give each --*_every as steps", "-1")
        if self.run_name and not RUN_NAME.fullmatch(self.run_name):
            _refuse(
                "--run_name wants 1 to 100 of the characters A-Z a-z 0-9 . _ -, the first no dot or dash",
                f"--run_name={self.run_name!r}",
            )

    def cadences(self) -> tuple[int, ...]:
        """Steps between whatever is recorded, each as `every` says."""
        return (
            self.summary_every,
            self.sample_every,
            self.save_every,
            self.line_every,
            self.theory_every,
            self.views_every,
        )

    def picture(self) -> tuple[int, int, int]:
        """(height, width, channels) of the pictures where the game takes any shape."""
        size, channels = (64, 3) if self.dataset == "photos" or self.model in COLOURED else (28, 1)
        size = self.image_size or size
        return size, size, self.channels or channels

    def without_dropout(self) -> "Config":
        """For players that draw and judge: dropout is for training."""
        return dataclasses.replace(self, d_dropout=0.0, d_input_dropout=0.0)

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
    return {field.name: field.metadata["setting"] for field in dataclasses.fields(record) if field.metadata}


def device_of_run() -> Any:
    """--device of a command that takes a trained run: its own, or another."""
    return setting(
        AS_TRAINED,
        str,
        f"What computes: {AS_TRAINED} is what the run's flags.txt says; others as in training. Another gives other "
        "last bits.",
        choices=(AS_TRAINED, *DEVICES),
    )


def averaged_of_run() -> Any:
    """--average of a command that takes a trained run."""
    return setting(
        1,
        int,
        "Of how many checkpoints, the newest up to that of --checkpoint, G's weights are the mean; D's are of the last "
        "one. 1: the weights as they were trained.",
        low=1,
        high=1000,
    )


def on_device(config: Config, device: str) -> Config:
    """The run's settings with what --device says in the place of its own."""
    return config if device == AS_TRAINED else dataclasses.replace(config, device=device)


def flag_text(name: str, value: Any) -> str:
    """A setting as it is typed: --name=value, --name or --noname."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no{name}"
    return f"--{name}={value}"


def _refuse(wanted: str, came: str) -> None:
    raise Failure(Exit.FLAGS, f"{wanted}; this command says {came}.")

"""Write a trained game for programs that know nothing of this one: TensorFlow 2, TF Serving, ONNX.

python -m gan_lowlevel.export --run=logs/NAME --out=DIR
python -m gan_lowlevel.export --run=logs/NAME --out=DIR --format=onnx
"""

import contextlib
import dataclasses
import functools
import json
import pathlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gan_lowlevel import command, onnx_files, pretrained, runs, system
from gan_lowlevel.commandline import read_record
from gan_lowlevel.config import Config, averaged_of_run, setting
from gan_lowlevel.errors import Exit, Failure

if TYPE_CHECKING:
    from gan_lowlevel.networks.game import Game  # needs TensorFlow
    from gan_lowlevel.sampler import Sampler

# The file by which each format's exports are known.
FORMATS = {"saved_model": "saved_model.pb", "onnx": "generator.onnx", "npz": pretrained.FILE}
CHECKED = list(range(64))  # seeds whose images onnxruntime must make too

MOST_CARD = 2**20  # bytes of a card.json; a whole one has some five thousand

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportConfig:
    """Every setting of the command."""

    run: str = setting("", str, "Folder of a run, such as logs/NAME.")
    pretrained: str = setting(
        "", str, f"In place of --run, weights that come with the package: {' or '.join(sorted(pretrained.SHA256))}."
    )
    checkpoint: str = setting(
        runs.NEWEST, str, f"Which weights: {runs.NEWEST}, or the step of a checkpoint that was kept."
    )
    average: int = averaged_of_run()
    out: str = setting(
        "",
        str,
        "Folder of exports, made if it is missing; each goes into a folder of its own in it, 1, 2, ..., as TF Serving "
        "reads them.",
    )
    format: str = setting(
        "saved_model",
        str,
        "saved_model, for TensorFlow and TF Serving; onnx, two files, for onnxruntime and others (wants tf2onnx); "
        "npz, weights alone in eight bits each, as those that come with the package.",
        choices=tuple(FORMATS),
    )


def main(config: ExportConfig) -> Exit:
    """Restore the players, write them with their card."""
    pretrained.refuse_unclear(config.run, config.pretrained, config.checkpoint, config.average)
    if not config.out:
        raise Failure(Exit.FLAGS, "--out is wanted, a folder of exports, which is made if it is missing.")
    step = runs.parse_checkpoint(config.checkpoint)
    run, settings = pretrained.players(config.run, config.pretrained)
    out = pathlib.Path(config.out)
    refuse_another(out, config.format, settings.model)
    if config.format == "saved_model":
        runs.refuse_patterns(out, "--out")  # written, it could be loaded by nobody
    if config.format == "onnx":
        onnx_files.refuse_without()

    command.start_tensorflow()
    from gan_lowlevel import evaluations, model_card, networks
    from gan_lowlevel.sampler import Sampler

    game = networks.GAMES[settings.model](settings.without_dropout())
    # The machine that exports may have no GPU, and few runtimes of ONNX multiply in bfloat16.
    computed = dataclasses.replace(settings, device="cpu")
    if config.format == "onnx":
        computed = dataclasses.replace(computed, precision="float32")
    with Sampler(run, computed, game, step, config.average) as sampler:
        if config.run:
            found = evaluations.read(run, config.average)
            measures = {name: figure._asdict() for name, figure in found.items()} if found else None
            facts = model_card.of_data(settings, sampler.notes.get("data_sha256"))
        else:
            measures, facts = run.card["measures"], run.card["data"]
        card = model_card.card(settings, game, sampler.step, facts, measures) | {
            "format": config.format,
            "weights": _weights(config),
            "versions": model_card.versions(),
        }
        with numbered(out, config.format, settings.model) as folder:
            card |= _WRITERS[config.format](folder, sampler, game, computed, card)
            text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            (folder / "card.json").write_text(text, encoding="utf-8")
            (folder / "card.md").write_text(model_card.markdown(card), encoding="utf-8")
    left = out / str(newest(out))
    size = sum(path.stat().st_size for path in left.rglob("*") if path.is_file())
    whose = run.directory if config.run else run
    of_mean = f", the mean of {config.average} checkpoints," if config.average > 1 else ""
    print(f"{whose} after {sampler.step:,} steps{of_mean} is in {left}, {size:,} bytes: {', '.join(names(left))}")
    print(_HINTS[config.format].format(left=left, z_dim=settings.z_dim, law=card["latent"]))
    return Exit.DONE


def _weights(config: ExportConfig) -> str:
    if config.pretrained:
        return "float32, of eight bits each"
    return "float32" if config.average == 1 else f"float32, G's the mean of {config.average} checkpoints"


# The folder of exports.


def newest(out: pathlib.Path) -> int:
    """The number of the newest export there, 0 where there is none."""
    return max((int(path.name) for path in out.iterdir() if _NUMBER.fullmatch(path.name)), default=0)


def names(folder: pathlib.Path) -> list[str]:
    """Of what is in a folder, folders with a slash."""
    return [path.name + "/" * path.is_dir() for path in sorted(folder.iterdir())]


def refuse_another(out: pathlib.Path, format: str, game: str) -> None:
    """Raise Failure(FLAGS) where --out is no folder, or holds something else than exports of that format and game."""
    if out.exists() and not out.is_dir():
        raise Failure(Exit.FLAGS, f"--out wants a folder, {out} is a file: give another.")
    for path in sorted(out.iterdir()) if out.is_dir() else ():
        ours = _NUMBER.fullmatch(path.name) and (path / FORMATS[format]).is_file()
        if not ours and not path.name.startswith("."):  # unfinished ones, a lock, what a file manager leaves
            raise Failure(
                Exit.FLAGS,
                f"--out={out} holds {path.name}, which is no export of --format={format}: give a new or empty folder, "
                "or one of such exports.",
            )
    was = _game(out / str(newest(out))) if out.is_dir() else None
    if was not in (None, game):  # who serves the folder would go over to it at once
        raise Failure(Exit.FLAGS, f"--out={out} holds exports of {was}, this one is of {game}: give another folder.")


def _game(export: pathlib.Path) -> str | None:
    """What an export's card says that it is; None where it says nothing."""
    try:
        with open(export / "card.json", "rb") as file:
            return str(json.loads(file.read(MOST_CARD))["game"])
    except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
        return None


@contextlib.contextmanager
def numbered(out: pathlib.Path, format: str, game: str) -> Iterator[pathlib.Path]:
    """A folder that becomes the next number in `out` once the block has ended well; else nothing is left.

    Raises Failure(IN_USE) where another process exports there.
    """
    made = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with system.lock(out, flag="--out"):
            refuse_another(out, format, game)  # what another process has put there since
            system.forget_temporaries(out)
            with system.published_folder(out / str(newest(out) + 1)) as unfinished:
                yield unfinished
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                out.rmdir()
        raise


# The formats: each fills a folder, and says what its card has in another way.


def _saved_model(folder: pathlib.Path, sampler: "Sampler", game: "Game", settings: Config, card: dict) -> dict:
    from gan_lowlevel import servable

    servable.write_saved_model(folder, game, settings, sampler.weights())
    return {}


def _onnx(folder: pathlib.Path, sampler: "Sampler", game: "Game", settings: Config, card: dict) -> dict[str, Any]:
    from gan_lowlevel import servable
    from gan_lowlevel.sessions import latents

    files = {}
    for player, graph in servable.frozen(game, settings, sampler.weights()).items():
        files[player] = folder / f"{player}.onnx"
        print(f"converting {player}", flush=True)  # a minute of a large one
        onnx_files.write(files[player], player, graph)
    images = sampler.samples(CHECKED).reshape(-1, *servable.row_shape(game))
    drawn = onnx_files.run(files["generator"], latents(game, settings.z_dim, CHECKED))[0]
    logits = onnx_files.run(files["discriminator"], images)[1]
    scores = np.concatenate(list(sampler.score_parts(CHECKED)))
    differences = {
        "images": onnx_files.difference(files["generator"], drawn, images),
        "logit": onnx_files.difference(files["discriminator"], logits, scores),
    }
    print("onnxruntime's largest difference: " + ", ".join(f"{name} {each:.2g}" for name, each in differences.items()))
    return {
        "signatures": {
            "generator.onnx": card["signatures"]["generate"],
            "discriminator.onnx": card["signatures"]["discriminate"],
        },
        "versions": card["versions"] | onnx_files.versions(),
        "onnxruntime_difference": differences,
    }


def _npz(folder: pathlib.Path, sampler: "Sampler", game: "Game", settings: Config, card: dict) -> dict[str, Any]:
    differs = {"signatures": {}, "weights": "eight bits each"}
    (folder / pretrained.FILE).write_bytes(pretrained.content(sampler.weights(), card | differs))
    return differs


_WRITERS = {"saved_model": _saved_model, "onnx": _onnx, "npz": _npz}
_HINTS = {
    "saved_model": 'use it    tf.saved_model.load("{left}").signatures["generate"](z=z)["images"], '
    "z being float32 [n, {z_dim}], each entry {law}",
    "onnx": 'use it    onnxruntime.InferenceSession("{left}/generator.onnx").run(["images"], {{"z": z}})[0], '
    "z being float32 [n, {z_dim}], each entry {law}",
    "npz": "weights alone, for whoever puts them into a copy of this program",
}


if __name__ == "__main__":
    command.run(
        command="export",
        purpose=__doc__.strip(),
        record=ExportConfig,
        body=main,
        read=functools.partial(read_record, ExportConfig),
        defaults=lambda argv: dataclasses.asdict(ExportConfig()),
    )

"""What a path of data is, by looking at it: MNIST's files, photographs, an array. Imports no TensorFlow.

Nothing is read but names and headers, so that a wrong path answers at once.
"""

import itertools
import os
from collections.abc import Iterator, Sequence

from gan_lowlevel.config import SIZES
from gan_lowlevel.data import array_files, mnist, zips
from gan_lowlevel.data.photo_files import EXTENSIONS
from gan_lowlevel.errors import Exit, Failure, printable

FILES = (".npz", ".npy", ".zip")  # what ends so is a file, and no folder to be made
MOST = 20_000  # names in a folder that are looked at
_WHAT = {"array": "an array", "mnist": "MNIST's files", "photos": "photographs"}
_WANTED = "a folder of IDX files, a folder or zip of photographs, or an .npz or .npy of pictures is wanted"


def data_set(path: str, model: str, accepted: Sequence[str], named: str, default: str) -> str:
    """The name of the data set that `path` holds, of those that the game accepts.

    named: what --dataset says, or nothing. default: what it is where nothing tells, as in a new folder.
    Raises Failure(DATA) for what is none, is not the one that is named, does not suit the game, or is ambiguous.
    """
    shown, found = printable(path), kinds(path)
    if not found or named in found:
        return named or default
    what = " and ".join(_WHAT[kind] for kind in found)
    if named:
        rather = " or ".join(f"--dataset={kind}" for kind in found)
        raise Failure(
            Exit.DATA,
            f"{shown} holds {what}, and --dataset={named} means {_WHAT[named]}: leave that out, or say {rather}.",
        )
    suiting = [kind for kind in found if kind in accepted]
    if not suiting:
        raise Failure(
            Exit.DATA,
            f"{shown} holds {what}, and --model={model} trains on {', '.join(accepted)}: "
            "give other data, or --model=dcgan, which takes any pictures.",
        )
    if len(suiting) > 1:
        raise Failure(
            Exit.DATA,
            f"{shown} holds {what}: say which is meant, {' or '.join(f'--dataset={kind}' for kind in suiting)}.",
        )
    return suiting[0]


def kinds(path: str) -> list[str]:
    """Every kind of data that `path` holds, sorted; nothing for a folder that is new, empty or of other things.

    Raises Failure(DATA) for a file of another kind, and for a missing path that is the name of a file.
    """
    shown, path = printable(path), os.path.expanduser(path)
    if os.path.isdir(path):
        try:
            return _of_folder(path, shown)
        except OSError:  # whoever reads it has the sentence
            return []
    if not os.path.exists(path):
        if path.lower().endswith(FILES):
            raise Failure(Exit.DATA, f"{shown} does not exist: give --input_data_dir=FILE with the path of a file.")
        return []
    try:
        return _of_file(path, shown)
    except OSError as error:
        why = error.strerror or "it can't be opened"
        raise Failure(Exit.DATA, f"{shown} can't be read ({why}): allow reading it, or give another file.") from None


def picture(path: str) -> tuple[int, int]:
    """(height and width, channels) in which an array is trained on where any may be: the nearest that is not larger."""
    height, width, channels = array_files.meant(os.path.expanduser(path)).images.picture_shape
    return max((size for size in SIZES if size <= min(height, width)), default=SIZES[0]), channels


def _of_folder(path: str, shown: str) -> list[str]:
    """By the names in it, photographs in the folders below too. Raises Failure(DATA) where a file in it is meant."""
    here = sorted(name for name in os.listdir(path) if not name.startswith("."))
    found = ["mnist"] * any(name in _idx_names() for name in here)
    found += _of_names(itertools.islice(_below(path), MOST))
    files = [name for name in here if name.lower().endswith(FILES)]
    if files and not found:
        meant = os.path.join(shown, printable(files[0]))
        rather = "the file itself" if len(files) == 1 else "one of its files"
        raise Failure(
            Exit.DATA,
            f"{shown} is a folder with {', '.join(map(printable, files[:5]))} in it: give {rather}, "
            f"--input_data_dir={meant}.",
        )
    return found


def _of_file(path: str, shown: str) -> list[str]:
    """By its first bytes, and the names in a zip. Raises Failure(DATA) for a file of another kind."""
    if zips.begins_as_one(path):
        with zips.opened(path) as archive:
            names = list(zips.members(archive))
        found = _of_names(names) + ["array"] * any(name.endswith(".npy") for name in names)
        if not found:
            raise Failure(Exit.DATA, f"{shown} is a zip without arrays or photographs, and {_WANTED}.")
        return sorted(found)
    if os.path.isfile(path):
        with open(path, "rb") as file:
            if file.read(len(array_files.MAGIC)) == array_files.MAGIC:
                return ["array"]
    advice = f"give the folder that it is in, {printable(os.path.dirname(path) or '.')}"
    if not _of_names([path]) and os.path.basename(path) not in _idx_names():
        advice = "give one of these"
    raise Failure(Exit.DATA, f"{shown} is a file, and {_WANTED}: {advice}.")


def _below(path: str) -> Iterator[str]:
    for _folder, folders, files in os.walk(path, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (name for name in files if not name.startswith("."))
        yield from folders


def _of_names(names) -> list[str]:
    return ["photos"] * any(name.lower().endswith(EXTENSIONS) for name in names)


def _idx_names() -> set[str]:
    return {each for name in mnist.FILES for each in mnist.spellings(name)}

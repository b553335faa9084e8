"""Damaged data: IDX files, pictures, arrays, zips and caches, flipped, cut, spliced and lied about; odd names.

A mutant is used or refused in one printable line: no other exception, nothing longer than SLOWEST, no more memory than
what it holds needs and ROOM, nothing written outside of the trial's own folder; and where it passes, its content is
what it was. Each kind is tried in a process of its own, which says how much memory it took.
"""

import contextlib
import functools
import gzip
import io
import os
import pathlib
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from gan_lowlevel import pictures, system, xla_cache
from gan_lowlevel.data import array, embedded, looking, mnist, photo_files, photos
from gan_lowlevel.errors import Exit, Failure
from tests.torture import commands, mutants


def outcome(call: Callable):
    """What the call gives, or the Failure(DATA) that it ends with, whose sentence is looked at."""
    try:
        return call()
    except Failure as failure:
        if failure.code != Exit.DATA:
            raise
        mutants.printable_line(str(failure))
        return failure


class Idx:
    """MNIST's four files, one of them damaged before or after it was zipped."""

    weight = 1.0

    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "mnist"
        self.folder.mkdir()
        self.files = {}
        for name, count in zip(mnist.FILES, (12, 12, 6, 6), strict=True):
            shape = (28, 28) if "images" in name else ()
            rows = np.random.default_rng(count).integers(0, 10, (count, *shape), np.uint8)
            head = struct.pack(f">{2 + len(shape)}I", 2051 if shape else 2049, count, *shape)
            self.files[name] = head + rows.tobytes()
        self.restore()
        self.good = mnist.load(str(self.folder), download=False)

    def restore(self) -> None:
        for path in self.folder.iterdir():
            path.unlink()
        for name, content in self.files.items():
            (self.folder / name).write_bytes(gzip.compress(content, 1))

    case = st.tuples(st.sampled_from(mnist.FILES), st.sampled_from(["inside", "zipped", "plain"]), mutants.DAMAGE)

    def prepared(self) -> list[tuple]:
        """What no chance finds: bombs, names without an end, members by the thousand."""
        name = mnist.TRAIN_IMAGES
        whole = self.files[name]
        bomb = zlib.compressobj(9, wbits=31)
        bombs = bomb.compress(whole) + b"".join(bomb.compress(bytes(2**20)) for _ in range(256)) + bomb.flush()
        claims = struct.pack(">4I", 2051, mnist.MAX_COUNT, 28, 28)
        return [
            (name, "zipped", bombs),
            (name, "zipped", gzip.compress(claims)),
            (name, "plain", claims),
            (name, "zipped", gzip.compress(whole) + gzip.compress(b"") * 500_000),
            (name, "zipped", gzip.compress(b"") * 500_000),
            (name, "zipped", gzip.compress(whole) + bytes(2**25)),
            (name, "zipped", b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 2**25),
            (name, "zipped", gzip.compress(whole[:16]) + gzip.compress(whole[16:])),
        ]

    def trial(self, case: tuple) -> bool:
        """Whether the mutant passed."""
        name, where, damage = case
        path = self.folder / name
        content = self.files[name]
        mutant = functools.partial(mutants.damaged, damage=damage) if isinstance(damage, list) else lambda _: damage
        path.unlink(missing_ok=True)
        if where == "plain":
            path = path.with_suffix("")
            path.write_bytes(mutant(content))
        else:
            path.write_bytes(
                gzip.compress(mutant(content), 1) if where == "inside" else mutant(gzip.compress(content, 1))
            )
        got = outcome(lambda: mnist.load(str(self.folder), download=False))
        path.unlink()
        (self.folder / name).write_bytes(gzip.compress(content, 1))
        if isinstance(got, Failure):
            return False
        assert got.images.dtype == np.uint8
        assert got.images.shape == (len(got.labels), 28, 28, 1)
        assert got.labels.max() <= 9
        if where == "zipped":  # gzip's CRC says so
            for field in ("images", "labels", "test_images", "test_labels"):
                assert np.array_equal(getattr(got, field), getattr(self.good, field)), field
        return True


class Pictures:
    """Pictures of each format, damaged, and PNGs whose checksums are right again; one good one beside them."""

    weight = 1.0
    BYTES: ClassVar = {"WEBP": 16}  # of a pixel, in Pillow: its decoder holds frames of its own; else opened and opaque

    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "pictures"
        self.folder.mkdir()
        Image.new("RGB", (9, 9), "red").save(self.folder / "good.png")
        self.seeds = seeds()
        self.need = 0.0  # MB of the last mutant

    case = st.tuples(st.integers(0, 2**10), mutants.DAMAGE, st.booleans())

    def prepared(self) -> list[tuple]:
        """Honest bombs: 36 million pixels of one colour."""
        found = []
        for kind, mode in (("png", "RGBA"), ("png", "L"), ("gif", "P"), ("webp", "RGB"), ("jpg", "RGB")):
            file = io.BytesIO()
            Image.new(mode, (6000, 6000)).save(file, {"jpg": "JPEG"}.get(kind, kind.upper()))
            found.append((kind, file.getvalue(), False))
        return found

    def trial(self, case: tuple) -> bool:
        which, damage, repaired = case
        if isinstance(which, str):
            kind, mutant = which, damage
        else:
            kind, content = self.seeds[which % len(self.seeds)]
            mutant = mutants.damaged(content, damage)
            mutant = checked_png(mutant) if repaired and kind == "png" else mutant
        path = self.folder / f"mutant.{kind}"
        path.write_bytes(mutant)
        self.need = 0.0
        with contextlib.suppress(Exception), Image.open(path, formats=photo_files.FORMATS) as image:
            if (pixels := image.width * image.height) <= photo_files.MAX_PIXELS:
                self.need = pixels * self.BYTES.get(image.format, 8) / 2**20
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            got = photos.load(
                str(self.folder), size=16, channels=3, resize="crop", mirror=False, holdout=0.0, batch_size=1,
                dry_run=True,
            )  # fmt: skip
        path.unlink()
        lines = err.getvalue().splitlines()
        assert len(got.images) + len(lines) == 2, f"used or named: {len(got.images)} used, {lines}"
        for line in lines:
            mutants.printable_line(line)
            assert line.startswith(f"skipped mutant.{kind}: ")
            assert not line.endswith(": ")
        return not lines


def seeds() -> list[tuple[str, bytes]]:
    """Small pictures by extension, of every format and many modes; beside them the odd ones where there are any."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    rgba = Image.fromarray(pixels)
    rgb, grey, palette = rgba.convert("RGB"), rgba.convert("L"), rgba.convert("RGB").quantize(16)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    drawn = [
        ("jpg", rgb, {"exif": exif}), ("jpg", rgb, {"progressive": True}), ("jpg", rgba.convert("CMYK"), {}),
        ("jpg", grey, {}), ("png", rgb, {"exif": exif}), ("png", rgba, {}), ("png", grey.convert("1"), {}),
        ("png", palette, {"transparency": 3}), ("png", Image.fromarray(pixels[..., 0].astype(np.uint16) * 256), {}),
        ("webp", rgb, {"exif": exif}), ("webp", rgba, {"lossless": True}),
        ("webp", rgb, {"save_all": True, "append_images": [grey.convert("RGB")]}),
        ("bmp", rgb, {}), ("bmp", palette, {}), ("bmp", grey.convert("1"), {}),
        ("gif", palette, {"save_all": True, "append_images": [grey], "transparency": 3}), ("gif", grey, {}),
    ]  # fmt: skip
    found = []
    for kind, image, options in drawn:
        file = io.BytesIO()
        image.save(file, {"jpg": "JPEG"}.get(kind, kind.upper()), **options)
        found.append((kind, file.getvalue()))
    odd = os.environ.get("GAN_LOWLEVEL_DATA")
    for path in sorted(pathlib.Path(odd, "odd_images").iterdir()) if odd else []:
        if path.stat().st_size < 2**15:
            found.append((path.suffix[1:], path.read_bytes()))
    return found


def checked_png(content: bytes) -> bytes:
    """The same chunks with right checksums, so that a lie is met where it is told."""
    found, at = bytearray(content[:8]), 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        body = content[at + 4 : at + 8 + size]
        if len(body) < 4 + size:
            break
        found += content[at : at + 4] + body + zlib.crc32(body).to_bytes(4, "big")
        at += 12 + size
    return bytes(found + content[at:])


class Arrays:
    """Pictures, labels and test rows in an .npz, stored or deflated; pictures in an .npy of each kind of numbers."""

    weight = 1.0

    def __init__(self, folder: pathlib.Path):
        self.path = folder / "array.npz"
        drawn = np.random.default_rng(0)
        x, tests = (drawn.integers(0, 256, (count, 28, 28), np.uint8) for count in (12, 6))
        named = {"x_train": x, "y_train": np.arange(12) % 10, "x_test": tests, "y_test": np.arange(6)}
        self.files = {}
        for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
            file = io.BytesIO()
            save(file, **named)
            self.files[name] = file.getvalue()
        for kind in ("u1", "?", ">f4", "<f8", "<i8"):
            self.files[kind] = npy((x % 2 if kind != "u1" else x).astype(kind))
        self.files["fortran"] = npy(np.asfortranarray(x))
        self.rows = (x.tobytes(), tests.tobytes())

    case = st.tuples(st.sampled_from(["stored", "deflated", "u1", "?", ">f4", "<f8", "<i8", "fortran"]), mutants.DAMAGE)

    def prepared(self) -> list[tuple]:
        """Claims without bytes behind them, members by the thousand, a pickle, a header of brackets."""
        claims = io.BytesIO()
        shape = (mnist.MAX_COUNT, 28, 28)
        np.lib.format.write_array_header_1_0(claims, {"descr": "|u1", "fortran_order": True, "shape": shape})
        many, lying, brackets = io.BytesIO(), io.BytesIO(), b"(" * 9_000
        np.savez(many, **{f"x{i}": np.zeros((1, 8, 8), np.uint8) for i in range(5_000)})
        with zipfile.ZipFile(lying, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", claims.getvalue())
        size = len(claims.getvalue()) + 784 * mnist.MAX_COUNT
        lie = lying.getvalue().replace(struct.pack("<I", len(claims.getvalue())), struct.pack("<I", size))
        return [
            ("u1", claims.getvalue()), ("stored", many.getvalue()), ("deflated", lie),
            ("u1", npy(np.array([print, 1], object))), ("u1", b""), ("stored", b"PK\x05\x06" + bytes(18)),
            ("u1", b"\x93NUMPY\x01\0" + struct.pack("<H", len(brackets)) + brackets),
        ]  # fmt: skip

    def trial(self, case: tuple) -> bool:
        kind, damage = case
        self.path.write_bytes(mutants.damaged(self.files[kind], damage) if isinstance(damage, list) else damage)

        def load():
            looking.kinds(str(self.path))
            return array.load(
                str(self.path), size=28, channels=1, resize="stretch", mirror=False, holdout=0.0, dry_run=True
            )

        got = outcome(load)
        if isinstance(got, Failure):
            return False
        assert got.images.dtype == np.uint8
        assert got.images.shape == (len(got.labels), 28, 28, 1)
        if kind in ("stored", "deflated"):  # the zip's CRC says so
            assert got.images.tobytes() in self.rows
        return True


def npy(rows: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, rows, allow_pickle=True)
    return file.getvalue()


ODD_MEMBERS = ("../../up.png", "/etc/abs.png", "C:\\a.png", "a\nb.png", "\x1b[2J.png")


class Zips:
    """Pictures in a zip, the whole of it damaged."""

    weight = 1.0

    def __init__(self, folder: pathlib.Path):
        self.path = folder / "pictures.zip"
        self.files = []
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                for i in range(4):
                    archive.writestr(f"in/{i}.png", pictures.png(np.full((9, 9, 3), 60 * i, np.uint8)))
            self.files.append(file.getvalue())
        self.need = 0.0

    case = st.tuples(st.integers(0, 1), mutants.DAMAGE)

    def prepared(self) -> list[tuple]:
        """Members of zeros, of methods that ask for gigabytes, by the thousand, and with names of all kinds."""
        found = []
        bombs = [(zipfile.ZIP_DEFLATED, start + bytes(2**25)) for start in (b"", b"\x89PNG")]
        for method, content in [*bombs, (zipfile.ZIP_LZMA, b"x"), (zipfile.ZIP_BZIP2, b"x")]:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                for i in range(2):
                    archive.writestr(f"{i}.png", content)
            found.append((0, file.getvalue()))
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name in (*ODD_MEMBERS, *(f"{i}.png" for i in range(3_000))):
                archive.writestr(name, b"")
        return [*found, (0, file.getvalue())]

    def trial(self, case: tuple) -> bool:
        which, damage = case
        whole = isinstance(damage, list)
        self.path.write_bytes(mutants.damaged(self.files[which], damage) if whole else damage)
        self.need = 0.0 if whole else 2**25 / 2**20  # a member of that many bytes
        err = io.StringIO()

        def load():
            looking.kinds(str(self.path))
            return photos.load(
                str(self.path), size=8, channels=3, resize="crop", mirror=False, holdout=0.0, batch_size=1,
                dry_run=True,
            )  # fmt: skip

        with contextlib.redirect_stderr(err):
            got = outcome(load)
        for line in err.getvalue().splitlines():
            mutants.printable_line(line)
        if isinstance(got, Failure):
            return False
        assert {image.min() for image in got.images} <= {0, 60, 120, 180}  # each member's CRC says so
        return not err.getvalue()


class PhotoCache:
    """The cache of decoded photographs: whatever its files hold, the rows are those of the photographs."""

    weight = 0.5

    def __init__(self, folder: pathlib.Path):
        self.folder = folder / "photographs"
        self.folder.mkdir()
        for i in range(5):
            Image.new("RGB", (9, 9), (50 * i, 0, 0)).save(self.folder / f"{i}.png")
        (self.folder / "bad.png").touch()
        self.good = self.load()
        directory = system.cache_directory()
        self.files = {path: path.read_bytes() for path in directory.glob("photos-*")}
        assert len(self.files) == 2

    case = st.tuples(st.sampled_from([".npy", ".json"]), mutants.DAMAGE)

    def load(self) -> tuple:
        err = io.StringIO()
        with contextlib.redirect_stderr(err):
            got = photos.load(
                str(self.folder), size=8, channels=3, resize="stretch", mirror=True, holdout=0.4, batch_size=1,
                dry_run=False,
            )  # fmt: skip
        return got.images.tobytes(), got.held_out_images.tobytes(), got.sha256(), got.description, err.getvalue()

    def prepared(self) -> list[tuple]:
        return []

    def trial(self, case: tuple) -> bool:
        suffix, damage = case
        changed = False
        for path, content in self.files.items():
            path.unlink(missing_ok=True)  # a new file: an old one may be mapped
            mutant = mutants.damaged(content, damage) if path.suffix == suffix else content
            path.write_bytes(mutant)
            changed |= mutant != content
        assert self.load() == self.good, "the photographs' own rows are wanted"
        return not changed


class DigitsCache:
    """The cache of the embedded digits."""

    weight = 0.2

    def __init__(self, folder: pathlib.Path):
        self.good = embedded.load()
        self.path = system.cache_directory() / embedded._CACHE
        self.content = self.path.read_bytes()
        parsed = embedded._cached()
        embedded._parsed = lambda: parsed  # parsing takes a second
        embedded._write_cache = lambda *arrays: None

    case = mutants.DAMAGE

    def prepared(self) -> list[bytes]:
        """More than memory is to be taken for, and nothing."""
        return [self.content + bytes(2**28), b""]

    def trial(self, case: list | bytes) -> bool:
        mutant = case if isinstance(case, bytes) else mutants.damaged(self.content, case)
        self.need = 2 * len(mutant) / 2**20 if isinstance(case, list) else 0.0  # what making it took
        self.path.write_bytes(mutant)
        del mutant
        got = embedded.load()
        assert np.array_equal(got.images, self.good.images)
        assert np.array_equal(got.labels, self.good.labels)
        return embedded._cached() is not None


class XlaCache:
    """What XLA has compiled: only what was sealed is left for TensorFlow to load."""

    weight = 0.5

    def __init__(self, folder: pathlib.Path):
        xla_cache.prepare(threads=2)
        (self.directory,) = system.cache_directory().glob("xla-*")
        self.code = {f"{i}.pb": bytes([i]) * 1000 for i in range(3)}

    case = st.tuples(st.sampled_from([".pb", ".sha256"]), mutants.DAMAGE)

    def prepared(self) -> list[tuple]:
        return []

    def trial(self, case: tuple) -> bool:
        suffix, damage = case
        for name, content in self.code.items():
            (self.directory / name).write_bytes(content)
        xla_cache.seal()
        path = self.directory / f"0{suffix}"
        path.write_bytes(mutants.damaged(path.read_bytes(), damage))
        os.environ.pop("TF_XLA_FLAGS", None)
        xla_cache.prepare(threads=2)
        for left in self.directory.glob("*.pb"):
            assert left.read_bytes() == self.code[left.name], f"{left.name} is not what was sealed"
        return (self.directory / "0.pb").exists()


class Classifier:
    """The digit classifier's weights: that very file, or a sentence."""

    weight = 0.5

    def __init__(self, folder: pathlib.Path):
        from gan_lowlevel.metrics import digits  # needs TensorFlow

        self.digits, self.content = digits, digits.FILE.read_bytes()
        digits.read()
        digits.FILE = folder / "digits.npz"

    case = mutants.DAMAGE

    def prepared(self) -> list[list]:
        return [[], [("cut", 0)]]

    def trial(self, case: list) -> bool:
        mutant = mutants.damaged(self.content, case)
        self.digits.FILE.write_bytes(mutant)
        self.digits.read.cache_clear()
        passed = not isinstance(outcome(self.digits.read), Failure)
        assert passed == (mutant == self.content), "that very file is wanted, or a refusal"
        return passed


class Frames:
    """The pictures of a run from which its GIF is made."""

    weight = 0.5

    def __init__(self, folder: pathlib.Path):
        self.good, self.mutant = folder / "step_00000000.png", folder / "step_00000001.png"
        self.good.write_bytes(pictures.png(np.zeros((20, 20, 3), np.uint8)))
        self.content = pictures.png(np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8))

    case = st.tuples(mutants.DAMAGE, st.booleans())

    def prepared(self) -> list[tuple]:
        return []

    def trial(self, case: tuple) -> bool:
        damage, repaired = case
        mutant = mutants.damaged(self.content, damage)
        self.mutant.write_bytes(checked_png(mutant) if repaired else mutant)
        err = io.StringIO()
        with contextlib.redirect_stderr(err), Image.open(io.BytesIO(pictures.gif([self.good, self.mutant]))) as image:
            count = image.n_frames
        assert err.getvalue() == ""
        return count == 2


KINDS: dict[str, Callable] = {
    "idx": Idx,
    "pictures": Pictures,
    "arrays": Arrays,
    "zips": Zips,
    "photo_cache": PhotoCache,
    "digits_cache": DigitsCache,
    "xla_cache": XlaCache,
    "classifier": Classifier,
    "frames": Frames,
}


# Folders of odd names, by the commands themselves.

NAMES = {
    "signs": ' -rf o\'neil "a" ~#%s{0}]$(id)`id`,=;&|<> ',
    "letters": "日本\u3000ключ é e\u0301 👨\u200d👩\u202e",
    "255 bytes": "日" * 85,
    "deep": "/".join(["deep" * 10] * 20),
    "dash": "--help",
}
REFUSED = {"newline": b"a\nb", "carriage return": b"a\rb", "escape": b"\x1b[2J", "no UTF-8": b"a\xff\xfeb"}
PHOTOGRAPHS = (b"a\nb", b"\xff\xfe", b" -rf", b"'\"", "日".encode() * 83, b"\x1b[2J", b"\xe3\x80\x80", b"*[a]?")


def odd_names(what: str, folder: pathlib.Path) -> int:
    """Train, evaluate and generate with that name for every folder and file; how many commands did."""
    name = NAMES[what]
    places = {place: folder / place for place in ("home", "temporary", "cache", "work", "read")}
    for place in places.values():
        place.mkdir(parents=True)
    digits = places["read"] / "mnist" / name
    digits.mkdir(parents=True)
    drawn = np.random.default_rng(0)
    for file, count in zip(mnist.FILES, (40, 40, 40, 40), strict=True):
        shape = (28, 28) if "images" in file else ()
        head = struct.pack(f">{2 + len(shape)}I", 2051 if shape else 2049, count, *shape)
        (digits / file).write_bytes(gzip.compress(head + drawn.integers(0, 10, (count, *shape), np.uint8).tobytes()))
    photographs = places["read"] / "photographs" / name
    photographs.mkdir(parents=True)
    for i, stem in enumerate(PHOTOGRAPHS):
        with open(os.fsencode(photographs) + b"/" + stem + b".png", "wb") as file:
            file.write(pictures.png(np.full((9, 9, 3), i, np.uint8)))
    (photographs / "bad\nname.png").touch()
    (places["read"] / ".keras").mkdir()
    (places["read"] / ".keras" / "keras.json").write_text('{"floatx": "nonsense"}')  # ends an import of Keras
    (places["home"] / ".keras").symlink_to(places["read"] / ".keras")
    given = {path: path.read_bytes() for path in places["read"].rglob("*") if path.is_file()}

    quick = ["--max_steps=2", "--batch_size=4", "--threads=2", "--theory_every=0", f"--logdir={name}"]
    generated = [f"--out={name}/generated/{name}", "--seeds=0-3"]
    lines = [
        ["main", f"--input_data_dir={digits}", "--run_name=digits", *quick],
        ["main", f"--input_data_dir={digits}", "--run_name=digits", *quick, "--max_steps=3"],
        ["generate", f"--run={name}/digits", *generated, f"--zip={name}/zipped/{name}"],
        ["evaluate", f"--run={name}/digits", "--count=12"],
        ["main", "--model=dcgan", "--dataset=photos", f"--input_data_dir={photographs}", "--run_name=photographs",
         "--image_size=28", "--sample_every=0", *quick],
        ["generate", f"--run={name}/photographs", *generated],
        ["summary", f"--plot={name}/plot/{name}"],
    ]  # fmt: skip
    environment = commands.environment(
        PYTHONDONTWRITEBYTECODE="1", HOME=places["home"], TMPDIR=places["temporary"], XDG_CACHE_HOME=places["cache"]
    )
    for variable in ("XDG_CONFIG_HOME", "MPLCONFIGDIR", "KERAS_HOME"):
        environment.pop(variable, None)
    for line, (code, _, err, _) in zip(
        lines, commands.several(lines, cwd=places["work"], env=environment), strict=True
    ):
        assert code == Exit.DONE, f"{what}: {line} ended with {code}: {err[-2000:]}"
        said = [each for each in err.splitlines() if "font cache" not in each]  # matplotlib's, in a new home
        wanted = ["skipped bad\\nname.png: "] if "photographs" in " ".join(line) and line[0] == "main" else []
        assert [each[: len(start)] for each, start in zip(said, wanted, strict=True)] == wanted, (line, err)
    made = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    top = pathlib.PurePath("work", name).parts[:2]
    places_of_matplotlib = ("cache", "matplotlib"), ("home", ".config", "matplotlib")
    allowed = [top, ("cache", "gan_lowlevel"), ("read",), *places_of_matplotlib]
    strangers = [path for path in made if not any(path.parts[: len(place)] == place for place in allowed)]
    assert not strangers, f"{what}: files are wanted in runs and caches alone, and there are {strangers}"
    now = {path: path.read_bytes() for path in places["read"].rglob("*") if path.is_file()}
    assert now == given, f"{what}: data folders stay as they are"
    return len(lines)


def refused_names(folder: pathlib.Path) -> int:
    """Names that no flag takes are a sentence, and nothing is written; how many were tried."""
    folder.mkdir()
    flags_of = {"main": ("logdir", "input_data_dir"), "generate": ("run", "out", "zip"), "evaluate": ("run",)}
    tried = 0
    for what, name in REFUSED.items():
        command, flags = list(flags_of.items())[tried % len(flags_of)]
        for flag in flags:
            code, _, said = commands.finish(
                commands.start(command, f"--{flag}=".encode() + name, cwd=folder), timeout=60
            )
            assert code == Exit.FLAGS, f"--{flag} of a {what} ended with {code}: {said}"
            mutants.printable_line(said.removesuffix("\n"))
            assert not list(folder.iterdir())
            tried += 1
    return tried


# In the torture.


def run(amount: int, seed: int, folder: pathlib.Path) -> dict[str, float | int]:
    """`amount` mutants of files and of pictures, fewer of caches; then folders of odd names, by the command itself."""
    amounts = {kind: max(round(amount * subject.weight), 1) for kind, subject in KINDS.items()}
    figures = mutants.figures("tests.torture.inputs", amounts, seed, folder)
    names = NAMES if amount >= mutants.AT_ONCE else ["signs"]  # half a minute each
    figures["commands_with_odd_names"] = sum(odd_names(what, folder / f"names-{i}") for i, what in enumerate(names))
    figures["commands_with_refused_names"] = refused_names(folder / "refused")
    return figures


if __name__ == "__main__":
    mutants.main(KINDS)

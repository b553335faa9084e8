"""Commands from outside: wrong flags answer in one line without TensorFlow, the help, exit codes, other machines."""

import ast
import dataclasses
import errno
import os
import pathlib
import subprocess
import sys

import pytest

import gan_lowlevel
from gan_lowlevel import command, generate
from gan_lowlevel.commandline import read_config, read_record, wants
from gan_lowlevel.config import MODELS, Config, setting, settings_of
from gan_lowlevel.errors import Exit, Failure
from tests.torture import commands

PACKAGE = pathlib.Path(gan_lowlevel.__file__).parent

# Stands before TensorFlow on the path: whoever imports it, even to forgive the failure, is gone with exit code 99.
STUB = "import os\nos._exit(99)\n"


@pytest.fixture(scope="module")
def stubs(tmp_path_factory) -> pathlib.Path:
    """A folder with a tensorflow.py that nobody survives importing."""
    folder = tmp_path_factory.mktemp("stubs")
    (folder / "tensorflow.py").write_text(STUB)
    return folder


@pytest.fixture
def python(stubs, tmp_path):
    """Run Python in an empty folder, this package on its path and TensorFlow not to be imported."""

    def run(*arguments: str, tensorflow: bool = False, **options) -> subprocess.CompletedProcess:
        path = [str(PACKAGE.parent)] if tensorflow else [str(stubs), str(PACKAGE.parent)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
        environment.pop("PYTHONUNBUFFERED", None)  # a user's output is buffered
        options = {"capture_output": True, "text": True, "timeout": 120, "cwd": tmp_path} | options
        return subprocess.run([sys.executable, *arguments], env=environment, check=False, **options)

    return run


@pytest.fixture
def several(stubs, tmp_path):
    """Run several commands, [name, argument, ...] each: (exit code, standard output, standard error) each."""

    def run(*lines: list[str]) -> list[tuple[int, str, str]]:
        return [found[:3] for found in commands.several(lines, cwd=tmp_path, env=commands.environment(stubs))]

    return run


def one_line(text: str) -> str:
    """`text`, which must be one line of the program's own."""
    assert text.startswith("gan_lowlevel: ")
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1, text
    assert "Traceback" not in text
    return text


# Wrong flags


def test_the_stub_does_not_forgive(python):
    assert python("-c", "import gan_lowlevel.command as c; c.start_tensorflow()").returncode == 99


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gan_lowlevel.main", "--batch_size=0"], "--batch_size=0: it wants a whole number from 1 to"),
        (["gan_lowlevel.generate", "--seed=3"], "unknown flag --seed: did you mean --seeds?"),
    ],
)
def test_wrong_flag_ends_in_one_line_before_tensorflow(python, tmp_path, arguments, said):
    ended = python("-m", *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert said in one_line(ended.stderr)
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_wrong_flag_to_main(several, tmp_path):
    wrong = {
        "--max_step=3": "--max_steps",
        "--log_dir=x": "--logdir",
        "--model=nonsense": "mlp",
        "--d_learning_rate=nan": "from 0 to",
        "--run_name=..": "--run_name",
        "--flagfile=none": "none",
        "--nodownload=3": "--nodownload=3",
        "--download=3": "true or false",
        "--input_data_dir=two\nlines": "one line",
        "stray": "'stray'",
        "--max_steps=0": "--epochs",
        "--updates=simultaneous": "--g_step=2",  # the ratio of the recipe
        "--batch_size": "--batch_size",
    }
    for (argument, said), (code, out, err) in zip(
        wrong.items(), several(*(["main", argument] for argument in wrong)), strict=True
    ):
        assert (code, out) == (1, ""), argument
        assert said in one_line(err), argument
    assert list(tmp_path.iterdir()) == []


SEEDS_BAD = [
    "",
    ",",
    "1,",
    "x",
    "-1",
    "5-3",
    "1-",
    "-",
    "1.5",
    "0-2147483648",
    "2147483648",
    "1e3",
    "0x1",
    "1--2",
    "1 2",
    "٣",
]


def test_wrong_generate(several, tmp_path):
    (tmp_path / "no_run").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "flags.txt").write_text("--nonsense=1\n")
    (tmp_path / "file").touch()
    both = ["--run=no_run", "--out=pictures"]
    wrong = [
        ([], "--run is wanted"),
        (["--out=pictures"], "--run is wanted"),
        (["--run=no_run"], "--out is wanted"),
        (both, "no_run holds no run"),
        (["--run=nowhere", "--out=pictures"], "nowhere holds no run"),
        (["--run=file", "--out=pictures"], "file holds no run"),
        (["--run=damaged", "--out=pictures"], "can't be read as settings"),
        (["--batch_size=3", *both], "unknown flag --batch_size"),
        ([*both, "--seeds=0-999999,1000000"], "more than 1,000,000"),
        ([*both, "--seeds=0-2147483647"], "more than 1,000,000"),
        *(([*both, f"--seeds={text}"], "--seeds wants") for text in SEEDS_BAD),
    ]
    results = several(*(["generate", *arguments] for arguments, _ in wrong))
    for (arguments, said), (code, out, err) in zip(wrong, results, strict=True):
        assert (code, out) == (1, ""), arguments
        assert said in one_line(err), arguments
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged", "file", "no_run"]


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("7", [7]), ("0-3", [0, 1, 2, 3]), ("3,7,10-12", [3, 7, 10, 11, 12]), ("2147483647", [2**31 - 1]), ("5-5", [5]),
     ("9,1, 4 ,1", [9, 1, 4, 1])],
)  # fmt: skip
def test_seeds_in_their_order(text, seeds):
    assert generate.parse_seeds(text) == seeds


# Help


def test_help_ends_well_and_names_this_commands_flags_alone(several, tmp_path):
    own = {"main": settings_of(Config), "generate": settings_of(generate.GenerateConfig)}
    lines = [[name, flag] for name in own for flag in ("--help", "-h", "--helpfull", "--helpshort")]
    lines += [[name, "--nonsense", "stray", "--help"] for name in own]  # who asks for help gets it
    for (name, *_), (code, out, err) in zip(lines, several(*lines), strict=True):
        assert (code, err) == (0, "")
        listed = [line.strip() for line in out.splitlines() if line.startswith("  --")]
        assert listed == [
            ", ".join(f"--{'[no]' * (facts.kind is bool)}{flag}" for flag in (setting_name, *facts.aliases))
            for setting_name, facts in own[name].items()
        ]
    assert list(tmp_path.iterdir()) == []


def test_help_shows_bounds_and_the_chosen_models_defaults(several):
    for model, (code, out, _) in zip(
        MODELS, several(*(["main", "--help", f"--model={model}"] for model in MODELS)), strict=True
    ):
        words = " ".join(out.split())
        assert code == 0
        assert f"Accepts {wants(settings_of(Config)['batch_size'])}." in words
        for name in ("batch_size", "z_dim", "optimizer", "d_learning_rate", "save_every"):
            assert f"Default: --{name}={getattr(read_config([f'--model={model}']), name)} " in words + " ", (
                model,
                name,
            )


@pytest.mark.parametrize("name", ["main", "generate"])  # a text longer than the buffer, and a shorter one
def test_help_into_a_closed_pipe_is_no_error(python, name):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = python(
            "-m", f"gan_lowlevel.{name}", "--help", capture_output=False, stdout=writer, stderr=subprocess.PIPE
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (0, "")


# Exit codes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Nothing:
    """A command's settings: one."""

    number: int = setting(3, int, "A number.", low=0, high=9)


@pytest.fixture
def ends(monkeypatch, capsys):
    """Run `body` as a command: its exit code, standard output and standard error."""

    def run(body, *argv: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["command", *argv])
        with pytest.raises(SystemExit) as ended:
            command.run(
                command="command",
                purpose="A purpose.",
                record=Nothing,
                body=body,
                read=lambda arguments: read_record(Nothing, arguments),
                defaults=lambda arguments: {"number": 3},
            )
        return ended.value.code, *capsys.readouterr()

    return run


def raises(error: BaseException):
    def body(record):
        raise error

    return body


@pytest.mark.parametrize("code", Exit)
def test_the_bodys_code_is_the_exit_code(ends, code):
    assert ends(lambda record: code) == (code, "", "")


@pytest.mark.parametrize("code", [code for code in Exit if code])
def test_a_failure_is_its_code_and_its_sentence(ends, code):
    assert ends(raises(Failure(code, "What was wanted."))) == (code, "", "gan_lowlevel: What was wanted.\n")


def test_a_failure_is_one_line_whatever_it_quotes(ends):
    assert ends(raises(Failure(Exit.DISK, "a\nb\r\nc")))[2] == "gan_lowlevel: a b c\n"
    disguised = "a\x1b[2J\u202eb"  # clears a terminal, turns the line round
    assert ends(raises(Failure(Exit.DISK, disguised)))[2] == "gan_lowlevel: a\\x1b[2J\\u202eb\n"


def test_exit_codes_are_the_published_ones():
    published = {"DONE": 0, "FLAGS": 1, "BUG": 2, "DATA": 3, "NAN": 4, "CHECKPOINTS": 5, "DISK": 6, "IN_USE": 7}
    published |= {"INTERRUPTED": 128 + 2, "TERMINATED": 128 + 15}  # as a shell reports SIGINT and SIGTERM
    published |= {"PEER_LOST": 138}
    assert {code.name: code.value for code in Exit} == published


def test_interrupted(ends):
    code, out, err = ends(raises(KeyboardInterrupt()))
    assert (code, out) == (130, "")
    one_line(err)


def test_a_full_disk_is_named_with_its_file(ends):
    code, out, err = ends(raises(OSError(errno.ENOSPC, "No space left on device", "logs/a/metrics.csv")))
    assert (code, out) == (6, "")
    assert "logs/a/metrics.csv: No space left on device" in one_line(err)


@pytest.mark.parametrize("error", [OSError("odd"), PermissionError(errno.EACCES, "Permission denied")])
def test_other_refusals_of_the_disk(ends, error):
    code, _, err = ends(raises(error))
    assert code == 6
    assert (error.strerror or "odd") in one_line(err)


@pytest.mark.parametrize("error", [ValueError("a bug"), AssertionError("a bug"), RecursionError("a bug")])
def test_only_a_bug_shows_its_traceback(ends, error):
    code, out, err = ends(raises(error))
    assert (code, out) == (2, "")
    assert err.startswith("Traceback (most recent call last):")
    assert f"{type(error).__name__}: a bug" in err
    assert "gan_lowlevel: this is a bug" in err.splitlines()[-1]


class ResourceExhaustedError(Exception):
    """Bears the name of TensorFlow's own."""


@pytest.mark.parametrize("error", [MemoryError(), ResourceExhaustedError("OOM when allocating tensor")])
def test_memory_that_is_not_there_is_a_setting(ends, error):
    code, out, err = ends(raises(error))
    assert (code, out) == (1, "")
    assert "--batch_size" in one_line(err)


def test_a_name_that_is_too_long_is_a_flag(ends):
    code, _, err = ends(raises(OSError(errno.ENAMETOOLONG, "File name too long", "x" * 300)))
    assert code == 1
    assert "longer than a name may be" in one_line(err)


def test_the_body_gets_the_record_and_not_a_wrong_one(ends):
    got = []
    assert ends(lambda record: got.append(record.number) or Exit.DONE, "--number=7")[0] == 0
    assert ends(lambda record: got.append(record.number) or Exit.DONE, "--number=10")[0] == 1
    assert got == [7]


@pytest.mark.parametrize("name", ["main", "generate"])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_output_that_can_not_be_written_is_a_full_disk(python, name):
    with open("/dev/full", "w") as full:
        ended = python(
            "-m", f"gan_lowlevel.{name}", "--help", capture_output=False, stdout=full, stderr=subprocess.PIPE
        )
    assert ended.returncode == 6
    one_line(ended.stderr)


# Other machines


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_gets_one_sentence(python, version):
    ended = python(
        "-c",
        f"import runpy, sys; sys.version_info = (*{version}, 0, 'final', 0)\n"
        "runpy.run_module('gan_lowlevel.main', run_name='__main__')",
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    for text in ("3.11", "3.12", "3.13", f"this is Python {version[0]}.{version[1]}", "virtual environment"):
        assert text in ended.stderr


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_these_pythons_are_let_in(python, version):
    ended = python("-c", f"import sys; sys.version_info = (*{version}, 9, 'final', 0); import gan_lowlevel")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_what_is_not_installed_is_named_with_the_command_that_installs_it(python):
    ended = python(
        "-c",
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name: None if name in ('absl', 'tqdm') else find(name)\n"
        "import gan_lowlevel.main",
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    said = "gan_lowlevel wants absl, tqdm, not installed here: pip install -r requirements.txt\n"
    assert ended.stderr == said


def test_what_is_asked_for_is_what_the_package_imports():
    found = set()
    for path in modules().values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
    by_others = {"google", "gan_lowlevel"}  # protobuf comes with TensorFlow
    by_others |= {"tf2onnx", "onnx", "onnxruntime"}  # an extra; the command that wants it says so
    by_others |= {"IPython"}  # asked for inside a notebook alone, which it runs
    assert found - set(sys.stdlib_module_names) - by_others - {"msvcrt"} == set(gan_lowlevel._NEEDED)


def modules() -> dict[str, pathlib.Path]:
    """Every module of the package, by name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def test_modules_that_say_so_import_no_tensorflow(python):
    light = [
        name
        for name, path in modules().items()
        if "Imports no TensorFlow" in (ast.get_docstring(ast.parse(path.read_text())) or "")
    ]
    assert {f"gan_lowlevel.{name}" for name in ("config", "commandline", "command")} <= set(light)
    light += ["gan_lowlevel.errors", "gan_lowlevel.system", "gan_lowlevel.main", "gan_lowlevel.generate"]
    light += [f"gan_lowlevel.{name}" for name in ("train_digits", "sweep", "evaluate", "launch", "doctor")]
    light += ["gan_lowlevel.export", "gan_lowlevel.onnx_files", "gan_lowlevel.course", "gan_lowlevel.lesson"]
    ended = python("-c", "".join(f"import {name}\n" for name in light))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_module_can_be_imported_without_the_posix_only_modules(python):
    names = list(modules())
    assert len(names) > 10
    ended = python(
        "-c",
        "import importlib, sys\n"
        "for hidden in ('fcntl', 'resource', 'termios'): sys.modules[hidden] = None\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "print('all')",
        tensorflow=True,
    )
    assert ended.stdout == "all\n", ended.stderr


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "make room,"),
        (errno.EROFS, "allow writing there,"),
        (errno.EACCES, "allow writing there,"),
        (errno.ENOENT, "put back what was moved or removed,"),
        (errno.EIO, "make room or allow access,"),
    ],
)
def test_what_to_do_hangs_on_what_the_disk_says(ends, number, advice):
    assert advice in one_line(ends(raises(OSError(number, os.strerror(number), "file")))[2])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_where_the_sentence_can_not_be_written_the_code_is_left(python):
    with open("/dev/full", "w") as full:
        ended = python("-m", "gan_lowlevel.main", "--model=none", capture_output=False, stdout=full, stderr=full)
    assert ended.returncode == Exit.FLAGS

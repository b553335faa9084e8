"""What SECURITY.md promises of the code: no call that runs what a file says, no door that it does not name."""

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
MODULES = sorted(path for folder in ("gan_lowlevel", "benchmarks", "docs") for path in (ROOT / folder).rglob("*.py"))

# By the last two names of a call, or its only one.
IMPORTS = ("pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "yaml", "tarfile",
           "xmlrpc", "telnetlib", "ftplib", "code", "pty")  # fmt: skip
BUILTINS = ("eval", "exec", "compile", "__import__", "execfile", "input")
CALLS = {
    "os.system", "os.popen", "os.startfile", "tempfile.mktemp", "shutil.unpack_archive",
    "ssl._create_unverified_context",
    "saved_model.load", "saved_model.load_v2", "models.load_model", "loader.load", "hub.load", "runpy.run_path",
    "runpy.run_module", "commands.getoutput", "subprocess.getoutput", "subprocess.getstatusoutput", "urllib.urlopen",
    "request.urlopen", "request.urlretrieve", "numpy.fromregex", "socket.socket", "pandas.read_pickle",
}  # fmt: skip
METHODS = ("import_meta_graph", "extractall", "load_model", "read_pickle")  # of whatever object
EXECUTES = re.compile(r"os\.(exec|spawn|posix_spawn)\w*")
ALLOWED = {  # place, call: reason
    ("docs/reading.py", "Image.open"): "pictures that the program has just drawn",
    ("gan_lowlevel/tether.py", "os.execv"): "becomes the training that the launcher names",
    ("gan_lowlevel/course/judge.py", "exec"): "runs what is handed in, as lesson --grade says before it does",
    ("gan_lowlevel/course/judge.py", "compile"): "the same",
    ("gan_lowlevel/course/terminal.py", "exec"): "runs the cells of the lessons, which come with the program",
    ("gan_lowlevel/course/terminal.py", "compile"): "the same",
    ("gan_lowlevel/course/terminal.py", "eval"): "the same, the value of a cell's last line",
    ("gan_lowlevel/course/terminal.py", "input"): "waits for Enter, and takes nothing of what is typed",
}


def calls(path: pathlib.Path):
    """(what is called, with its last two names; the call) of each call of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ".".join(ast.unparse(node.func).split(".")[-2:]), node


def given(call: ast.Call) -> dict[str, str]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def faults(source: pathlib.Path) -> list[str]:
    """What a module calls or imports that none may."""
    found = []
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [f"import {name}" for name in names if name.split(".")[0] in IMPORTS]
    for name, call in calls(source):
        if (source.relative_to(ROOT).as_posix() if source.is_relative_to(ROOT) else "", name) in ALLOWED:
            continue
        keywords, last = given(call), name.split(".")[-1]
        refused = name in BUILTINS or name in CALLS or last in METHODS or EXECUTES.fullmatch(name)
        refused = refused or keywords.get("shell", "False") != "False" or keywords.get("verify", "True") == "False"
        if name in ("np.load", "numpy.load"):
            refused = keywords.get("allow_pickle") != "False"
        elif name in ("np.save", "np.savez", "np.savez_compressed"):
            refused = name == "np.save" and keywords.get("allow_pickle") != "False"
        elif name == "Image.open":
            refused = "formats" not in keywords  # some of Pillow's others start programs
        elif name == "torch.load":
            refused = keywords.get("weights_only") != "True"
        if refused:
            found.append(f"line {call.lineno}: {ast.unparse(call)[:80]}")
    return found


def test_no_module_runs_what_a_file_says():
    assert len(MODULES) > 60
    found = {str(path.relative_to(ROOT)): faults(path) for path in MODULES}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle", "from yaml import load", "import os.path, marshal", "eval(text)", "exec(text)",
        "compile(text, 'a', 'exec')", "os.system(text)", "os.execv(path, [])", "subprocess.run(text, shell=True)",
        "np.load(path)", "np.load(path, allow_pickle=True)", "np.save(path, array)",
        "tf.compat.v1.train.import_meta_graph(path)", "tf.saved_model.load(path)", "v1.saved_model.loader.load(a)",
        "tf.keras.models.load_model(path)", "archive.extractall()", "tempfile.mktemp()", "Image.open(path)",
        "urllib.request.urlopen(url)", "ssl._create_unverified_context()", "get(url, verify=False)", "torch.load(path)",
        "__import__(name)",
    ],
)  # fmt: skip
def test_such_a_call_is_found(tmp_path, line):
    (tmp_path / "module.py").write_text(f"def f():\n    {line}\n")
    assert faults(tmp_path / "module.py")


@pytest.mark.parametrize(
    "line",
    ["np.load(path, allow_pickle=False)", "g.eval()", "re.compile(a)", "Image.open(path, formats=FORMATS)",
     "subprocess.run([a])", "engine.compile()", "tempfile.mkstemp()"],
)  # fmt: skip
def test_other_calls_are_not(tmp_path, line):
    (tmp_path / "module.py").write_text(f"def f():\n    {line}\n")
    assert faults(tmp_path / "module.py") == []


def test_one_module_alone_speaks_to_the_network():
    network = re.compile(
        r"^\s*(?:import|from) (?:urllib\.request|http|socket|socketserver|requests|ssl|asyncio)\b", re.M
    )
    found = [str(path.relative_to(ROOT)) for path in MODULES if network.search(path.read_text())]
    # The second asks which ports are free, and talks to nobody; the third's pair of sockets, which signals come by, has
    # no address; the last asks whether rank 0 still listens. What workers say to each other TensorFlow's server says.
    assert found == [f"gan_lowlevel/{name}.py" for name in ("data/download", "supervisor", "system", "workers")]
    for path, names in zip(found[1:], ({"create_server"}, {"socketpair"}, {"create_connection"}), strict=True):
        assert set(re.findall(r"socket\.(\w+)", (ROOT / path).read_text())) == names
    serving = [path.relative_to(ROOT).as_posix() for path in MODULES if "train.Server" in path.read_text()]
    assert [name for name in serving if name.startswith("gan_lowlevel/")] == ["gan_lowlevel/workers.py"]


def test_nothing_is_made_under_a_name_that_others_can_guess():
    """A name made of the process's number, or in the shared folder by hand, is one that others make first."""
    for path in MODULES:
        text = path.read_text()
        assert not re.search(r"gettempdir|['\"]/tmp/|['\"]/var/tmp", text), path
    # Event files of the run's own folder: TensorBoard wants such names, and refuse_links looks at them.
    numbered = [str(path.relative_to(ROOT)) for path in MODULES if "getpid" in path.read_text()]
    # The launcher and the course tell it to the processes that they start, and no name is made of it.
    told = ["gan_lowlevel/course/grading.py", "gan_lowlevel/course/training.py", "gan_lowlevel/supervisor.py"]
    assert sorted(numbered) == sorted(["gan_lowlevel/evaluations.py", "gan_lowlevel/summaries.py", *told])

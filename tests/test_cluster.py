"""What TF_CONFIG says, as Kubernetes jobs and Vertex AI set it."""

import json
import os
import pathlib
import re
import subprocess

import pytest
import yaml

from gan_lowlevel import cluster
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit, Failure

A, B, C = "10.0.0.1:2222", "worker-1.train:2222", "[::1]:2222"


def read(monkeypatch, said) -> cluster.Cluster | None:
    monkeypatch.setenv("TF_CONFIG", said if isinstance(said, str) else json.dumps(said))
    return cluster.read()


def test_workers_alone_are_ranked_by_their_index(monkeypatch):
    for index in (0, 1, 2):
        found = read(monkeypatch, {"cluster": {"worker": [A, B, C]}, "task": {"type": "worker", "index": index}})
        assert (found.size, found.rank) == (3, index)


def test_a_chief_is_rank_0_and_workers_follow(monkeypatch):
    said = {"cluster": {"worker": [B, C], "chief": [A]}, "task": {"type": "chief", "index": 0}}
    assert read(monkeypatch, said).rank == 0
    for index in (0, 1):
        found = read(monkeypatch, said | {"task": {"type": "worker", "index": index}})
        assert (found.size, found.rank) == (3, 1 + index)
    assert found.tasks == [("chief", 0), ("worker", 0), ("worker", 1)]


def test_what_a_platform_adds_is_ignored(monkeypatch):
    said = {
        "cluster": {"chief": [A], "worker": [B], "evaluator": ["e:1"], "ps": ["p:1"]},
        "task": {"type": "worker", "index": "0", "trial": "3", "cloud": "x"},
        "environment": "cloud",
        "job": '{"python_module": "gan_lowlevel.main"}',
    }
    found = read(monkeypatch, said)
    assert (found.size, found.rank) == (2, 1)


@pytest.mark.parametrize(
    "said",
    ["", "  ", "{}", {"cluster": {}}, {"cluster": {"worker": [A]}, "task": {"type": "worker", "index": 0}},
     {"environment": "cloud"}, {"cluster": {"chief": [A]}, "task": {"type": "chief"}}],
)  # fmt: skip
def test_one_process_is_no_cluster(monkeypatch, said):
    assert read(monkeypatch, said) is None


def test_without_the_variable_there_is_none(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert cluster.read() is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[1]", "it is no object"),
        ({"cluster": [A]}, "its cluster is no object"),
        ({"cluster": {"worker": A}}, f"the addresses of its worker are {A}"),
        ({"cluster": {"worker": [A, "nowhere"]}}, r"\['10.0.0.1:2222', 'nowhere'\], and a list of HOST:PORT is wanted"),
        ({"cluster": {"worker": [A, 3]}}, "HOST:PORT"),
        ({"cluster": {"worker": [A, "b:65536"]}}, "HOST:PORT"),
        ({"cluster": {"chief": [A], "worker": [B, A]}}, f"{A} is the address of more than one worker"),
        ({"cluster": {"worker": [A, B]}}, "its task is None None, and its workers are worker 0, worker 1"),
        ({"cluster": {"worker": [A, B]}, "task": {"type": "worker", "index": 2}}, "its task is worker 2"),
        ({"cluster": {"worker": [A, B]}, "task": {"type": "worker", "index": True}}, "its task is worker True"),
        ({"cluster": {"worker": [A, B]}, "task": {"type": "worker", "index": -1}}, "its task is worker -1"),
        ({"cluster": {"worker": [A, B], "ps": [C]}, "task": {"type": "ps", "index": 0}}, "its task is ps 0"),
        ({"cluster": {"ps": [A, B]}, "task": {"type": "ps", "index": 0}}, "its workers are none"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(monkeypatch, said, told):
    with pytest.raises(Failure, match=f"^TF_CONFIG wants .*; .*{told}.*: mend it, or unset it") as caught:
        read(monkeypatch, said)
    assert caught.value.code == Exit.FLAGS


def test_the_manifest_for_kubernetes_gives_each_pod_its_place(monkeypatch):
    page = (pathlib.Path(__file__).parents[1] / "docs" / "cluster.md").read_text()
    service, job, policy = yaml.safe_load_all(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    assert [each["kind"] for each in (service, job, policy)] == ["Service", "Job", "NetworkPolicy"]
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == 3
    # A pod of an indexed Job is JOB-INDEX, and found as JOB-INDEX.SUBDOMAIN where a headless service has that name.
    assert service["metadata"]["name"] == pod["subdomain"] == job["metadata"]["name"]
    assert service["spec"]["clusterIP"] == "None"
    assert policy["spec"]["podSelector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    retried, final = (rule["onExitCodes"]["values"] for rule in spec["podFailurePolicy"]["rules"])
    assert {Exit.PEER_LOST, Exit.TERMINATED} < set(retried)
    assert set(final) == {Exit.FLAGS, Exit.BUG, Exit.DATA, Exit.NAN, Exit.CHECKPOINTS, Exit.DISK, Exit.IN_USE}

    shell, flag, script = *pod["containers"][0]["command"], *pod["containers"][0]["args"]
    exported, _, training = script.partition("exec python -m gan_lowlevel.main ")
    for index in range(3):
        said = subprocess.run([shell, flag, f'{exported} printf %s "$TF_CONFIG"'], capture_output=True, text=True,
                              env=os.environ | {"JOB_COMPLETION_INDEX": str(index)}, check=True).stdout  # fmt: skip
        found = read(monkeypatch, said)
        assert (found.size, found.rank) == (3, index)
        assert found.addresses["worker"] == [f"gan-{i}.gan:2222" for i in range(3)]
    config = read_config(training.split())
    mounts = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]]
    assert [config.logdir] == mounts
    assert config.run_name  # or a restart would not find it

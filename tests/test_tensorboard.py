"""TensorBoard, started as the program says, serves what a run has recorded."""

import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request

import numpy as np
import pytest

from gan_lowlevel import data, losses, networks, runs, train
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit

RUN = "board"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Two runs' log directory, one resumed, and a function that asks its TensorBoard for a path."""
    logs = tmp_path_factory.mktemp("logs")
    common = [
        f"--logdir={logs}",
        "--threads=1",
        "--summary_every=2",
        "--sample_every=4",
        "--save_every=4",
        "--theory_every=4",
    ]
    for model, name, steps in (("mlp", RUN, 4), ("mlp", RUN, 8), ("parabola", "plane", 4)):
        config = read_config([f"--model={model}", f"--run_name={name}", f"--max_steps={steps}", *common])
        game = networks.GAMES[model](config)
        data_set = data.load(config)
        rows = data.rows(data_set, config, game.output_range, game.data_shape)
        run = runs.locate(config)
        with runs.claimed(run):
            assert train.train(train.resolve(config, rows), game, data_set, rows, run) == Exit.DONE

    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={logs}", "--samples_per_plugin=images=1000"]
    board = subprocess.Popen([*command, "--port=0"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    address = next(match[0] for line in board.stderr if (match := re.search(r"http://\S+", line))).rstrip("/")

    def ask(path: str, **query: str):
        with urllib.request.urlopen(f"{address}{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            body = answer.read()
        return json.loads(body) if "json" in answer.headers["Content-Type"] else body.decode(errors="replace")

    yield ask
    board.kill()
    board.communicate()


def eventually(ask, done, path: str, **query: str):
    """TensorBoard loads runs in the background: ask until it has them; each request waits for its answer."""
    for _ in range(2000):
        answer = ask(path, **query)
        if done(answer):
            return answer
    raise AssertionError(f"{path} never came: {answer}")


SCALARS = {
    "D_loss",
    "G_loss",
    "value/V",
    "value/log_D_x",
    "value/log_not_D_G_z",
    "value/minus_log_4",
    "prob/D_x",
    "prob/D_G_z",
    "accuracy/real",
    "accuracy/fake",
    "speed/steps_per_second",
}
THEORY = {
    "value/V_held_out",
    "value/V_train",
    "jsd/bound_held_out",
    "jsd/log_2",
    "gradient/minimax",
    "gradient/non_saturating",
    "numerics/clipped",
    "numerics/literal_error",
    "spread/D_logits",
    "spread/pixels",
    "spread/samples",
    "ideal/D_loss",
    "ideal/G_loss",
    "ideal/D",
    "quality/diversity",
}


def test_every_scalar_shows_each_step_once_also_after_a_resume(served):
    tags = eventually(served, lambda tags: set(tags.get(RUN, ())) >= SCALARS | THEORY, "/data/plugin/scalars/tags")
    assert set(tags[RUN]) == SCALARS | THEORY
    points = eventually(
        served, lambda points: len(points) == 4, "/data/plugin/scalars/scalars", run=RUN, tag="value/minus_log_4"
    )
    assert [step for _, step, _ in points] == [2, 4, 6, 8]
    assert {value for _, _, value in points} == {float(np.float32(losses.IDEAL_VALUE))}


def test_pictures_of_fake_and_real_and_of_the_plane(served):
    networks = {f"network/{name}" for name in ("generator", "discriminator", "stack")}
    everywhere = networks | {"views/logits", "views/saturation", "views/walk"}
    wanted = {RUN: {"samples/fake", "samples/real", "losses", "views/nearest"} | everywhere}
    wanted["plane"] = {"samples/fake", "views/surface", "samples/function", "losses"} | everywhere
    tags = eventually(
        served, lambda tags: all(wanted[run] <= set(tags.get(run, ())) for run in wanted), "/data/plugin/images/tags"
    )
    assert {run: set(tags[run]) for run in wanted} == wanted
    images = served("/data/plugin/images/images", run=RUN, tag="samples/fake", sample="0")
    assert [image["step"] for image in images] == [0, 4, 8]


def test_histograms_of_every_weight_and_of_the_logits(served):
    weights = {f"{player}/dense_{i}/{kind}" for player in ("generator", "discriminator") for i in (1, 2)
               for kind in ("weights", "biases")}  # fmt: skip
    tags = eventually(served, lambda tags: weights <= set(tags.get(RUN, ())), "/data/plugin/histograms/tags")
    assert set(tags[RUN]) == weights | {"logits/real", "logits/fake"}


def test_the_graph_shows_both_connections_of_d_and_one_of_g(served):
    graph = served("/data/plugin/graphs/graph", run=RUN)
    scopes = set(re.findall(r'name: "((?:generator|discriminator)[^/"]*)/', graph))
    assert scopes == {"generator", "discriminator", "discriminator_1"}


def test_the_card_says_how_to_read_the_curves(served):
    tags = eventually(served, lambda tags: RUN in tags, "/data/plugin/text/tags")
    assert set(tags[RUN]) == {"how_to_read_these_curves", "what_this_run_says"}
    [text, *_] = served("/data/plugin/text/text", run=RUN, tag="how_to_read_these_curves")
    assert "−1.3863" in text["text"]  # V at the ideal point, 2 log 1/2
    assert "0.6931" in text["text"]  # G's loss there


def test_the_layout_puts_together_what_was_recorded(served):
    layout = eventually(served, lambda layout: layout.get("category"), "/data/plugin/custom_scalars/layout")
    charts = {
        chart["title"]: [tag.strip("^$") for tag in chart["multiline"]["tag"]]
        for category in layout["category"]
        for chart in category["chart"]
    }
    assert charts["both losses and their ideal values"] == ["D_loss", "G_loss", "ideal/D_loss", "ideal/G_loss"]
    assert charts["V and −log 4"] == ["value/V", "value/minus_log_4"]
    assert charts["D(x), D(G(z)) and ½"] == ["prob/D_x", "prob/D_G_z", "ideal/D"]
    assert charts["norm of G's gradient under both losses"] == ["gradient/minimax", "gradient/non_saturating"]
    drawn = {tag for tags in charts.values() for tag in tags if "*" not in tag}
    points = {f"quality/{name}" for name in ("error", "near", "energy", "bins")}  # of the other run
    assert drawn == (drawn & (SCALARS | THEORY)) | points  # no chart waits for a curve that never comes


def test_d_as_a_classifier_has_a_precision_recall_curve(served):
    tags = eventually(served, lambda tags: RUN in tags, "/data/plugin/pr_curves/tags")
    assert list(tags[RUN]) == ["D_as_a_classifier/pr_curves"]
    curves = served("/data/plugin/pr_curves/pr_curves", run=RUN, tag="D_as_a_classifier/pr_curves")[RUN]
    assert [curve["step"] for curve in curves] == [4, 8]  # the end of each of the two runs
    assert curves[0]["recall"][0] == 1.0  # at threshold 0 all real rows are found
    assert curves[0]["precision"][0] == pytest.approx(0.5)  # of as many real as generated rows

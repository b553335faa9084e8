"""docs/reading.md explains all that a run records; its ideal values are the formulas', its words those of its runs."""

import json
import math
import re
import subprocess
import sys

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from docs import reading, reading_pictures
from gan_lowlevel import cards, data, networks, runs, train
from gan_lowlevel.commandline import read_config
from gan_lowlevel.errors import Exit
from gan_lowlevel.measures import MEASURES

PAGE = reading.PAGE.read_text(encoding="utf-8")
COMMANDS = reading.commands(PAGE)
RESULTS = json.loads(reading.RESULTS.read_text(encoding="utf-8"))
EXPLAINED = set(re.findall(r"`([^`\n]+)`", PAGE))
IMPLIED = ("generator/", "discriminator/", "__run_graph__", "_hparams_/", "custom_scalars__")  # weights; no curves
UNQUOTED = ("figure_one", "ring", "stable")  # runs that the page says nothing more of

HALF = math.log(1 / 2)  # log D and log(1 - D) where D = 1/2, the best D where p_g = p_data
IDEAL = {
    "`D_loss`": -2 * HALF,
    "`G_loss`, `--g_loss=non_saturating`": -HALF,
    "`G_loss`, `--g_loss=minimax`": HALF,
    "`ideal/D_loss`": -2 * HALF,
    "`ideal/G_loss`": -HALF,
    "`ideal/D`": 1 / (1 + 1),  # p_data/(p_data + p_g)
    "`value/V`": 2 * HALF,
    "`value/log_D_x`": HALF,
    "`value/log_not_D_G_z`": HALF,
    "`value/minus_log_4`": -math.log(4),
    "`value/V_held_out`": 2 * HALF,
    "`value/V_train`": 2 * HALF,
    "`prob/D_x`": 1 / 2,
    "`prob/D_G_z`": 1 / 2,
    "`accuracy/real`": 1 / 2,
    "`accuracy/fake`": 1 / 2,
    "`jsd/bound_held_out`": (2 * HALF + math.log(4)) / 2,
    "`jsd/log_2`": math.log(2),
    "`jsd/quadrature`": 0,
    "`jsd/bound_quadrature`": (2 * HALF + math.log(4)) / 2,
    "`density/V_best_minus_V`": 0,
    "`density/D_off_best`": 0,
    "`numerics/clipped`": 0,
    "`numerics/literal_error`": 0,
    "`spread/samples`": 1,
    "`spread/pixels`": 1,
    "`spread/D_logits`": 0,
    "`quality/diversity`": 1,
    "`quality/error`": 0,
    "`quality/near`": 1,
    "`quality/energy`": 0,
    "`quality/bins`": 20,
    "`quality/modes`": 8,
    "`quality/high_quality`": 1 - math.exp(-(3**2) / 2),  # the radius of a normal point in the plane is Rayleigh's
    "`quality/reverse_kl`": 0,
}
GRADIENTS = {"`gradient/minimax`", "`gradient/non_saturating`"}  # equal, whatever they are


def rows() -> dict[str, str]:
    """The ideal value of each tag, as the page's tables have it."""
    table = re.findall(r"\| tag \| what it is \| range \| ideal value \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE)
    cells = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for block in table for line in block.splitlines()]
    assert all(len(row) == 4 for row in cells)
    return {tag.strip(): ideal.strip() for tag, _, _, ideal in cells}


def test_every_ideal_value_is_the_one_of_the_formulas():
    said = rows()
    assert said.keys() == IDEAL.keys() | GRADIENTS
    for tag, value in IDEAL.items():
        number = float(said[tag].split()[0].replace("−", "-"))
        assert number == pytest.approx(value, abs=5e-5), tag


@pytest.mark.parametrize("model", ["mlp", "parabola", "gaussian", "mixture"])
def test_every_tag_of_a_run_is_explained(model, tmp_path):
    flags = ["--max_steps=1", "--epochs=0", "--summary_every=1", "--theory_every=1", "--views_every=1", "--threads=1"]
    config = read_config([f"--model={model}", f"--logdir={tmp_path}", "--run_name=r", "--batch_size=8", *flags])
    game, data_set, run = networks.GAMES[model](config), data.load(config), runs.locate(config)
    rows = data.rows(data_set, config, game.output_range, game.data_shape)
    with runs.claimed(run):
        assert train.train(train.resolve(config, rows), game, data_set, rows, run) == Exit.DONE
    tags = {
        value.tag
        for path in run.directory.glob("events.out.tfevents.*")
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    }
    tags = {tag.removesuffix("/pr_curves").removesuffix("/text_summary") for tag in tags}
    assert {"value/V", "samples/fake", "what_this_run_says"} <= tags
    assert {tag for tag in tags if not tag.startswith(IMPLIED)} - EXPLAINED == set()


def test_every_measure_of_an_evaluation_is_named():
    assert {f"evaluation/{name}" for name in MEASURES} - EXPLAINED == set()


def test_the_runs_are_those_of_the_page_and_took_less_than_two_minutes():
    assert {name: one["command"] for name, one in RESULTS.items()} == COMMANDS
    assert all(0 < one["seconds"] < 120 for one in RESULTS.values())
    assert reading.table(RESULTS) in PAGE


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_quotes_what_the_card_says_of_a_run(name):
    config, one = read_config(COMMANDS[name].split()[3:]), RESULTS[name]
    assert one["says"] == [remark.finding for remark in cards.remarks(config, one["figures"])]
    assert name in UNQUOTED or "\n".join(reading.quoted(one)) in PAGE


def test_the_pictures_are_those_of_the_program_and_small():
    files = {path.stem: path for path in reading.PICTURES.glob("*")}
    assert files.keys() == reading_pictures.DRAWN.keys() == set(re.findall(r"\]\(pictures/reading/(\w+)\.png\)", PAGE))
    assert all(path.stat().st_size < 100_000 for path in files.values())
    assert sum(path.stat().st_size for path in files.values()) < 1_500_000
    for path in files.values():
        with Image.open(path) as picture:
            picture.verify()


def test_the_literal_form_ends_with_exit_code_4_and_the_meter_foretells_it(tmp_path):
    flags = COMMANDS["nan"].split()[1:]
    done = subprocess.run(
        [sys.executable, *flags, f"--logdir={tmp_path}", "--threads=1"],
        cwd=reading.ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == Exit.NAN == RESULTS["nan"]["exit"]
    assert re.search(
        r"log\(1 - D\(G\(z\)\)\) is not finite at step \d+ \(D_loss inf, .*\); nothing was saved yet", done.stderr
    )
    columns = runs.read_columns(runs.Run(tmp_path / "nan").metrics)
    assert columns["numerics/clipped"][-1] > 0
    assert not columns["numerics/clipped"][:-1].any()

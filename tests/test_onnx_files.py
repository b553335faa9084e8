"""ONNX files hold the players: onnxruntime makes of the same rows what TensorFlow does, to the last few bits."""

import json
import os

import numpy as np
import pytest

from gan_lowlevel import command, export, onnx_files, servable
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.export import ExportConfig
from gan_lowlevel.sessions import latents
from tests.players import players

onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
pytest.importorskip("tf2onnx", reason="the extra `onnx` is not installed")
pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")

# Sums of up to 25,088 products of float32, eps 6e-8, in another order: their errors add up like a random walk's, to
# about sqrt(25,088) eps = 1e-5 of the largest term, and terms are smaller than the sums here.
BOUND = 1e-5


@pytest.mark.parametrize("model", ["parabola", "mlp", "dcgan", pytest.param("dog", marks=pytest.mark.slow)])
def test_images_and_logits_are_tensorflows(model, tmp_path):
    made, seeds = players(model), list(range(70))
    for player, graph in servable.frozen(made.game, made.settings, made.weights).items():
        onnx_files.write(tmp_path / f"{player}.onnx", player, graph)
    with made.sampler() as sampler:
        images = sampler.samples(seeds).reshape(-1, *servable.row_shape(made.game))
        logits = np.concatenate(list(sampler.score_parts(seeds)))
    z = latents(made.game, made.settings.z_dim, seeds)
    [drawn] = onnx_files.run(tmp_path / "generator.onnx", z)
    probability, logit = onnx_files.run(tmp_path / "discriminator.onnx", images)
    assert drawn.shape == images.shape
    assert np.abs(drawn - images).max() < BOUND * max(1, np.abs(images).max())
    assert np.abs(logit - logits).max() < BOUND * max(1, np.abs(logits).max())
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logits.astype(np.float64))), rtol=0, atol=BOUND)
    assert onnx_files.run(tmp_path / "generator.onnx", z[:1])[0].shape == (1, *images.shape[1:])  # any number of rows


def test_names_and_shapes_are_the_cards(tmp_path):
    made = players("parabola")
    onnx_files.write(tmp_path / "d.onnx", "d", servable.frozen(made.game, made.settings, made.weights)["discriminator"])
    model = onnx.load(tmp_path / "d.onnx")
    onnx.checker.check_model(model)

    def shapes(values):
        return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}

    assert shapes(model.graph.input) == {"x": ["n", 2]}
    assert shapes(model.graph.output) == {"probability": ["n"], "logit": ["n"]}


def test_the_command_leaves_two_files_and_what_onnxruntime_made_of_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)
    assert export.main(ExportConfig(pretrained="parabola", out=str(tmp_path / "out"), format="onnx")) == Exit.DONE
    folder = tmp_path / "out" / "1"
    assert export.names(folder) == ["card.json", "card.md", "discriminator.onnx", "generator.onnx"]
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert set(card["signatures"]) == {"generator.onnx", "discriminator.onnx"}
    assert {"tf2onnx", "onnx", "onnxruntime"} <= set(card["versions"])
    assert all(0 <= each < 1e-4 for each in card["onnxruntime_difference"].values())
    assert "onnxruntime's largest difference: images" in capsys.readouterr().out


def test_a_file_that_is_no_copy_is_not_left(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "start_tensorflow", lambda: None)
    run = onnx_files.run
    monkeypatch.setattr(onnx_files, "run", lambda path, rows: [each + 0.01 for each in run(path, rows)])
    with pytest.raises(Failure, match=r"generator\.onnx what differs by 0\.01") as caught:
        export.main(ExportConfig(pretrained="parabola", out=str(tmp_path / "out"), format="onnx"))
    assert caught.value.code == Exit.BUG
    assert os.listdir(tmp_path) == []


def test_what_is_no_number_differs(tmp_path):
    with pytest.raises(Failure, match="differs by nan"):
        onnx_files.difference(tmp_path / "a.onnx", np.array([np.nan]), np.array([1.0]))

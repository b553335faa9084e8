"""SavedModels where this program is not: the same bits as a Sampler's, any number of rows, in TensorFlow 2 alone."""

import dataclasses
import json
import operator
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from gan_lowlevel import servable
from gan_lowlevel.errors import Exit, Failure
from gan_lowlevel.sampler import BATCH
from gan_lowlevel.sessions import latents
from tests.players import players

functions_of = operator.attrgetter("library.function")  # of a GraphDef

v1 = tf.compat.v1

FIRST, COUNT = 100, BATCH + 6  # seeds; more than a batch, and no whole number of them
SLOW = [
    pytest.param(model, marks=pytest.mark.slow) for model in ("gaussian", "goodfellow", "mixture", "mlp_deep", "dog")
]
MODELS = ["mlp", "parabola", "dcgan", *SLOW]

# Started with -I, which hides the current folder and PYTHONPATH, and with no such package to be imported.
FRESH = """
import sys
sys.modules["gan_lowlevel"] = None
try:
    import gan_lowlevel
except ImportError:
    pass
else:
    raise AssertionError("the package is here")
import json
import numpy as np
import tensorflow as tf

SOME = [slice(0, 1), slice(5, 8), slice(60, 70), slice(3, 67)]
found = {}
for model in sys.argv[1:]:
    signatures = tf.saved_model.load(f"{model}/1").signatures
    expected = dict(np.load(f"{model}/expected.npz", allow_pickle=False))
    z, images = expected["z"], expected["images"]

    def generate(z):
        return signatures["generate"](z=tf.constant(z))["images"].numpy()

    sampled = signatures["sample"](n=tf.constant(len(z)), seed=tf.constant(expected["first"]))["images"].numpy()
    said = signatures["discriminate"](x=tf.constant(images))
    logit, probability = said["logit"].numpy(), said["probability"].numpy()
    found[model] = {
        "signatures": sorted(signatures),
        "all": generate(z).tobytes() == images.tobytes(),
        "some": all(generate(z[rows]).tobytes() == images[rows].tobytes() for rows in SOME),
        "none": generate(z[:0]).shape == (0, *images.shape[1:]),
        "sample": sampled.tobytes() == images.tobytes(),
        "logit": logit.tobytes() == expected["logit"].tobytes(),
        "probability": float(np.abs(probability - 1 / (1 + np.exp(-logit.astype(np.float64)))).max()) < 1e-6,
        "shapes": [generate(z[:2]).shape, logit.shape, probability.shape],
    }
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="module")
def fresh(request, folder) -> dict:
    """What a process that has TensorFlow alone makes of each game's export."""
    chosen = [item for item in request.session.items if item.module is request.module and hasattr(item, "callspec")]
    models = sorted({item.callspec.params["model"] for item in chosen if "model" in item.callspec.params})
    for model in models:
        made = players(model)
        seeds = list(range(FIRST, FIRST + COUNT))
        with made.sampler() as sampler:
            images = sampler.samples(seeds).reshape(-1, *servable.row_shape(made.game))
            logit = np.concatenate(list(sampler.score_parts(seeds)))
            weights = sampler.weights()
        (folder / model / "1").mkdir(parents=True)
        servable.write_saved_model(folder / model / "1", made.game, made.settings, weights)
        z = latents(made.game, made.settings.z_dim, seeds)
        np.savez(folder / model / "expected.npz", z=z, images=images, logit=logit, first=np.int64(FIRST))
    ended = subprocess.run(
        [sys.executable, "-I", "-c", FRESH, *models], cwd=folder, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize("model", MODELS)
def test_plain_tensorflow_2_has_the_bits_of_a_sampler(fresh, model):
    found = fresh[model]
    assert found.pop("signatures") == ["discriminate", "generate", "sample"]
    game = players(model).game
    assert found.pop("shapes") == [[2, *(game.picture_shape or game.data_shape)], [COUNT], [COUNT]]
    assert found == dict.fromkeys(found, True)


def test_samples_of_a_test_differ(fresh, folder):
    for model in fresh:
        with np.load(folder / model / "expected.npz", allow_pickle=False) as expected:
            assert len({row.tobytes() for row in expected["images"]}) == COUNT
            assert len(np.unique(expected["logit"])) > COUNT // 2


def test_nothing_of_training_and_no_python_is_in_it(fresh, folder):
    saved = saved_model_pb2.SavedModel.FromString((folder / "dcgan/1/saved_model.pb").read_bytes())
    [meta] = saved.meta_graphs
    assert list(meta.meta_info_def.tags) == ["serve"]
    nodes = [*meta.graph_def.node, *(node for f in functions_of(meta.graph_def) for node in f.node_def)]
    assert {node.name for node in meta.graph_def.node if node.op == "Placeholder"} == {"z", "x", "n", "seed"}
    assert not [node.op for node in nodes if re.match("(Eager)?Py|Iterator|ResourceApply|.*Dataset", node.op)]
    assert set(meta.collection_def) == {"variables", "trainable_variables"}
    prefix = str(folder / "dcgan/1/variables/variables")
    names = set(v1.train.NewCheckpointReader(prefix).get_variable_to_shape_map())
    assert names == set(players("dcgan").weights)  # no step, and nothing of an optimizer


@pytest.mark.parametrize("n", [0, 1, BATCH, 2 * BATCH + 1])
def test_in_batches_takes_whole_ones_and_gives_back_the_rows(n):
    rows, sizes = np.arange(2 * n, dtype=np.float32).reshape(n, 2), []

    def of_batch(batch):
        sizes.append(batch.shape.as_list())
        return batch[:, :1] + tf.reduce_max(batch[:, 1])

    with tf.Graph().as_default(), v1.Session() as session:
        fed = v1.placeholder(tf.float32, [None, 2])
        came = session.run(servable.in_batches(of_batch, fed), {fed: rows})
    # The largest of each batch: in the last one of the zeros and the rows that are there.
    largest = [rows[i : i + BATCH, 1].max() for i in range(0, n, BATCH) for _ in rows[i : i + BATCH]]
    np.testing.assert_array_equal(came, rows[:, :1] + np.array(largest, np.float32).reshape(n, 1))
    assert sizes == [[BATCH, 2]]


def test_what_was_trained_in_bfloat16_multiplies_in_it(tmp_path):
    made = players("parabola")
    settings = dataclasses.replace(made.settings, precision="bfloat16")
    servable.write_saved_model(tmp_path, made.game, settings, made.weights)
    saved = saved_model_pb2.SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes())
    nodes = [node for f in functions_of(saved.meta_graphs[0].graph_def) for node in f.node_def]
    assert {node.attr["T"].type for node in nodes if node.op == "MatMul"} == {tf.bfloat16.as_datatype_enum}
    assert set(saved.meta_graphs[0].collection_def) == {"variables", "trainable_variables"}


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    def full(self, as_text=False):
        raise tf.errors.ResourceExhaustedError(None, None, "/x/1/saved_model.pb; No space left on device")

    monkeypatch.setattr(v1.saved_model.Builder, "save", full)
    made = players("parabola")
    with pytest.raises(Failure, match=r"\(No space left on device\): make room") as caught:
        servable.write_saved_model(tmp_path, made.game, made.settings, made.weights)
    assert caught.value.code == Exit.DISK

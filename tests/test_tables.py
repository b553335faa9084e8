"""Layer tables: the sources' own numbers to the unit, every parameter counted once, boxes that are not cut off."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gan_lowlevel import draws, layers, networks, tables
from gan_lowlevel.commandline import read_config
from gan_lowlevel.networks.game import Game
from gan_lowlevel.tables import Row, Table

v1 = tf.compat.v1


def built(model: str, *flags: str) -> tuple[Game, int]:
    config = read_config([f"--model={model}", *flags])
    return networks.GAMES[model](config), config.z_dim


def tables_of(model: str, *flags: str) -> tuple[Table, Table, Table]:
    return tables.tables(*built(model, *flags))


@pytest.mark.parametrize(
    ("model", "g_trainable", "g_fixed", "d_trainable"),
    [
        ("mlp", 100 * 128 + 128 + 128 * 784 + 784, 0, 784 * 128 + 128 + 128 + 1),
        ("mlp_deep", 1_486_352, 0, 1_460_225),
        ("dcgan", 2_343_904, 960, 212_673),
        ("dog", 9_647_875, 2 * 8192, 25_901_953),  # a moving mean and variance for each of 8192 features
        ("gaussian", 32 + 272 + 17, 0, 64 + 1056 + 33),
        ("goodfellow", 101 * 1200 + 1201 * 1200 + 1201 * 784, 0, 785 * 1200 + 241 * 1200 + 241),
        ("mixture", 484_802, 3200, 405_201),
        ("parabola", 90 + 32, 0, 75 + 26),
    ],
)
def test_totals_are_the_sources(model, g_trainable, g_fixed, d_trainable):
    generator, discriminator, stack = tables_of(model)
    assert (generator.trainable, generator.fixed) == (g_trainable, g_fixed)
    assert (discriminator.trainable, discriminator.fixed) == (d_trainable, 0)
    assert (stack.trainable, stack.fixed) == (g_trainable, g_fixed + d_trainable)
    assert stack.parameters == generator.parameters + discriminator.parameters


def test_the_stack_of_dcgan_as_the_article_prints_it():
    stack = tables_of("dcgan")[2]
    assert (stack.parameters, stack.trainable, stack.fixed) == (2_557_537, 2_343_904, 213_633)
    assert [(row.name, row.shape, row.parameters) for row in stack.rows] == [
        ("z", (None, 100), 0),
        ("generator", (None, 28, 28, 1), 2_344_864),
        ("discriminator", (None, 1), 212_673),
    ]


@pytest.mark.parametrize("model", networks.GAMES)
def test_every_variable_is_in_a_row(model):
    game, z_dim = built(model)
    with tf.Graph().as_default():
        with v1.variable_scope("generator"):
            fake = game.generator(tf.zeros([1, z_dim]), tf.constant(False))
        with v1.variable_scope("discriminator"):
            game.discriminator(fake, draws.Masks((0, 0), "fake"))
        sizes = {v.name: v.shape.num_elements() for v in v1.global_variables()}
        trainable = {v.name for v in v1.trainable_variables()}
    for table in tables.tables(game, z_dim)[:2]:
        own = {name for name in sizes if name.startswith(f"{table.name}/")}
        assert table.trainable == sum(sizes[name] for name in own & trainable)
        assert table.fixed == sum(sizes[name] for name in own - trainable)


def test_rows_of_dcgan():
    generator, discriminator, _ = tables_of("dcgan")
    norm = "batch_norm, leaky_relu"
    assert [(row.name, row.kind, row.shape[1:], row.trainable, row.fixed) for row in generator.rows] == [
        ("z", "input", (100,), 0, 0),
        ("dense_1", "dense", (12544,), 1_266_944, 0),
        ("batch_norm_1", norm, (7, 7, 256), 512, 512),
        ("conv_transpose_1", "conv2d_transpose", (7, 7, 128), 819_200, 0),
        ("batch_norm_2", norm, (7, 7, 128), 256, 256),
        ("conv_transpose_2", "conv2d_transpose", (14, 14, 64), 204_800, 0),
        ("batch_norm_3", norm, (14, 14, 64), 128, 128),
        ("conv_transpose_3", "conv2d_transpose", (28, 28, 32), 51_200, 0),
        ("batch_norm_4", norm, (28, 28, 32), 64, 64),
        ("conv_1", "conv2d, tanh", (28, 28, 1), 800, 0),
    ]
    assert [(row.name, row.kind, row.shape[1:], row.trainable, row.fixed) for row in discriminator.rows] == [
        ("x", "input", (28, 28, 1), 0, 0),
        ("conv_1", "conv2d, leaky_relu", (14, 14, 64), 1_600, 0),
        ("dropout_1", "dropout", (14, 14, 64), 0, 0),
        ("conv_2", "conv2d, leaky_relu", (7, 7, 128), 204_800, 0),
        ("dropout_2", "dropout", (7, 7, 128), 0, 0),
        ("dense_1", "dense, sigmoid", (1,), 6_273, 0),
    ]


def test_rows_of_mlp_deep():
    generator, discriminator, _ = tables_of("mlp_deep")
    hidden = "dense, leaky_relu"
    assert [(row.kind, row.shape[1:]) for row in generator.rows[1:]] == [
        (hidden, (256,)),
        (hidden, (512,)),
        (hidden, (1024,)),
        ("dense, tanh", (784,)),
    ]
    assert [(row.kind, row.shape[1:]) for row in discriminator.rows[1:]] == [
        (hidden, (1024,)),
        (hidden, (512,)),
        (hidden, (256,)),
        ("dense, sigmoid", (1,)),
    ]


def test_rows_of_dog():
    generator, discriminator, _ = tables_of("dog")
    assert [(row.kind, row.shape[1:], row.parameters) for row in generator.rows[1:]] == [
        ("dense, tanh", (1024,), 1_025_024),
        ("dense", (8192,), 8_396_800),
        ("batch_norm, tanh", (8192,), 32_768),
        ("upsample", (32, 32, 128), 0),
        ("conv2d, tanh", (32, 32, 64), 204_864),
        ("upsample", (64, 64, 64), 0),
        ("conv2d, tanh", (64, 64, 3), 4_803),
    ]
    assert [(row.kind, row.shape[1:], row.parameters) for row in discriminator.rows[1:]] == [
        ("conv2d", (64, 64, 64), 4_864),  # the source has tanh here; it changes places with the pooling
        ("max_pool, tanh", (32, 32, 64), 0),
        ("conv2d", (28, 28, 128), 204_928),
        ("max_pool, tanh", (14, 14, 128), 0),
        ("dense, tanh", (1024,), 25_691_136),
        ("dense, sigmoid", (1,), 1_025),
    ]


def test_rows_of_mixture():
    generator, discriminator, _ = tables_of("mixture")
    norm = ("batch_norm, relu", (400,), 4 * 400)
    assert [(row.kind, row.shape[1:], row.parameters) for row in generator.rows[1:]] == [
        ("dense", (400,), 2 * 400),  # no biases
        norm,
        *[("dense", (400,), 400 * 400), norm] * 3,
        ("dense", (2,), 401 * 2),
    ]
    assert [(row.kind, row.shape[1:], row.parameters) for row in discriminator.rows[1:]] == [
        ("maxout", (200,), 3 * 200 * 5),
        ("maxout", (200,), 201 * 200 * 5),
        ("maxout", (200,), 201 * 200 * 5),
        ("dense, sigmoid", (1,), 201),
    ]


def test_rows_of_gaussian():
    generator, discriminator, _ = tables_of("gaussian")
    for table, units, last in ((generator, 16, "dense"), (discriminator, 32, "dense, sigmoid")):
        assert [(row.kind, row.shape[1:], row.parameters) for row in table.rows] == [
            ("input", (1,), 0),
            ("dense, tanh", (units,), 2 * units),
            ("dense, tanh", (units,), (units + 1) * units),
            (last, (1,), units + 1),
        ]


def test_rows_of_parabola():
    generator, discriminator, _ = tables_of("parabola")
    assert [(row.kind, row.shape, row.parameters) for row in generator.rows] == [
        ("input", (None, 5), 0),
        ("dense, relu", (None, 15), 90),
        ("dense", (None, 2), 32),  # linear
    ]
    assert [(row.kind, row.shape, row.parameters) for row in discriminator.rows] == [
        ("input", (None, 2), 0),
        ("dense, relu", (None, 25), 75),
        ("dense, sigmoid", (None, 1), 26),
    ]


def test_only_a_leaky_relu_is_called_one():
    game, z_dim = built("parabola")
    with tf.Graph().as_default():
        with v1.variable_scope("generator"):
            h = game.generator(v1.placeholder(tf.float32, [None, z_dim]), tf.constant(False))
            tf.maximum(h, 0.5)
            tf.maximum(h, 0.5 * tf.ones_like(h))
        scopes = ["generator/dense_1", "generator/dense_2"]
        assert tables._activations(scopes, "generator") == {"generator/dense_1": ["relu"], "generator/dense_2": []}
        with v1.variable_scope("generator/"):
            layers.leaky_relu(h, 0.3)
        assert tables._activations(scopes, "generator")["generator/dense_2"] == ["leaky_relu"]


def test_the_default_graph_is_left_alone():
    with tf.Graph().as_default() as graph:
        tables_of("mlp")
        assert graph.get_operations() == []


# Text


def test_text():
    table = Table("generator", (Row("z", "input", (None, 5)), Row("dense_1", "dense, relu", (None, 7, 15), 1234, 56)))
    lines = tables.text((table,)).splitlines()
    assert [line.split() for line in lines if not line.startswith("-")] == [
        [],
        ["generator", "output", "parameters"],
        ["z", "input", "[B,", "5]", "0"],
        ["dense_1", "dense,", "relu", "[B,", "7,", "15]", "1,290"],
        ["all", "1,290"],
        ["trainable", "1,234"],
        ["not", "trainable", "56"],
    ]
    assert len({len(line) for line in lines if line}) == 1  # numbers end below each other


@pytest.mark.parametrize("model", networks.GAMES)
def test_columns_of_all_three_stand_below_each_other(model):
    lines = [line for line in tables.text(tables_of(model)).splitlines() if line]
    assert len({len(line) for line in lines}) == 1
    headers = [line for line in lines if " output " in line]
    assert len(headers) == 3
    assert len({line.index("output") for line in headers}) == 1
    shaped = [line for line in lines if "[B, " in line]
    assert {line.index("[B, ") for line in shaped} == {headers[0].index("output")}


# Boxes


def picture(table: Table) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(tables.drawn(table))).convert("RGB"))


@pytest.mark.parametrize("model", networks.GAMES)
def test_nothing_is_cut_off(model):
    for table in tables_of(model):
        pixels = picture(table)
        margins = (pixels[:10], pixels[-10:], pixels[:, :10], pixels[:, -10:])
        assert all((margin == 255).all() for margin in margins)


@pytest.mark.parametrize("model", networks.GAMES)
def test_a_box_for_each_layer(model):
    for table in tables_of(model):
        column = picture(table)[:, -40].astype(int)  # near the boxes' right side, where no text and no arrow comes
        dark = (column.sum(axis=1) < 300).astype(int)
        assert np.count_nonzero(np.diff(dark) == 1) == 2 * len(table.rows)  # upper and lower edges


@pytest.mark.parametrize("changed", [
    Row("dense_2", "dense, relu", (None, 15), 90),
    Row("dense_1", "dense, tanh", (None, 15), 90),
    Row("dense_1", "dense, relu", (None, 16), 90),
    Row("dense_1", "dense, relu", (None, 15), 91),
    Row("dense_1", "dense, relu", (None, 15), 0, 90),
])  # fmt: skip
def test_a_box_shows_name_kind_shape_and_parameters(changed):
    z = Row("z", "input", (None, 5))
    row = Row("dense_1", "dense, relu", (None, 15), 90)
    assert not np.array_equal(picture(Table("g", (z, row)))[90:], picture(Table("g", (z, changed)))[90:])


def test_a_box_shows_the_shape_that_comes_in():
    row = Row("dense_1", "dense, relu", (None, 15), 90)
    pictures = [picture(Table("g", (Row("z", "input", (None, size)), row))) for size in (5, 6)]
    assert not np.array_equal(pictures[0][190:], pictures[1][190:])  # below the input's own box

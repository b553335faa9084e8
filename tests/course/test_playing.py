"""A game in this process."""

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel.course import table
from gan_lowlevel.errors import Exit, Failure

v1 = tf.compat.v1


def test_steps_follow_each_other_as_in_the_loop():
    one, other = table("--model=parabola --batch_size=8"), table("--model=parabola --batch_size=8")
    reports = [*one.play(2), *one.play()]
    assert one.step == len(reports) == 3
    for step, report in enumerate(reports):  # the same loop, its steps named
        assert report.d.value == other.loop.play(step).d.value
    assert one.config.batch_size == 8
    assert one.run(one.gan.play.d_fake, one.loop.g_feed(0, 0)).shape == (16, 1)  # G draws twice as many


def test_its_graph_is_the_default_one_inside_alone_and_again():
    game = table("--model=parabola --batch_size=8")
    before = v1.get_default_graph()
    for _ in range(2):
        with game as same:
            assert same is game
            assert v1.get_default_graph() is game.graph
            [gradient] = tf.gradients(game.gan.g_report.g_loss, game.gan.play.fake_logits)
        assert v1.get_default_graph() is before
        assert np.isfinite(game.run(gradient, game.loop.g_feed(0, 0))).all()


def test_it_begins_with_what_its_data_decide():
    game = table("--model=goodfellow --dataset=embedded --train_rows=20")
    initial = game.game.initial_of_mean(game.rows.table.mean(axis=0, dtype=np.float64) / 255)
    assert initial
    variables = {variable.op.name: variable for variable in game.gan.theta.g + game.gan.theta.d}
    for name, value in initial.items():
        np.testing.assert_allclose(game.run(variables[name]), value, rtol=1e-5)


def test_wrong_flags():
    with pytest.raises(Failure, match="unknown flag --batchsize") as caught:
        table("--model=parabola --batchsize=8")
    assert caught.value.code == Exit.FLAGS

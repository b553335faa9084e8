"""Histograms of what training can bring: weights that hardly differ, values that are not finite."""

import os
import re

import numpy as np
import pytest
import tensorflow as tf

from gan_lowlevel import summaries
from gan_lowlevel.summaries import BUCKETS, Events

NEXT = np.nextafter(np.float32(1), np.float32(2))  # the float32 behind 1


@pytest.mark.parametrize(
    ("values", "counted"),
    [
        ([1.0, NEXT], 2),
        ([1.0] * 5, 5),
        ([3.0], 1),
        ([0.0, np.inf, -np.inf, np.nan, 1.0], 2),
        ([np.nan], 0),
        (np.arange(60), 60),
    ],
)
def test_a_histogram_counts_every_finite_value(tmp_path, values, counted):
    with tf.Graph().as_default() as graph:
        events = Events(tmp_path, graph, 0)
        events.histograms(3, {"h": np.array(values, np.float32)})
        events.close()
    [path] = tmp_path.iterdir()
    [buckets] = [
        tf.make_ndarray(value.tensor)
        for event in tf.compat.v1.train.summary_iterator(str(path))
        for value in event.summary.value
    ]
    assert buckets.shape == (BUCKETS, 3)
    left, right, counts = buckets.T
    assert counts.sum() == counted
    assert np.array_equal(left[1:], right[:-1])


def test_files_of_one_process_and_one_second_are_two_and_in_order(tmp_path):
    with tf.Graph().as_default() as graph:
        for start in range(3):
            events = Events(tmp_path, graph, start)
            events.scalars(start, {"tag": float(start)})
            events.close()
    steps = [
        [event.step for event in tf.compat.v1.train.summary_iterator(str(path)) if event.summary.value]
        for path in sorted(tmp_path.iterdir())
    ]
    assert steps == [[0], [1], [2]]


@pytest.mark.parametrize("odd", [None, np.nan, np.inf, -np.inf])
def test_a_histogram_of_many_parts_is_that_of_the_whole(monkeypatch, odd):
    monkeypatch.setattr(summaries, "PART", 7)
    values = np.random.default_rng(0).normal(size=100).astype(np.float32)
    whole, edges = np.histogram(values.astype(np.float64), bins=30)
    counts, found = summaries._histogram(values if odd is None else np.append(values, np.float32(odd)))
    np.testing.assert_array_equal(counts, whole)
    np.testing.assert_array_equal(found, edges)


def test_a_file_begins_with_its_version_its_start_and_the_graph(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.constant(1.0, name="one")
        Events(tmp_path, graph, 4).close()
    [path] = tmp_path.iterdir()
    assert re.fullmatch(rf"events\.out\.tfevents\.\d{{10}}\..+\.\d{{19}}\.{os.getpid()}", path.name)
    version, start, of_graph = tf.compat.v1.train.summary_iterator(str(path))
    assert version.file_version == "brain.Event:2"
    assert start.step == 5  # TensorBoard drops what it has of step 5 and later
    assert b"one" in of_graph.graph_def

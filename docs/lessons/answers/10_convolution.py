"""Answers to lesson 10."""

import numpy as np
import tensorflow as tf

from gan_lowlevel.course import Exercise


def convolution_matrix(kernel, n, stride):
    outputs = -(-n // stride)
    left = max((outputs - 1) * stride + len(kernel) - n, 0) // 2
    matrix = np.zeros((outputs, n))
    for i in range(outputs):
        for k in range(len(kernel)):
            j = stride * i + k - left
            if 0 <= j < n:
                matrix[i, j] = kernel[k]
    return matrix


def _by_distance(kernel, n, stride):
    outputs, size = -(-n // stride), len(kernel)
    left = max((outputs - 1) * stride + size - n, 0) // 2
    tap = np.arange(n) - stride * np.arange(outputs)[:, None] + left
    return np.where((tap >= 0) & (tap < size), np.asarray(kernel)[tap.clip(0, size - 1)], 0.0)


def _centered(kernel, n, stride):
    matrix = np.zeros((-(-n // stride), n))
    for i in range(len(matrix)):
        for k in range(len(kernel)):
            j = stride * i + k - len(kernel) // 2
            if 0 <= j < n:
                matrix[i, j] = kernel[k]
    return matrix


def _turned_around(kernel, n, stride):
    return convolution_matrix(kernel[::-1], n, stride)


def _transpose(kernel, n, stride):
    return convolution_matrix(kernel, n, stride).T


def _wraps_around(kernel, n, stride):
    outputs = -(-n // stride)
    left = max((outputs - 1) * stride + len(kernel) - n, 0) // 2
    matrix = np.zeros((outputs, n))
    for i in range(outputs):
        for k in range(len(kernel)):
            matrix[i, (stride * i + k - left) % n] += kernel[k]
    return matrix


def layer_row(kind, shape, filters, stride):
    height, width, channels = shape
    if kind == "conv2d":
        height, width = -(-height // stride), -(-width // stride)
    else:
        height, width = height * stride, width * stride
    return (height, width, filters), 5 * 5 * channels * filters


def _divides_downwards(kind, shape, filters, stride):
    height, width, channels = shape
    if kind == "conv2d":
        return (height // stride, width // stride, filters), 25 * channels * filters
    return (height * stride, width * stride, filters), 25 * channels * filters


def _counts_places(kind, shape, filters, stride):
    (height, width, _), _ = layer_row(kind, shape, filters, stride)
    return (height, width, filters), 25 * height * width * filters


def _one_kernel_for_all_channels(kind, shape, filters, stride):
    return layer_row(kind, shape, filters, stride)[0], 25 * filters


def _with_biases(kind, shape, filters, stride):
    out, weights = layer_row(kind, shape, filters, stride)
    return out, weights + filters


def _channels_first(kind, shape, filters, stride):
    (height, width, _), weights = layer_row(kind, shape, filters, stride)
    return (filters, height, width), weights


def transposed(y, w, stride):
    rows, columns = y.shape[1] * stride, y.shape[2] * stride
    x = tf.zeros([y.shape[0], rows, columns, w.shape[2]])  # any picture: a convolution is linear
    convolved = tf.nn.conv2d(x, w, strides=stride, padding="SAME")
    return tf.gradients(convolved, x, grad_ys=y)[0]


def _by_the_product(y, w, stride):
    x = tf.zeros([y.shape[0], y.shape[1] * stride, y.shape[2] * stride, w.shape[2]])
    return tf.gradients(tf.reduce_sum(tf.nn.conv2d(x, w, stride, "SAME") * y), x)[0]


def _by_the_layer(y, w, stride):
    shape = [y.shape[0], y.shape[1] * stride, y.shape[2] * stride, w.shape[2]]
    return tf.nn.conv2d_transpose(y, w, shape, stride, "SAME")


def _without_grad_ys(y, w, stride):
    x = tf.zeros([y.shape[0], y.shape[1] * stride, y.shape[2] * stride, w.shape[2]])
    return tf.gradients(tf.nn.conv2d(x, w, stride, "SAME"), x)[0]


def _by_the_weights(y, w, stride):
    x = tf.ones([y.shape[0], y.shape[1] * stride, y.shape[2] * stride, w.shape[2]])
    return tf.gradients(tf.nn.conv2d(x, w, stride, "SAME"), w, grad_ys=y)[0]


def _upsampled(y, w, stride):
    larger = tf.repeat(tf.repeat(y, stride, axis=1), stride, axis=2)
    return tf.nn.conv2d(larger, tf.transpose(w, [0, 1, 3, 2]), 1, "SAME")


def stamps(n, size, stride):
    left = (size - stride) // 2
    line = np.zeros(n * stride + size, int)
    for i in range(n):
        line[i * stride : i * stride + size] += 1
    return line[left : left + n * stride]


def _by_the_matrix(n, size, stride):
    return convolution_matrix(np.ones(size), n * stride, stride).sum(axis=0).astype(int)


def _nothing_cut_off(n, size, stride):
    line = np.zeros((n - 1) * stride + size, int)
    for i in range(n):
        line[i * stride : i * stride + size] += 1
    return line


def _cut_on_the_right_alone(n, size, stride):
    line = np.zeros(n * stride + size, int)
    for i in range(n):
        line[i * stride : i * stride + size] += 1
    return line[: n * stride]


def _the_mean(n, size, stride):
    return np.full(n * stride, size // stride)


def _kernel_of_random(random):
    return random.normal(size=int(random.choice([3, 5]))), int(random.integers(5, 10)), int(random.integers(1, 3))


def _layer_of_random(random):
    side = int(random.integers(3, 33))
    shape = (side, side, int(random.choice([1, 3, 32, 64, 128])))
    kind = str(random.choice(["conv2d", "conv2d_transpose"]))
    return kind, shape, int(random.choice([1, 32, 64, 256])), int(random.integers(1, 3))


def _picture_of_random(random):
    side, channels, filters = random.integers(2, 5, 3)
    y = random.normal(size=(2, side, side, filters)).astype(np.float32)
    return y, random.normal(size=(5, 5, channels, filters)).astype(np.float32), int(random.integers(1, 3))


def _line_of_random(random):
    stride = int(random.integers(1, 4))
    return int(random.integers(2, 7)), int(random.integers(max(stride, 2), 7)), stride


EXERCISES = [
    Exercise(
        answer=convolution_matrix,
        inputs=_kernel_of_random,
        hints=(
            "Row i holds the kernel from column stride * i - p on; columns below 0 or from n on are left out.",
            "p is max((outputs - 1) * stride + K - n, 0) // 2, with outputs = ceil(n / stride): for stride 2 it is not "
            "always K // 2.",
        ),
        wrong=(_centered, _turned_around, _transpose, _wraps_around),
        right=(_by_distance,),
    ),
    Exercise(
        answer=layer_row,
        inputs=_layer_of_random,
        hints=(
            "Weights don't hang on height and width: 25 for each pair of an input channel and a filter.",
            "A convolution rounds up: 7 rows with stride 2 make 4, which is -(-7 // 2). A transposed one makes 14.",
        ),
        wrong=(_divides_downwards, _counts_places, _one_kernel_for_all_channels, _with_biases, _channels_first),
    ),
    Exercise(
        answer=transposed,
        inputs=_picture_of_random,
        hints=(
            "Start from x = tf.zeros of the shape that you want to get, and convolve it with w: which picture it is "
            "does not matter.",
            "tf.gradients(convolved, x, grad_ys=y) is a list with one tensor in it. Return that.",
        ),
        wrong=(_without_grad_ys, _by_the_weights, _upsampled),
        right=(_by_the_product, _by_the_layer),
        tolerance=1e-4,
        tries=20,
        graph=True,
    ),
    Exercise(
        answer=stamps,
        inputs=_line_of_random,
        hints=(
            "Input i stamps the places from i * stride to i * stride + size; count on a line that is long enough.",
            "Then cut: leave out (size - stride) // 2 places on the left, and keep n * stride.",
        ),
        wrong=(_nothing_cut_off, _cut_on_the_right_alone, _the_mean),
        right=(_by_the_matrix,),
    ),
]

"""Convolutions and pooling as loops: what they give, in which order they sum, and what they copy."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
import pytest

from tests.ops.oracles import oracle
from workings.engines import compile_function
from workings.engines.native import compile_native
from workings.graph import Graph, Node, call, constant, input_node
from workings.lower import Loops, lower_graph


def _scratch(loops: Loops) -> int:
    return sum(b.size for b in loops.buffers if b.role == "scratch")


def _products(loops: Loops) -> int:
    return sum(prod(k.extents) for k in loops.kernels if k.fold is not None and k.fold.how == "dot")


def _drawn(seed: int) -> tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]:
    """Shapes of images and kernels that fit, and how the windows slide."""
    rng = np.random.default_rng(seed)
    while True:
        groups, n, c, o = (int(rng.integers(1, most)) for most in (4, 4, 4, 7))
        size, stride, dilation = (rng.integers(1, most, 2) for most in (5, 5, 4))
        padding, lengths = rng.integers(0, 4, (2, 2)), rng.integers(1, 12, 2)
        if np.all(dilation * (size - 1) < lengths + padding.sum(axis=1)) and prod(lengths) * c * o * n < 2000:
            how = {
                "stride": tuple(stride.tolist()),
                "dilation": tuple(dilation.tolist()),
                "padding": tuple(map(tuple, padding.tolist())),
                "groups": groups,
            }
            return (n, groups * c, *lengths.tolist()), (groups * o, c, *size.tolist()), how


@pytest.mark.parametrize("seed", range(16))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_three_ops_of_a_convolution(seed: int, dtype: str) -> None:
    images, kernels, how = _drawn(seed)
    x, kernel = input_node("x", images, dtype), input_node("kernel", kernels, dtype)
    y = input_node("y", call("conv2d", x, kernel, **how).shape, dtype)
    cases: list[tuple[str, list[Node], dict[str, Any]]] = [
        ("conv2d", [x, kernel], how),
        ("conv_transpose2d", [y, kernel], {**how, "size": images[2:]}),
        ("conv_kernel2d", [x, y], {**how, "size": kernels[2:]}),
    ]
    rng = np.random.default_rng(seed)
    for name, nodes, attributes in cases:
        values = [rng.uniform(-1, 1, node.shape).astype(dtype) for node in nodes]
        (found,) = compile_native(Graph(nodes, [call(name, *nodes, **attributes)]))(*values)
        wanted = oracle(name)(*(v.astype(float) for v in values), **attributes)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=200 * np.finfo(dtype).eps, err_msg=name)


def test_a_convolution_sums_by_channel_row_and_column_with_one_rounding_for_each_product() -> None:
    rng = np.random.default_rng(0)
    images, kernels = rng.standard_normal((2, 3, 5, 11)), rng.standard_normal((9, 3, 2, 3))
    x, kernel = input_node("x", images.shape, "float64"), input_node("kernel", kernels.shape, "float64")
    (found,) = compile_function(Graph([x, kernel], [call("conv2d", x, kernel)]), "native")(images, kernels)
    for n, o, i, j in [(0, 0, 0, 0), (1, 8, 3, 8), (0, 4, 2, 7), (1, 7, 1, 3)]:
        total = 0.0
        for place in np.ndindex(3, 2, 3):
            c, k, m = place
            a, b = (Fraction(float(v)) for v in (images[n, c, i + k, j + m], kernels[o, c, k, m]))
            total = float(a * b + Fraction(total))
        assert found[n, o, i, j] == total


def test_threads_change_no_bit_of_a_convolution_and_its_derivatives() -> None:
    x, kernel = input_node("x", (8, 8, 14, 14), "float32"), input_node("kernel", (16, 8, 3, 3), "float32")
    y = input_node("y", (8, 16, 14, 14), "float32")
    outputs = [
        call("conv2d", x, kernel, padding=1),
        call("conv_transpose2d", y, kernel, padding=1, size=(14, 14)),
        call("conv_kernel2d", x, y, padding=1, size=(3, 3)),
        call("max_pool2d", y, size=2, stride=2),
        call("avg_pool2d", y, size=3, stride=2),
    ]
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(node.shape).astype("float32") for node in (x, kernel, y)]
    one, two = (compile_native(Graph([x, kernel, y], outputs), threads)(*values) for threads in (1, 2))
    assert [a.tobytes() for a in one] == [b.tobytes() for b in two]


def test_no_window_is_written_out_and_what_follows_is_computed_in_the_same_loops() -> None:
    x, kernel = input_node("x", (4, 3, 9, 10), "float32"), input_node("kernel", (8, 3, 3, 3), "float32")
    bias = input_node("bias", (8, 1, 1), "float32")

    def layer(**how: Any) -> Loops:
        h = call("maximum", call("conv2d", x, kernel, **how) + bias, constant(np.float32(0)))
        return lower_graph(Graph([x, kernel, bias], [h]))

    plain = layer(stride=2, dilation=2)
    assert len(plain.kernels) == 1
    assert _scratch(plain) == 0
    bordered = layer(padding=1)
    assert len(bordered.kernels) == 3
    assert _scratch(bordered) == 4 * 3 * 11 * 12


def test_a_border_is_copied_once_for_a_convolution_and_its_derivative() -> None:
    x, kernel = input_node("x", (2, 1, 6, 6), "float64"), input_node("kernel", (1, 1, 3, 3), "float64")
    y = input_node("y", (2, 1, 6, 6), "float64")
    outputs = [call("conv2d", x, kernel, padding=1), call("conv_kernel2d", x, y, padding=1, size=(3, 3))]
    assert _scratch(lower_graph(Graph([x, kernel, y], outputs))) == 2 * 8 * 8


@pytest.mark.parametrize("stride", [2, 3])
def test_the_way_back_of_windows_that_are_apart_multiplies_by_no_zero_between_them(stride: int) -> None:
    y, kernel = input_node("y", (1, 1, 4, 4), "float64"), input_node("kernel", (1, 1, 6, 6), "float64")
    size = (3 * stride + 6,) * 2
    loops = lower_graph(Graph([y, kernel], [call("conv_transpose2d", y, kernel, stride=stride, size=size)]))
    # each place along an axis meets 6 over the stride of the kernel's elements
    assert _products(loops) == (size[0] * 6 // stride) ** 2


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pooling(seed: int, dtype: str) -> None:
    rng = np.random.default_rng(seed)
    size, stride = (tuple(rng.integers(1, 5, 2).tolist()) for _ in range(2))
    shape = (*rng.integers(1, 4, 2).tolist(), *rng.integers(size, 20).tolist())
    x = input_node("x", shape, dtype)
    how = {"size": size, "stride": stride}
    largest, mean = call("max_pool2d", x, **how), call("avg_pool2d", x, **how)
    y = input_node("y", mean.shape, dtype)
    outputs = [largest, call("argmax_pool2d", x, largest, **how), mean, call("avg_unpool2d", y, shape=shape[2:], **how)]
    values = rng.standard_normal(shape).astype(dtype), rng.standard_normal(y.shape).astype(dtype)
    found = compile_native(Graph([x, y], outputs))(*values)
    tops = oracle("max_pool2d")(values[0], **how)
    np.testing.assert_array_equal(found[0], tops)
    np.testing.assert_array_equal(found[1], oracle("argmax_pool2d")(values[0], tops, **how))
    bound = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(found[2], oracle("avg_pool2d")(values[0], **how), rtol=0, atol=bound)
    shared = oracle("avg_unpool2d")(values[1], shape=shape[2:], **how)
    np.testing.assert_allclose(found[3], shared, rtol=0, atol=bound)


def test_of_equals_the_first_has_the_place_and_nan_wins() -> None:
    images = np.array([[1, 3, 3], [3, 0, 1], [np.nan, np.nan, 3]], "float32").reshape(1, 1, 3, 3)
    x = input_node("x", images.shape, "float32")
    largest = call("max_pool2d", x, size=2, stride=1)
    graph = Graph([x], [largest, call("argmax_pool2d", x, largest, size=2, stride=1)])
    tops, places = compile_native(graph)(images)
    np.testing.assert_array_equal(tops, [[[[3, 3], [np.nan, np.nan]]]])
    np.testing.assert_array_equal(places, [[[[1, 1], [6, 7]]]])


def test_a_pool_over_all_of_an_image_is_few_kernels() -> None:
    y = input_node("y", (2, 3, 1, 1), "float64")
    loops = lower_graph(Graph([y], [call("avg_unpool2d", y, size=28, stride=28, shape=(28, 28))]))
    assert len(loops.kernels) == 1

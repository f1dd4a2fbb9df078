"""Convolution, pooling and upsampling as functions: what they mean, on plain arrays and in a trace, and what fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal

import workings as wk
from tests.ops.checks import same_bits
from workings import functions as wf
from workings.errors import ArgumentError, DtypeError, ShapeError
from workings.graph import evaluate
from workings.transform import central_differences

RNG = np.random.default_rng(5)
IMAGES, KERNEL = RNG.normal(size=(2, 4, 7, 6)), RNG.normal(size=(6, 4, 3, 2))
ROWS, TAPS = RNG.normal(size=(2, 3, 9)), RNG.normal(size=(4, 3, 3))

# each of x, and of a kernel where it takes one
SLIDING: dict[str, tuple[Callable[..., Any], tuple[np.ndarray, ...]]] = {
    "conv2d": (lambda x, k: wf.conv2d(x, k, stride=(2, 1), padding="same", dilation=(1, 2)), (IMAGES, KERNEL)),
    "conv2d in groups": (lambda x, k: wf.conv2d(x, k, padding=((1, 0), 1), groups=2), (IMAGES, KERNEL[:, :2])),
    "conv_transpose2d": (lambda x, k: wf.conv_transpose2d(x, k, stride=2, padding=1), (IMAGES, KERNEL[:4])),
    "conv_transpose2d to a size": (
        lambda x, k: wf.conv_transpose2d(x, k, stride=3, size=(22, 19), groups=2),
        (IMAGES, KERNEL[:4]),
    ),
    "conv1d": (lambda x, k: wf.conv1d(x, k, stride=2, padding=(2, 0)), (ROWS, TAPS)),
    "conv_transpose1d": (lambda x, k: wf.conv_transpose1d(x, k, stride=2, padding="same"), (ROWS, TAPS[:3])),
    "max_pool2d": (lambda x: wf.max_pool2d(x, (3, 2), stride=2, padding=(1, 0)), (IMAGES,)),
    "max_pool1d": (lambda x: wf.max_pool1d(x, 3, padding="same", stride=1), (ROWS,)),
    "avg_pool2d": (lambda x: wf.avg_pool2d(x, 2, padding=1), (IMAGES,)),
    "avg_pool1d": (lambda x: wf.avg_pool1d(x, 4, stride=1), (ROWS,)),
    "upsample2d": (lambda x: wf.upsample2d(x, (2, 3)), (IMAGES,)),
    "upsample2d on lines": (lambda x: wf.upsample2d(x, (2, 3), mode="bilinear"), (IMAGES,)),
}


@pytest.mark.parametrize("name", SLIDING)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_plain_and_traced_give_the_same_bits(name: str, dtype: type) -> None:
    function, arrays = SLIDING[name]
    values = [x.astype(dtype) for x in arrays]
    plain = function(*values)
    (traced,) = evaluate(wk.trace(function, *values), values)
    assert plain.dtype == dtype
    assert same_bits(traced, plain)
    assert same_bits(wk.jit(function, engine="numpy")(*values), plain)
    # what lies otherwise in memory is the same images
    turned = [np.ascontiguousarray(x.T).T for x in values]
    np.testing.assert_allclose(function(*turned), plain, rtol=1e-5)


@pytest.mark.parametrize("name", SLIDING)
def test_gradients(name: str) -> None:
    function, arrays = SLIDING[name]

    def loss(*values: Any) -> Any:
        return np.sum(np.sin(function(*values)))

    graph = wk.trace(loss, *arrays)
    for k in range(len(arrays)):
        found = wk.grad(lambda v, k=k: loss(*arrays[:k], v, *arrays[k + 1 :]))(arrays[k])
        np.testing.assert_allclose(found, central_differences(graph, list(arrays), k), rtol=1e-6, atol=1e-8)


def test_one_operation_is_one_node() -> None:
    graph = wk.trace(lambda x, k: wf.conv2d(x, k, padding=1), IMAGES, KERNEL)
    assert [node.op.name for node in graph.nodes] == ["input", "input", "conv2d"]
    assert graph.outputs[0].scope == ()
    assert dict(graph.outputs[0].attributes) == {"padding": 1}
    assert wk.trace(lambda x: wf.max_pool2d(x, 2), IMAGES).nodes[-1].op.name == "max_pool2d"


# ── what they mean ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_convolution_is_the_correlation_of_scipy() -> None:
    found = wf.conv2d(IMAGES, KERNEL)
    for n, o in np.ndindex(2, 6):
        wanted = sum(scipy.signal.correlate(IMAGES[n, c], KERNEL[o, c], "valid") for c in range(4))
        np.testing.assert_allclose(found[n, o], wanted, rtol=1e-12)
    whole = wf.conv1d(ROWS, TAPS, padding=2)
    for n, o in np.ndindex(2, 4):
        wanted = sum(scipy.signal.correlate(ROWS[n, c], TAPS[o, c], "full") for c in range(3))
        np.testing.assert_allclose(whole[n, o], wanted, rtol=1e-12)


def test_a_transposed_convolution_is_the_transpose() -> None:
    how = {"stride": 2, "padding": ((1, 0), (2, 1)), "dilation": (2, 1), "groups": 2}
    x, kernel = IMAGES, KERNEL[:, :2]
    y = wf.conv2d(x, kernel, **how)
    back = RNG.normal(size=y.shape)
    found = wf.conv_transpose2d(back, kernel, size=x.shape[2:], **how)
    np.testing.assert_allclose(np.sum(found * x), np.sum(back * y), rtol=1e-12)
    np.testing.assert_allclose(
        wf.conv_transpose1d(ROWS, TAPS[:3])[0, 1],
        sum(np.convolve(ROWS[0, o], TAPS[o, 1]) for o in range(3)),
        rtol=1e-12,
    )


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("window", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [1, 4, 5, 7])
def test_same_padding_keeps_the_length_over_the_stride(length: int, window: int, stride: int) -> None:
    x, kernel = np.ones((1, 1, length)), np.ones((1, 1, window))
    assert wf.conv1d(x, kernel, stride, "same").shape[2] == -(-length // stride)
    assert wf.conv_transpose1d(x, kernel, stride, "same").shape[2] == length * stride
    if window > 1:
        assert wf.conv1d(x, kernel, 1, "same")[0, 0, 0] == min(window - (window - 1) // 2, length)


def test_a_causal_convolution_does_not_see_ahead() -> None:
    slope = wk.grad(lambda x: wf.conv1d(x, TAPS, padding=(2, 0))[0, 0, 4])(ROWS)
    assert np.all(slope[0, :, 2:5] != 0)
    assert not np.any(slope[0, :, 5:])


def test_pools_are_the_filters_of_scipy() -> None:
    largest = wf.max_pool2d(IMAGES, 3, stride=1, padding=1)
    np.testing.assert_array_equal(largest, scipy.ndimage.maximum_filter(IMAGES, (1, 1, 3, 3), mode="constant", cval=-9))
    mean = wf.avg_pool2d(IMAGES, 3, stride=1, padding="same")
    wanted = scipy.ndimage.uniform_filter(IMAGES, (1, 1, 3, 3), mode="constant")
    np.testing.assert_allclose(mean, wanted, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(wf.max_pool2d(IMAGES, IMAGES.shape[2:])[..., 0, 0], np.max(IMAGES, axis=(2, 3)))
    np.testing.assert_allclose(wf.avg_pool2d(IMAGES, IMAGES.shape[2:])[..., 0, 0], np.mean(IMAGES, axis=(2, 3)))


def test_the_first_of_equals_has_the_derivative() -> None:
    rows = np.array([[1.0, 1, 0, 0], [1, 1, 2, 2], [5, 4, 7, 8], [4, 5, 8, 8]])[None, None]
    slope = wk.grad(lambda x: np.sum(wf.max_pool2d(x, 2) * np.array([[1.0, 2], [3, 4]])))
    assert slope(rows).tolist() == [[[[1, 0, 0, 0], [0, 0, 2, 0], [3, 0, 0, 4], [0, 0, 0, 0]]]]
    # windows that overlap add up at a value that both have
    assert wk.grad(lambda x: np.sum(wf.max_pool1d(x, 2, stride=1)))(np.array([[[1.0, 3, 2]]])).tolist() == [[[0, 2, 0]]]
    nan = np.array([[[[1.0, np.nan], [np.nan, 2]]]])
    assert np.isnan(wf.max_pool2d(nan, 2)).all()
    assert slope_of_largest(nan).tolist() == [[[[0, 1], [0, 0]]]]
    assert slope_of_largest(np.full((1, 1, 2, 2), -np.inf)).tolist() == [[[[1, 0], [0, 0]]]]
    assert wk.jvp(lambda x: wf.max_pool2d(x, 2), (nan,), (np.arange(4.0).reshape(nan.shape),))[1].tolist() == [[[[1]]]]


def slope_of_largest(x: np.ndarray) -> np.ndarray:
    return wk.grad(lambda v: np.sum(wf.max_pool2d(v, 2)))(x)


def test_whole_numbers() -> None:
    whole = np.arange(8).reshape(1, 1, 2, 4)
    assert wf.max_pool2d(whole - 9, 2, padding=1).dtype == int
    assert wf.max_pool2d(whole - 9, 2, padding=1).tolist() == [[[[-9, -7, -6], [-5, -3, -2]]]]
    assert wf.avg_pool2d(whole, 2).tolist() == [[[[2.5, 4.5]]]]
    assert wf.conv2d(whole, np.ones((1, 1, 1, 2), int)).tolist() == [[[[1, 3, 5], [9, 11, 13]]]]
    np.testing.assert_array_equal(
        wk.jit(lambda x: wf.upsample2d(x, 2, "bilinear"))(whole), wf.upsample2d(whole, 2, "bilinear")
    )
    assert wf.conv1d([[[1.0, 2.0]]], [[[1.0, 1.0]]]).tolist() == [[[3.0]]]


def test_upsampling() -> None:
    np.testing.assert_array_equal(wf.upsample2d(IMAGES, (2, 3)), np.kron(IMAGES, np.ones((1, 1, 2, 3))))
    # a straight line stays one, but for the ends, where there is nothing beyond
    line = np.arange(5.0).reshape(1, 1, 5, 1)
    found = wf.upsample2d(line, (4, 1), mode="bilinear").ravel()
    np.testing.assert_allclose(found, np.clip((np.arange(20) + 0.5) / 4 - 0.5, 0, 4), rtol=1e-15)


# ── what fits ───────────────────────────────────────────────────────────────────────────────────────────────

X, K = np.zeros((2, 4, 7, 6)), np.zeros((6, 4, 3, 2))
WRONG: list[tuple[Callable[..., Any], type[Exception], tuple[str, ...]]] = [
    (lambda x, k: wf.conv2d(x[0], k), ShapeError, ("x has shape (4, 7, 6)", "4 axes", "x[None]")),
    (lambda x, k: wf.conv2d(x, k[0, 0]), ShapeError, ("kernel has shape (3, 2)", "4 axes")),
    (lambda x, k: wf.conv2d(x, k[:, :3]), ShapeError, ("4 channels", "for 3", "(2, 4, 7, 6)", "(6, 4, 3, 2)")),
    (lambda x, k: wf.conv2d(x, k[:, :2]), ShapeError, ("or groups=2",)),
    (lambda x, k: wf.conv2d(x, k, groups=4), ShapeError, ("4 channels and 6 kernels do not divide into 4 groups",)),
    (lambda x, k: wf.conv2d(x, k, groups=0), ShapeError, ("0 groups",)),
    (lambda x, k: wf.conv2d(x, k, dilation=4), ShapeError, ("kernel of length 9 does not fit", "padding=1")),
    (lambda x, k: wf.conv2d(x, k, stride=0), ArgumentError, ("stride=0 is not a whole number",)),
    (lambda x, k: wf.conv2d(x, k, stride=(1, 2, 3)), ArgumentError, ("stride=(1, 2, 3)", "2 of them")),
    (lambda x, k: wf.conv2d(x, k, stride=1.5), ArgumentError, ("stride=1.5",)),
    (lambda x, k: wf.conv2d(x, k, padding="full"), ArgumentError, ("padding='full'", "same", "valid")),
    (lambda x, k: wf.conv2d(x, k, padding=-1), ArgumentError, ("padding=-1",)),
    (lambda x, k: wf.conv2d(x, k, padding=(1, 2, 3)), ArgumentError, ("padding=(1, 2, 3)",)),
    (lambda x, k: wf.conv1d(x, k), ShapeError, ("x has shape (2, 4, 7, 6)", "3 axes")),
    (lambda x, k: wf.conv_transpose2d(x, k), ShapeError, ("has 4 channels, and there are 6 kernels",)),
    (
        lambda x, k: wf.conv_transpose2d(x, k[:4], stride=2, size=(18, 12)),
        ShapeError,
        ("(18, 12)", "(8, 6) windows", "not (7, 6)", "(15, 12) to (16, 13)"),
    ),
    (lambda x, k: wf.max_pool2d(x, 8), ShapeError, ("window of length 8 does not fit",)),
    (lambda x, k: wf.max_pool2d(x, 2, padding=2), ArgumentError, ("without a value",)),
    (lambda x, k: wf.avg_pool1d(x, 2), ShapeError, ("3 axes",)),
    (lambda x, k: wf.upsample2d(x, 0), ArgumentError, ("scale=0",)),
    (lambda x, k: wf.upsample2d(x, 2, "cubic"), ArgumentError, ("mode='cubic'", "bilinear")),
    (lambda x, k: wf.conv2d(x > 0, k > 0), DtypeError, ("bool",)),
]


@pytest.mark.parametrize(("function", "error", "words"), WRONG, ids=[words[0] for _, _, words in WRONG])
def test_what_does_not_fit_is_refused_in_a_trace_and_outside(
    function: Callable[..., Any], error: type[Exception], words: tuple[str, ...]
) -> None:
    for run in (function, lambda x, k: wk.trace(function, x, k)):
        with pytest.raises(error) as caught:
            run(X, K)
        for word in words:
            if word not in ("(6, 4, 3, 2)",):  # a part of the kernel has another shape
                assert word in str(caught.value)
        assert "Instead:" in str(caught.value)

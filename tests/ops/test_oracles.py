"""Convolution, pooling, upsampling, sums of products and sorting, and their gradients, against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workings as wk
from workings import functions as wf

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def agree(torch: Any, ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: np.ndarray) -> None:
    """Both give the same values, and the same gradients of a sum that treats no two of them alike."""
    tensors = [torch.tensor(x, requires_grad=True) for x in arrays]
    wanted = theirs(*tensors)
    weights = np.random.default_rng(3).uniform(0.5, 1.5, tuple(wanted.shape))
    found = wk.jit(ours)(*arrays)
    assert found.shape == weights.shape
    np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-10, atol=1e-11)
    (wanted * torch.tensor(weights)).sum().backward()
    for k, (x, tensor) in enumerate(zip(arrays, tensors, strict=True)):

        def loss(v: Any, k: int = k) -> Any:
            return np.sum(ours(*arrays[:k], v, *arrays[k + 1 :]) * weights)

        np.testing.assert_allclose(wk.grad(loss)(x), tensor.grad.numpy(), rtol=1e-9, atol=1e-10)


@st.composite
def slidings(draw: Any) -> dict[str, Any]:
    """How a kernel slides over images that it fits on."""

    def two(low: int, high: int) -> tuple[int, int]:
        return draw(st.integers(low, high)), draw(st.integers(low, high))

    window, dilation, padding, stride = two(1, 3), two(1, 2), two(0, 2), two(1, 3)
    room = [max(d * (k - 1) + 1 - 2 * p, 1) for k, d, p in zip(window, dilation, padding, strict=True)]
    return {
        "size": tuple(n + extra for n, extra in zip(room, two(0, 4), strict=True)),
        "window": window,
        "groups": draw(st.integers(1, 3)),
        "channels": two(1, 2),
        "images": draw(st.integers(1, 2)),
        "how": {"stride": stride, "padding": padding, "dilation": dilation},
        "seed": draw(st.integers(0, 999)),
    }


@settings(max_examples=150)
@given(at=slidings())
def test_conv2d(torch: Any, at: dict[str, Any]) -> None:
    rng, groups = np.random.default_rng(at["seed"]), at["groups"]
    c, o = at["channels"]
    x = rng.normal(size=(at["images"], c * groups, *at["size"]))
    kernel = rng.normal(size=(o * groups, c, *at["window"]))
    how = {**at["how"], "groups": groups}
    agree(
        torch,
        lambda x, k: wf.conv2d(x, k, **how),
        lambda x, k: torch.nn.functional.conv2d(x, k, **how),
        x,
        kernel,
    )


@settings(max_examples=150)
@given(at=slidings(), more=st.tuples(st.integers(0, 2), st.integers(0, 2)))
def test_conv_transpose2d(torch: Any, at: dict[str, Any], more: tuple[int, int]) -> None:
    rng, groups, how = np.random.default_rng(at["seed"]), at["groups"], at["how"]
    o, c = at["channels"]
    extra = tuple(min(m, s - 1) for m, s in zip(more, how["stride"], strict=True))
    along = zip(at["size"], at["window"], how["stride"], how["padding"], how["dilation"], extra, strict=True)
    size = tuple(s * (n - 1) + d * (k - 1) + 1 - 2 * p + e for n, k, s, p, d, e in along)
    if min(size) < 1:
        return  # all of it would be cut off
    x = rng.normal(size=(at["images"], o * groups, *at["size"]))
    kernel = rng.normal(size=(o * groups, c, *at["window"]))
    agree(
        torch,
        lambda x, k: wf.conv_transpose2d(x, k, groups=groups, size=size, **how),
        lambda x, k: torch.nn.functional.conv_transpose2d(x, k, groups=groups, output_padding=extra, **how),
        x,
        kernel,
    )


@pytest.mark.parametrize("how", [{}, {"padding": "same", "dilation": 2}, {"stride": 2, "padding": 3}])
def test_one_dimension(torch: Any, how: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    x, kernel = rng.normal(size=(2, 3, 9)), rng.normal(size=(4, 3, 4))
    agree(
        torch,
        lambda x, k: wf.conv1d(x, k, **how),
        lambda x, k: torch.nn.functional.conv1d(x, k, **how),
        x,
        kernel,
    )
    if how.get("padding") != "same":
        agree(
            torch,
            lambda x, k: wf.conv_transpose1d(x, k, **how),
            lambda x, k: torch.nn.functional.conv_transpose1d(x, k, **how),
            x,
            kernel[:3],
        )
    pools = {"kernel_size": 3, "stride": 2, "padding": 1}
    agree(torch, lambda x: wf.max_pool1d(x, 3, 2, 1), lambda x: torch.nn.functional.max_pool1d(x, **pools), x)
    agree(torch, lambda x: wf.avg_pool1d(x, 3, 2, 1), lambda x: torch.nn.functional.avg_pool1d(x, **pools), x)


@settings(max_examples=100)
@given(
    window=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 1),
    size=st.tuples(st.integers(3, 6), st.integers(3, 6)),
    seed=st.integers(0, 999),
    ties=st.booleans(),
)
def test_pools(torch: Any, window: Any, stride: int, padding: int, size: Any, seed: int, ties: bool) -> None:
    padding = min(padding, *(k // 2 for k in window))
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 2, *size))
    if ties:
        x = np.rint(x)  # of equals both take the first
    functional = torch.nn.functional
    agree(
        torch,
        lambda v: wf.max_pool2d(v, window, stride, padding),
        lambda v: functional.max_pool2d(v, window, stride, padding),
        x,
    )
    agree(
        torch,
        lambda v: wf.avg_pool2d(v, window, stride, padding),
        lambda v: functional.avg_pool2d(v, window, stride, padding),
        x,
    )


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_upsampling(torch: Any, scale: int) -> None:
    x = np.random.default_rng(2).normal(size=(2, 3, 4, 5))
    for mode, more in (("nearest", {}), ("bilinear", {"align_corners": False})):
        agree(
            torch,
            lambda v, m=mode: wf.upsample2d(v, scale, m),
            lambda v, m=mode, more=more: torch.nn.functional.interpolate(v, scale_factor=scale, mode=m, **more),
            x,
        )


SUMS = ["ij,jk->ik", "ii->i", "ii", "ii,ij->j", "bhid,bhjd->bhij", "ij,k->k", "i,j,k->kji", "ij,jk,kl->il", "ij->"]
SUMS += ["iji->j", "...ij,...jk->...ik"]


@pytest.mark.parametrize("subscripts", SUMS)
def test_einsum(torch: Any, subscripts: str) -> None:
    lengths = dict(zip("ijklbhd", (3, 2, 4, 2, 2, 2, 3), strict=True))
    rng = np.random.default_rng(7)
    terms = subscripts.split("->")[0].split(",")
    arrays = [rng.normal(size=[lengths[c] for c in term.replace("...", "bh")]) for term in terms]
    agree(torch, lambda *xs: np.einsum(subscripts, *xs), lambda *xs: torch.einsum(subscripts, *xs), *arrays)


def test_order(torch: Any) -> None:
    x = np.random.default_rng(8).normal(size=(3, 5))
    at = np.random.default_rng(9).integers(0, 5, (3, 7))
    agree(torch, lambda v: np.sort(v, axis=0), lambda v: torch.sort(v, dim=0).values, x)
    agree(torch, lambda v: wf.top_k(v, 2)[0], lambda v: torch.topk(v, 2).values, x)
    agree(torch, lambda v: np.take_along_axis(v, at, 1), lambda v: torch.gather(v, 1, torch.tensor(at)), x)
    for mode in ("reflect", "replicate", "constant"):
        ours = {"replicate": "edge"}.get(mode, mode)
        agree(
            torch,
            lambda v, m=ours: np.pad(v, ((0, 0), (2, 1)), m),
            lambda v, m=mode: torch.nn.functional.pad(v, (2, 1), mode=m),
            x,
        )

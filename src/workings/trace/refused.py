"""What is refused, and what to write instead: by the name of the function, or of the array's method."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workings.trace.source import Called

__all__ = ["FIXES", "METHOD_FIXES", "NUMBER_FIXES", "array_fix"]

FIXES: dict[str, str] = {
    "array": "np.stack([a, b])",
    "full_like": "np.broadcast_to(t, x.shape)",
    "full": "np.broadcast_to(t, shape)",
    "empty_like": "np.zeros_like",
    "linspace": "start + (stop - start) * np.linspace(0, 1, n)",
    "geomspace": "start * (stop / start) ** np.linspace(0, 1, n)",
    "polyval": "a loop: y = y * x + c for each coefficient",
    "meshgrid": "x[None, :] and y[:, None]",
    "ix_": "x[rows[:, None], columns]",
    "block": "np.concatenate",
    "dstack": "np.stack([a, b], axis=-1)",
    "rot90": "np.flip and np.transpose",
    "fliplr": "np.flip(x, axis=1)",
    "flipud": "np.flip(x, axis=0)",
    "gradient": "np.diff",
    "trapezoid": "np.sum((y[1:] + y[:-1]) / 2 * np.diff(x))",
    "convolve": "workings.functions.conv1d, or a sum over shifted slices",
    "correlate": "workings.functions.conv1d, or a sum over shifted slices",
    "cov": "c = x - np.mean(x, axis=1, keepdims=True), then c @ c.T / (n - 1)",
    "corrcoef": "c = x - np.mean(x, axis=1, keepdims=True), then c @ c.T, divided by both norms",
    "fft": "a product with a plain matrix of cosines and sines",
    "unwrap": "compute it outside the traced function",
    "sliding_window_view": "x[np.arange(n)[:, None] + np.arange(width)]",
    "array_str": "print(x)",
    "array_repr": "print(x)",
    "array2string": "print(x)",
    "min_scalar_type": "x.dtype",
    "shares_memory": "nothing; a traced value has no memory",
    "may_share_memory": "nothing; a traced value has no memory",
    "in1d": "np.any(x[:, None] == values, axis=1)",
    "isin": "np.any(x[:, None] == values, axis=1)",
    "lexsort": "np.argsort",
    "eig": "compute it outside the traced function",
    "eigh": "compute it outside the traced function",
    "svd": "compute it outside the traced function",
    "qr": "compute it outside the traced function",
    "cholesky": "compute it outside the traced function",
    "lstsq": "compute it outside the traced function",
    "pinv": "compute it outside the traced function",
    "slogdet": "an explicit formula",
    "matrix_power": "x @ x @ x",
    "multi_dot": "a @ b @ c",
    "gammaln": "compute it outside the traced function",
    "signbit": "x < 0",
    "ldexp": "x * 2.0 ** n",
    "frexp": "np.log2",
    "nextafter": "compute it outside the traced function",
    "spacing": "np.finfo(x.dtype).eps * np.abs(x)",
    "gcd": "compute it outside the traced function",
    "lcm": "compute it outside the traced function",
    "put": "np.where(mask, new, old)",
    "place": "np.where(mask, new, old)",
    "putmask": "np.where(mask, new, old)",
    "copyto": "y = x, or np.where(mask, new, old)",
    "fill_diagonal": "np.where(np.eye(n, dtype=bool), new, old)",
    "fmax": "np.maximum",
    "fmin": "np.minimum",
    "heaviside": "np.where(x > 0, 1.0, 0.0)",
    "sinc": "np.sin(np.pi * x) / (np.pi * x)",
    "float_power": "np.power, or **",
    "divmod": "np.floor_divide and np.remainder",
    "modf": "np.trunc(x), and x - np.trunc(x)",
    "fmod": "np.remainder, or x - np.trunc(x / y) * y",
    "logaddexp2": "np.logaddexp",
    "cbrt": "np.sign(x) * np.abs(x) ** (1 / 3)",
    "copysign": "np.sign(y) * np.abs(x)",
    "kron": "a product of reshaped inputs",
    "cross": "products of slices",
    "partition": "np.sort(x)",
    "median": "np.mean, or np.sort(x)[n // 2] for an odd n",
    "percentile": "np.sort(x), and an element of it",
    "quantile": "np.sort(x), and an element of it",
    "unique": "its result has a length that depends on values; compute it outside and pass it",
    "nonzero": "its result has a length that depends on values; np.where(condition, a, b)",
    "flatnonzero": "its result has a length that depends on values; np.where(condition, a, b)",
    "argwhere": "its result has a length that depends on values; np.where(condition, a, b)",
    "extract": "its result has a length that depends on values; np.where(condition, a, b)",
    "compress": "its result has a length that depends on values; np.where(condition, a, b)",
    "searchsorted": "np.sum(x[:, None] > edges, axis=1)",
    "digitize": "np.sum(x[:, None] > edges, axis=1)",
    "histogram": "compute it outside the traced function",
    "bincount": "compute it outside the traced function",
    "interp": "np.where and arithmetic",
    "allclose": "np.all(np.abs(a - b) < tolerance)",
    "isclose": "np.abs(a - b) < tolerance",
    "array_equal": "np.all(a == b)",
    "nansum": "np.sum(np.where(np.isnan(x), 0, x))",
    "nanmean": "np.where(np.isnan(x), 0, x) and a count",
    "nanmax": "np.max(np.where(np.isnan(x), -np.inf, x))",
    "nanmin": "np.min(np.where(np.isnan(x), np.inf, x))",
    "cumprod": "np.exp(np.cumsum(np.log(x))) for positive x",
    "ptp": "np.max(x) - np.min(x)",
    "append": "np.concatenate([a, b])",
    "insert": "np.concatenate([a[:i], b, a[i:]])",
    "delete": "np.concatenate([x[:i], x[i + 1:]])",
    "apply_along_axis": "the function on the whole array, with axis=",
    "vectorize": "the function on the whole array",
    "piecewise": "np.where(condition, a, b)",
    "select": "np.where, one inside the other",
    "choose": "np.where(condition, a, b)",
    "diag": "x * np.eye(n), or np.sum(x * np.eye(n), axis=1)",
    "inv": "an explicit formula, or solve outside the traced function",
    "solve": "an explicit formula, or solve outside the traced function",
    "det": "an explicit formula",
    "save": "run first, and save the numbers",
    "softmax": "workings.functions.softmax",
    "ndtr": "0.5 * (1 + workings.functions.erf(x / 2 ** 0.5))",
    "xlogy": "x * np.log(y)",
    "erfc": "1 - workings.functions.erf(x)",
}

METHOD_FIXES: dict[str, str] = {
    "item": "the value itself; its number is not known while tracing",
    "tolist": "the value itself; its numbers are not known while tracing",
    "tobytes": "the value itself; its numbers are not known while tracing",
    "fill": "np.full_like(x, value)",
    "sort": "np.sort(x)",
    "put": "np.where(mask, new, old)",
    "itemset": "np.where(mask, new, old)",
    "resize": "np.reshape",
    "nonzero": "np.where(condition, a, b)",
    "view": ".reshape for a shape, .astype for a dtype",
    "flat": ".ravel()",
    "imag": "real numbers only",
    "cumprod": "np.exp(np.cumsum(np.log(x))) for positive x",
    "setflags": "nothing; a traced value is never written to",
    "compress": "np.where(condition, a, b)",
    "choose": "np.where(condition, a, b)",
    "searchsorted": "np.sum(x[:, None] > edges, axis=1)",
    "partition": "np.sort(x)",
    "ptp": "np.max(x) - np.min(x)",
    "data": "the value itself; it has no memory while tracing",
    "ctypes": "the value itself; it has no memory while tracing",
    "strides": "x.shape; a traced value has no memory",
    "flags": "x.shape; a traced value has no memory",
    "base": "the value itself; a traced value has no memory",
}

_SAME_IN_MATH = "sqrt exp exp2 expm1 log log1p log2 log10 sin cos tan sinh cosh tanh hypot"
_ARCS = "sin cos tan sinh cosh tanh"
# what asks for a number: by the name of what the line calls
NUMBER_FIXES: dict[str, str] = {
    **{name: f"np.{name}" for name in _SAME_IN_MATH.split()},
    **{f"a{name}": f"np.arc{name}" for name in _ARCS.split()},
    "atan2": "np.arctan2",
    "pow": "np.power, or **",
    "fabs": "np.abs",
    "fsum": "np.sum",
    "erf": "workings.functions.erf",
    "floor": "np.floor",
    "ceil": "np.ceil",
    "trunc": "np.trunc",
    "fmod": "np.remainder",
    "isnan": "np.isnan",
    "isinf": "np.isinf",
    "isfinite": "np.isfinite",
    "isclose": "np.abs(a - b) < tolerance",
    "float": "the value itself, or x.astype(float)",
    "int": "x.astype(int)",
    "bool": "the condition itself, in np.where(condition, a, b)",
    "complex": "real numbers only",
    "round": "np.rint",
    "max": "np.maximum(a, b), or np.max(x)",
    "min": "np.minimum(a, b), or np.min(x)",
    "any": "np.any",
    "all": "np.all",
    "sorted": "np.sort",
    "range": "a plain int from outside, as in `lambda x: f(x, 3)`",
    "fromiter": "np.stack([…])",
    "arange": "np.arange(n) * step + start, with a plain n",
    "linspace": "start + (stop - start) * np.linspace(0, 1, n)",
    "zeros": "a plain shape, as x.shape is",
    "ones": "a plain shape, as x.shape is",
    "reshape": "a plain shape, as x.shape is",
}

_DRAWN = "numbers drawn outside and passed as an argument: mean + scale * noise"
# what wants a plain array: by the name of what the line calls
_ARRAY_FIXES: dict[str, str] = {
    "dot": "A @ {x}",
    "full": "np.broadcast_to({x}, shape)",
    "fill_diagonal": "np.where(np.eye(n, dtype=bool), new, old)",
    "take": "workings.functions.take(table, {x})",
    "choose": "workings.functions.take(table, {x})",
    "roll": "a plain shift",
    "sum": "np.sum(np.stack([a, b])), or a + b",
    "mean": "np.mean(np.stack([a, b]))",
    "max": "np.max(np.stack([a, b])), or np.maximum(a, b)",
    "min": "np.min(np.stack([a, b])), or np.minimum(a, b)",
    "reduce": "np.max, np.min, np.sum or np.prod of np.stack([a, b])",
    "arange": "np.arange(n) * step + start, with a plain n",
    "vectorize": "the function on the whole array",
    "softmax": "workings.functions.softmax",
    "log_softmax": "workings.functions.log_softmax",
    "logsumexp": "workings.functions.logsumexp",
    "append": "np.concatenate([a, b])",
    **dict.fromkeys(("normal", "uniform", "gauss", "choice", "permutation", "binomial", "poisson"), _DRAWN),
    **dict.fromkeys(("float64", "float32", "float16", "int64", "int32", "bool_"), "{x}.astype(dtype)"),
}
_AS_ARRAY = frozenset({"array", "asarray", "asanyarray", "ascontiguousarray", "asfarray", "require", "matrix"})


def array_fix(call: Called | None, name: str) -> tuple[str, str]:
    """Who wants a plain array of a traced value, and what to write instead; `call` is what the user's line does."""
    if call is None or not call.name:
        return (
            "np.array, np.asarray, np.full, a method or index of a plain array, or a function of another library",
            "np.stack([a, b]) for np.array([a, b]), A @ t for A.dot(t), "
            "workings.functions.take(table, t) for table[t], and t itself for np.asarray(t)",
        )
    if call.kind == "index":
        joined = {"r_": "np.concatenate([a, b])", "c_": "np.column_stack([a, b])"}
        return f"{call.spelled}[…]", joined.get(call.name, f"workings.functions.take({call.spelled}, {name})")
    if call.kind == "write":
        return f"writing into {call.spelled}", "np.where(mask, new, old), np.concatenate or np.stack make a new array"
    if call.name in _AS_ARRAY:
        stacked = "np.stack([a, b]), which joins values along a new axis"
        return f"{call.spelled}()", stacked if call.of else f"{name} itself, which is an array already"
    fix = _ARRAY_FIXES.get(call.name) or FIXES.get(call.name) or ("np.stack([a, b]) for the list" if call.of else None)
    return f"{call.spelled}()", (fix or "the functions of NumPy, as np.tanh, or of workings.functions").format(x=name)

"""Arrays: indexing, writing, dtypes, kinds of arrays, methods and attributes."""

import copy
import pickle
from collections.abc import Container, Iterable, Sequence, Sized
from numbers import Number, Real

import numpy as np

from tests.trace.rows import I, M, S, Table, V
from workings import ArgumentError, DtypeError, MutationError, NumberNeededError, RefusedError, ShapeError
from workings import functions as wf

TABLE = Table()
same, refused = TABLE.same, TABLE.refused

X32 = V.astype(np.float32)
IMAGE = np.array([[0, 128, 255], [7, 200, 31]], dtype=np.uint8)
MASK = np.array([True, False, True])
BUFFER = np.zeros(3)
CUBE = np.arange(24.0).reshape(2, 3, 4)

# ── indexing ──


@same(V, M)
def plain_indices(x, m):
    rows = x[0], x[-1], x[1:], x[::-1], x[::2], m[0], m[:, 1], m[-1, -2], m[..., 0], m[None, ..., None], x[np.newaxis]
    return (*rows, x[()], m[1:, :2], m[:, ::-1], m[np.int64(1)], x[5:], x[:-10], x[1:10], m[0, 1:][::-1])


@same(V, M)
def fancy_indices(x, m):
    pairs = m[[0, 1, 1], [2, 0, 0]], m[:, [2, 0]], m[np.array([1, 0])], x[[0, 0, 2]], x[[-1, -3]], x[[]]
    return (*pairs, m[np.array([[0], [1]]), np.array([[0, 2]])], m[1, [0, 2]], m[[0, 1], None], x[np.array([1])[0]])


@same(CUBE)
def fancy_indices_apart(x):
    return x[[0, 1], :, [3, 2]], x[:, [0, 1], [1, 0]], x[0, :, [1, 2]], x[..., [3, 0]], x[[1], ..., 0]


@same(V, M)
def constant_masks(x, m):
    return x[MASK], m[:, MASK], m[np.array([True, False])], m[m.shape[0] * [True]], x[~MASK], x[[True, False, False]]


@same(M, I)
def traced_places(m, i):
    return m[:, i], m[0, i], m[np.array([0, 1, 1]), i], m.T[i], m[0][i[0]]


@same(M, I)
def traced_places_negative(m, i):
    return m[:, -i], wf.take(m, i, axis=1), np.take(m, i, axis=-1)


@refused(RefusedError, "mask", "np.where(mask, x, 0)")
def traced_mask(x):
    return x[x > 0]  # here


@refused(RefusedError, "mask")
def traced_mask_by_name(x):
    positive = x > 0
    return x[positive].sum()  # here


@refused(DtypeError, "whole numbers", ".astype(int)")
def float_places(x):
    return x[x]  # here


@refused(NumberNeededError, "an int, or a slice")
def float_index(x):
    return x[1.0]  # here


@refused(NumberNeededError, "no whole number")
def string_index(x):
    return x["a"]  # here


@refused(NumberNeededError, "the traced bound last", "np.arange(n) < bound")
def slice_to_a_traced_bound(x):
    last = np.argmax(x)
    return x[:last]  # here


@refused(ShapeError, "index 3 is out of range", "from -3 to 2")
def index_out_of_range(x):
    return x[3]  # here


@refused(ShapeError, "index -4 is out of range")
def negative_index_out_of_range(x):
    return x[-4]  # here


@refused(ShapeError, "index 7")
def list_index_out_of_range(x):
    return x[[0, 7]]  # here


@refused(ShapeError, "names 2 axes")
def too_many_indices(x):
    return x[0, 1]  # here


@refused(ShapeError, "the mask has shape (3,)", arguments=(M,))
def mask_of_another_shape(m):
    return m[MASK]  # here


@refused(RefusedError, "x[None]")
def index_true(x):
    return x[True]  # here


@refused(RefusedError, "np.stack([i, j])")
def list_of_traced_places(x):
    return x[[np.argmax(x), np.argmin(x)]]  # here


@same(V)
def index_errors_are_those_of_python(x):
    try:
        return x[9]
    except IndexError:
        return x * 2


# ── writing ──


@refused(MutationError, "np.where(mask, new, old)")
def assign_an_element(x):
    h = x * 2
    h[0] = 1.0  # here
    return h


@refused(MutationError, "np.where")
def assign_by_a_mask(x):
    h = np.tanh(x)
    h[h < 0] = 0  # here
    return h


@refused(MutationError, "writes into x")
def assign_all(x):
    x[...] = 0.0  # here
    return x


@refused(MutationError, "writes into x")
def add_to_an_element(x):
    x[0] += 1.0  # here
    return x


@refused(MutationError, "h = h + …")
def add_in_place(x):
    h = x * 1.0
    h += x  # here
    return h


@refused(MutationError, "x = x * …")
def multiply_in_place_through_an_alias(x):
    y = x
    y *= 2  # here
    return x + y


@refused(MutationError, "@=", arguments=(M @ M.T,))
def matmul_in_place(m):
    m @= m  # here
    return m


@refused(MutationError, "//=")
def floor_divide_in_place(x):
    x //= 2  # here
    return x


@refused(MutationError, "+=", arguments=(np.array(0.5),))
def add_in_place_to_an_array_without_axes(x):
    y = x
    y += 1.0  # here
    return x * y


@same(S)
def add_in_place_to_a_scalar(s):
    t = s
    t += 1.0
    t *= s
    t -= 0.5
    t /= 2
    t **= 2
    return s * t


@same(V)
def in_place_on_a_sum(x):
    total = x.sum()
    total += 1.0
    total **= 3
    return total * x


@refused(RefusedError, "a = a + t in place of a += t")
def add_in_place_to_a_plain_array(x):
    total = np.zeros(3)
    total += x  # here
    return total


@refused(MutationError, "BUFFER", "np.stack")
def assign_into_a_plain_array(x):
    BUFFER[0] = x[0]  # here
    return BUFFER * 2.0


@refused(MutationError, "out", "np.stack")
def fill_a_plain_array_in_a_loop(x):
    out = np.empty(3)
    for i in range(3):
        out[i] = x[i] * 2  # here
    return out


@refused(RefusedError, ".fill()", "np.full_like")
def fill(x):
    x.fill(0.0)  # here
    return x


@refused(MutationError, "shape", "np.reshape")
def set_the_shape(x):
    x.shape = (3, 1)  # here
    return x


@refused(MutationError, "deletes")
def delete(x):
    del x[0]  # here
    return x


@refused(RefusedError, ".resize()")
def resize(x):
    x.resize(6)  # here
    return x


@same(V)
def plain_arrays_may_be_written(x):
    scale = np.ones(3)
    scale[1] = 5.0
    y = x * scale
    scale[1] = 7.0  # after its use: the value used stays 5
    return y + x * scale


# ── dtypes ──


@same(V)
def numpy_scalars_on_the_left(x):
    return np.float64(2) * x, np.float32(2) * x, np.float64(2) - x[0], np.float64(2) ** x, np.int64(3) / x


@same(X32)
def python_numbers_are_weak(x):
    return x * 2, x * 0.1, 1 / x, x**2, x**0.5 * 1, True + x, x - np.float32(1), x < 2.5, np.where(x > 0, x, 0.0)


@same(X32, 0.1, 3)
def python_arguments_are_weak(x, rate, times):
    step = rate * 2 + 1
    return x * rate, x - step * x, x * times, np.maximum(x, rate), x * abs(rate), rate * rate


@same(X32, 0.25)
def python_arguments_are_strong_behind_a_function(x, rate):
    return np.sqrt(rate) * x, np.exp(rate), x * (rate**0.5)


@same(np.array([2, 3, 2**40]), X32, MASK)
def powers_of_two_of_every_kind(n, x, c):
    one = n**2, n**2.0, n ** np.float64(2), n ** np.int64(2), np.power(n, 2), np.power(n, 2.0)
    two = x**2, x**2.0, x ** np.float64(2), x ** np.int64(2), np.power(x, 2), np.power(x, np.float64(2))
    return (*one, *two, c**2, c**2.0, np.power(c, 2), n[0] ** 2.0, x[0] ** np.float64(2), c[0] ** 2)


@same(X32, 1.5, 2)
def python_numbers_where_numpy_makes_arrays_of_them(x, s, n):
    one = np.stack([x[0], 1.5]), np.stack([x[0], s]), np.dot(x, 2.0), np.dot(s, x), np.inner(x, n)
    two = np.clip(s, x, 4.0), np.clip(2.0, x, None), np.clip(x, 0.5, s), np.hstack([x, s]), np.outer(x, s)
    three = np.concatenate([x, 1.5], axis=None), np.concatenate([s, x, n], axis=None), np.where(x > 0, x, s)
    return (*one, *two, *three, np.concatenate([x, [1.5]], axis=None), np.concatenate([s, n], axis=None))


@same(X32, 2.0, 1, np.array([1, 0], np.int8))
def what_says_where_has_no_part_in_the_dtype(x, s, i, places):
    by = np.where(s > 1, x, 2.0), np.where(s, x, x), np.where(s > 1, s, 2.0), np.where(s > i, 1, 2.5)
    return (*by, x[i], np.take(x, i), x[places], x[None, i] * s, np.where(x > 1, s, i) * x)


@same(IMAGE, 300, -1)
def whole_numbers_that_do_not_fit(x, large, below):
    one = x == 300, x != 300, x > -1, x <= 2**63, x >= 2**70, x < -(2**70), x / -1, x / 300, 300 / x
    return (*one, x == large, x > below, x / below, large / x, x[0, 0] > -1, x.astype(np.uint64) > -1, x % 7 == 0)


@same(IMAGE)
def images(x):
    return x / 255, x * 2, x + x, x.astype(np.float32) / 255, x > 127, x.mean(), x.sum(), -x, x // 2, np.sqrt(x)


@refused(DtypeError, "300 does not fit uint8", "astype", arguments=(IMAGE,))
def images_times_a_large_number(x):
    return x * 300  # here


@same(np.arange(6), X32[:2])
def whole_numbers(n, x):
    return n * 2, n / 2, n // 4, n % 4, n**2, n * 0.5, np.sqrt(n), n.mean(), n.sum(), -n, abs(n), n[:2] * x, n > 2


@same(MASK, V)
def conditions(c, x):
    both = (x > 0) & (x < 1), (x > 0) | c, c ^ (x > 0), ~c, c & MASK, np.logical_and(c, x), np.logical_not(x)
    return (*both, c * x, c + c, c.sum(), c.mean(), c.any(), c.all(), np.where(c, x, -x), x * (x > 0))


@refused(DtypeError, "& | ^ ~ join conditions", "brackets")
def bits_of_floats(x):
    return x & 1  # here


@refused(DtypeError, "0.5 is neither", arguments=(I,))
def bits_of_a_fraction(i):
    return i | 0.5  # here


@refused(DtypeError, "left_shift cannot take these dtypes")
def shifts_of_floats(x):
    return x << 1  # here


@same(I, np.uint8([1, 127, 255]), MASK)
def bits(i, u, c):
    by_sign = i & 3, 3 & i, i | u, i ^ u, ~i, ~u, i << 2, 2 << i, u >> i, -i >> 1, i & c, c | i, c << i
    by_name = np.bitwise_and(i, 1), np.bitwise_or(u, i), np.bitwise_xor(c, i), np.invert(u)
    return *by_sign, *by_name, np.left_shift(u, 1), np.right_shift(i, u)


@same(np.uint32(2**32 - 1), np.int64(-7), 5)
def bits_of_scalars(u, i, n):
    u >>= 3
    i <<= 1
    n ^= 3
    return u, i, n, ~u, u << 31, (u & 255) | n, i & n, n << 2, ~n


@refused(MutationError, "<<= writes into the array i", arguments=(I,))
def shifts_in_place(i):
    i <<= 1  # here
    return i


@same(np.uint32([1, 2**31, 2**32 - 1]))
def unsigned_numbers_wrap_around(u):
    return u + u, u * 3, u - 2, u * u, -u, u << 1, u**2, u + np.uint32(7)


@same(V)
def astypes(x):
    return x.astype(np.float32), x.astype("float32"), x.astype(int), x.astype(bool), x.astype(float), x.astype(x.dtype)


@refused(DtypeError, "complex128")
def astype_complex(x):
    return x.astype(complex)  # here


@same(X32)
def dtype_answers(x):
    eps = np.finfo(x.dtype).eps
    wide = np.result_type(x, np.float64)
    return x + eps, x.astype(wide), x * x.dtype.type(0.5), x * (x.dtype == np.float32)


# ── kinds of arrays ──


@refused(ArgumentError, "MaskedArray", "np.asarray(x)", arguments=(np.ma.masked_less(V, 0),), place=False)
def given_a_masked_array(x):
    return x.sum()


@refused(ArgumentError, "matrix", arguments=(M.view(np.matrix),), place=False)
def given_a_matrix(x):
    return x * x.T


@refused(ArgumentError, "complex128", "real", arguments=(V + 1j,), place=False)
def given_complex_numbers(x):
    return abs(x)


@refused(ArgumentError, "<U1", arguments=(np.array(["a", "b"]),), place=False)
def given_strings(x):
    return x == "a"


@refused(ArgumentError, "object", arguments=(np.array([1, None]),), place=False)
def given_objects(x):
    return x


@refused(ArgumentError, "is no real number", arguments=(np.zeros(2, [("a", float)]),), place=False)
def given_a_structured_array(x):
    return x["a"]


@refused(DtypeError, "'relu'", "no number")
def compared_with_a_string(x):
    return x * (x == "relu")  # here


@refused(DtypeError, "None", "no number")
def compared_with_none(x):
    return x * (x == None)  # noqa: E711  # here


@same(np.array(0.5), S)
def arrays_without_axes(x, s):
    return x * 2, x + s, np.sum(x), x.reshape(1), x[None], x[()], np.tanh(x), x.T, x.astype(np.float32)


@same(np.zeros((0, 3)))
def empty_arrays(x):
    return x.sum(), x.sum(axis=0), x * 2, x.T, np.concatenate([x, x]), x.reshape(3, 0), x @ np.ones((3, 2)), x.prod()


@refused(ShapeError, "max of nothing", arguments=(np.zeros((0, 3)),))
def max_of_nothing(x):
    return x.max()  # here


@same(np.asfortranarray(M))
def memory_in_another_order(m):
    return m * 2, m.sum(0), m.T.ravel(), m.reshape(-1)


# ── methods and attributes ──


@same(M)
def methods(m):
    one = m.T, m.reshape(3, 2), m.reshape((3, -1)), m.ravel(), m.flatten(), m.transpose(), m.transpose(1, 0), m.copy()
    two = m.swapaxes(0, 1), m[None].squeeze(), m.argmax(1), m.argmin(), m.cumsum(1), m.round(), m.clip(0, 1)
    three = m.repeat(2), m.mean(1), m.std(1), m.any(), m.dot(m.T), m.trace(), m.cumsum(), m.prod(0)
    return (*one, *two, *three, m.min(1, keepdims=True))


@same(M)
def attributes(m):
    rows, columns = m.shape
    return m * rows + columns * m.size - m.ndim, m / m.itemsize, m * m.nbytes


@refused(RefusedError, ".item()", "number")
def item(x):
    return x * x[0].item()  # here


@refused(RefusedError, ".tolist()")
def tolist(x):
    return sum(x.tolist())  # here


@refused(RefusedError, ".flat", ".ravel()")
def flat(x):
    return sum(x.flat)  # here


@refused(RefusedError, ".view()")
def view(x):
    return x.view(np.int64)  # here


@refused(RefusedError, ".base")
def base(x):
    return x if x.base is None else x * 2  # here


@same(V)
def hasattr_answers_as_for_an_array(x):
    return x * (1 + hasattr(x, "sort") + 2 * hasattr(x, "detach") + 4 * hasattr(x, "mean") + 8 * hasattr(x, "cpu"))


@same(V)
def copies(x):
    return copy.copy(x) * copy.deepcopy([x, 2.0])[0] * x.copy() * np.copy(x)


@refused(RefusedError, "pickled")
def pickled(x):
    return pickle.loads(pickle.dumps(x))  # here


@same(V)
def instance_checks(x):
    if isinstance(x, np.ndarray):
        y = x * 2
    else:
        y = x * 3
    scale = 5.0 if isinstance(x[0], np.floating) and isinstance(x[0], float) else 7.0
    return y * scale * np.isscalar(x[0]) * (1 + np.isscalar(x))


@same(0.5, 2)
def instance_checks_of_python_numbers(x, n):
    return x * (2 if isinstance(x, float) else 3) * (5 if isinstance(n, int) else 7) * (1 + isinstance(x, np.ndarray))


@same(S)
def instance_checks_of_numpy_numbers(s):
    return s * (2 if isinstance(s, np.float64) else 3) * (5 if isinstance(s, np.ndarray) else 7)


def _nature(x):
    """What the code may ask to learn whether it has an array, a scalar of NumPy or a number of Python."""
    names = ("shape", "ndim", "dtype", "size", "T", "__len__", "__iter__", "__getitem__", "mean", "real", "is_integer")
    kinds = Iterable, Sized, Container, Sequence, Number, Real, np.generic, np.ndarray, float, int
    return (*(hasattr(x, n) for n in names), *(isinstance(x, k) for k in kinds), np.isscalar(x), np.shape(x) == ())


def _iterable(x):
    try:
        iter(x)
    except TypeError:
        return False
    return True


@same(V, np.array(0.5), S, 0.5, 2, np.float32(0.5), np.int64(3))
def what_it_is(array, without_axes, s, x, n, s32, n64):
    values = array, without_axes, s, x, n, s32, n64
    asked = [_nature(x) for x in values]
    weights = [sum(2.0**i for i, answer in enumerate(answers) if answer) for answers in asked]
    return [x * weight for x, weight in zip(values, weights, strict=True)]


@same(V, S, 0.5)
def what_can_be_iterated_over(array, s, x):
    return [v * (2 if _iterable(v) else 3) for v in (array, s, x)]


@same(0.5)
def what_a_sum_of_python_numbers_is(x):
    y, z = x * 2 + 1, np.sqrt(x)
    return y * (2 if hasattr(y, "shape") else 3), z * (2 if hasattr(z, "shape") else 3)


@same(S, 0.5)
def lengths_of_numbers(s, x):
    found = []
    for v in (s, x):
        for function in (len, list, sum, max):
            try:
                function(v)
            except TypeError:
                found.append(v * 2)
    return found


@refused(RefusedError, ".is_integer()", arguments=(0.5,))
def is_integer(x):
    return x * x.is_integer()  # here


@same(0.5)
def attributes_that_python_numbers_lack(x):
    try:
        return x.mean() * 2
    except AttributeError:
        return x * 3

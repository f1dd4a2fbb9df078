"""NumPy's functions: those that reach a hook, those that reach only `__array__`, and those that reach neither."""

import math

import numpy as np
import scipy.special

from tests.trace.rows import M, S, Table, V
from workings import ArgumentError, DtypeError, NumberNeededError, RefusedError, ShapeError
from workings import functions as wf

TABLE = Table()
same, refused = TABLE.same, TABLE.refused

A = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [2.0, 1.0, 1.0]])
BUFFER = np.zeros(3)
NUMBERS = np.arange(5.0)

# ── what dispatches into wrong answers, or reaches only __array__ ──


@refused(RefusedError, "np.full_like", "np.broadcast_to")
def full_like_of_a_plain_array(x):
    return np.full_like(BUFFER, x)  # here


@same(V)
def full_like_of_a_traced_array(x):
    return np.full_like(x, 3.0) * x


@same(V, S)
def full_like_with_a_traced_fill(x, s):
    return np.full_like(x, s)


@refused(RefusedError, "np.roll: shift=1.5 is no whole number")
def roll_by_half_a_place(x):
    return np.roll(x, 1.5)  # here


@refused(RefusedError, "np.diff: n=1.5 is no whole number")
def diff_one_and_a_half_times(x):
    return np.diff(x, n=1.5)  # here


@refused(RefusedError, "np.diff less than no times")
def diff_less_than_no_times(x):
    return np.diff(x, n=-1)  # here


@same(V.astype(np.float32), np.array([1.0, np.nan, np.inf], np.float16), np.array([1, 2]))
def nan_to_num_keeps_the_dtype(x, y, n):
    return np.nan_to_num(x), np.nan_to_num(y), np.nan_to_num(y, nan=1.5, posinf=2.0, neginf=3), np.nan_to_num(n)


@refused(RefusedError, "np.put", "np.where")
def put(x):
    np.put(BUFFER, [0, 1], x)  # here
    return BUFFER * 1.0


@refused(RefusedError, "np.place")
def place(x):
    np.place(BUFFER, [True, False, True], x)  # here
    return BUFFER * 1.0


@refused(RefusedError, "np.putmask")
def putmask(x):
    np.putmask(BUFFER, [True, False, True], x)  # here
    return BUFFER * 1.0


@refused(RefusedError, "np.copyto", "np.where")
def copyto(x):
    np.copyto(BUFFER, x)  # here
    return BUFFER * 1.0


@refused(RefusedError, "np.add.at")
def add_at(x):
    np.add.at(BUFFER, [0, 1, 1], x)  # here
    return BUFFER * 1.0


@refused(RefusedError, "asarray()", "x itself")
def asarray(x):
    x = np.asarray(x)  # here
    return x * 2


@refused(RefusedError, "array()", "np.stack")
def array_of_values(x):
    return np.array([x[0], x[1]])  # here


@refused(RefusedError, "array()", "np.stack")
def array_of_rows(x):
    return np.array([x, x])  # here


@refused(RefusedError, "array()")
def array_of_objects(x):
    return np.array([x, None], dtype=object)[0]  # here


@refused(RefusedError, "full()", "np.broadcast_to")
def full(x):
    return np.full((2, 3), x)  # here


@refused(RefusedError, "r_[…]", "np.concatenate")
def row_builder(x):
    return np.r_[x, 1.0]  # here


@refused(RefusedError, "c_[…]", "np.column_stack")
def column_builder(x):
    return np.c_[x, x]  # here


@refused(NumberNeededError, "NUMBERS[…]", "workings.functions.take(NUMBERS, ")
def table_of_traced_places(x):
    return NUMBERS[x.astype(int)]  # here


@refused(NumberNeededError, "NUMBERS[…]", "workings.functions.take")
def table_of_one_traced_place(x):
    return NUMBERS[np.argmax(x)]  # here


@same(V)
def take_of_a_plain_table_from_us(x):
    return wf.take(NUMBERS, np.argmax(x)) * wf.take(NUMBERS, (x > 0).astype(int))


@refused(RefusedError, "take()", "workings.functions.take")
def take_of_a_plain_table(x):
    return np.take(NUMBERS, (x > 0).astype(int))  # here


@same(V)
def take_of_a_traced_table(x):
    return np.take(x, [2, 0, 0]) + np.take(x, np.argmax(x)) + x.take([0, 1, 2])


@refused(RefusedError, "dot()", "A @ x")
def dot_method_of_a_plain_array(x):
    return A.dot(x)  # here


@same(V)
def dot_function(x):
    return np.dot(A, x) + A @ x + x @ A + x.dot(A) + np.dot(x, 2.0)


@refused(RefusedError, "fill_diagonal()", "np.eye")
def fill_diagonal(x):
    np.fill_diagonal(A, x)  # here
    return A @ x


@refused(RefusedError, "roll()", "a plain shift")
def roll_by_a_traced_shift(x):
    return np.roll(A, np.argmax(x))  # here


@refused(RefusedError, "array()")
def masked_array(x):
    return np.ma.array(x)  # here


@refused(RefusedError, "matrix", "np.asarray")
def product_with_a_matrix(x):
    return x * A.view(np.matrix)  # here


@refused(RefusedError, "matrix", arguments=(M,))
def matrix_on_the_left(x):
    return A.view(np.matrix) * x.T  # here


@refused(RefusedError, "mask", "np.where")
def product_with_a_masked_array(x):
    return x * np.ma.masked_less(NUMBERS[:3], 1.5)  # here


@refused(RefusedError, "sum()", "np.stack")
def sum_of_a_list(x):
    return np.sum([x, x])  # here


@refused(RefusedError, "max()", "np.maximum")
def max_of_a_list(x):
    return np.max([x[0], x[1]])  # here


@refused(RefusedError, "reduce()", "np.stack")
def reduce_of_a_list(x):
    return np.maximum.reduce([x, x])  # here


@same(V)
def sum_of_a_stack(x):
    return np.sum(np.stack([x, x * 2])), np.maximum(x[0], x[1])


@refused(RefusedError, "where()", "np.stack")
def where_with_a_list_of_values(x):
    return np.where([True, False, True], [x[0], x[1], x[2]], 0.0)  # here


@refused(NumberNeededError, "fromiter()", "np.stack")
def from_an_iterator(x):
    return np.fromiter((v * 2 for v in x), float)  # here


@refused(RefusedError, "vectorize", "the whole array")
def vectorized(x):
    return np.vectorize(lambda v: v * 2)(x)  # here


# ── refused by name ──


@same(V, V, tolerance=1e-15)
def einsum(x, y):
    return np.einsum("i,i->", x, y), np.einsum("i,j", x, y), np.einsum("i, i", x, y), np.einsum("i->", x)


@same(M, A, tolerance=1e-15)
def einsum_of_matrices(m, a):
    chained = np.einsum("ij,jk,lk->il", m, a, m, optimize=True)
    return chained, np.einsum("ji", m), np.einsum("ii->i", a), np.einsum("ii", a), np.einsum("ii,ij->j", a, a)


@same(V, np.array([True, True, False]), np.array([1, 2, 3], np.int8), tolerance=1e-15)
def einsum_of_three_dtypes(x, p, n):
    return np.einsum("i,i,j->j", p, p, x), np.einsum("i,i,i", p, n, x), np.einsum("i,j,i->j", p, x, p)


@same(np.arange(24.0).reshape(2, 3, 4), M, tolerance=1e-15)
def einsum_with_an_ellipsis(x, m):
    front = np.einsum("...ij->...ji", x), np.einsum("...j,...j", x, x), np.einsum("i...->...", x)
    return *front, np.einsum("bij,...i->b...j", x, m), np.einsum("...ij,...i", x, m)


@same(M)
def einsum_of_plain_arrays_and_a_traced_one(m):
    return np.einsum("ij,j->i", m, np.array([1.0, 2.0, 4.0])), np.einsum("i,ij->j", [1.0, 2.0], m)


@refused(RefusedError, "np.einsum with lists of numbers", "letters")
def einsum_with_sublists(x):
    return np.einsum(x, [0], x, [0], [])  # here


@refused(ShapeError, "'i' has 1 letters", "shape (2, 3)", arguments=(M,))
def einsum_with_too_few_letters(m):
    return np.einsum("i->", m)  # here


@refused(ShapeError, "the axes called 'i' have lengths 2 and 3", arguments=(M,))
def einsum_of_unequal_lengths(m):
    return np.einsum("ii->i", m)  # here


@refused(ShapeError, "names 'k', which no array has")
def einsum_with_an_unknown_letter(x):
    return np.einsum("i->k", x)  # here


@refused(ShapeError, "is not made of letters", arguments=(M,))
def einsum_with_digits(m):
    return np.einsum("i1->i", m)  # here


@refused(RefusedError, "np.linalg.inv")
def inverse(x):
    return np.linalg.inv(A * x)  # here


@refused(RefusedError, "np.linalg.det")
def determinant(x):
    return np.linalg.det(A * x)  # here


@refused(RefusedError, "np.linalg.solve")
def solve(x):
    return np.linalg.solve(A, x)  # here


@refused(RefusedError, "np.linalg.svd")
def singular_values(x):
    return np.linalg.svd(A * x)[1]  # here


@refused(RefusedError, "np.fft.fft")
def fourier(x):
    return np.fft.fft(x)  # here


@refused(RefusedError, "np.cov", "c @ c.T")
def covariance(x):
    return np.cov(A * x)  # here


@refused(RefusedError, "np.histogram")
def histogram(x):
    return np.histogram(x)[0]  # here


@same(np.array([2.0, -1.0, 0.5, 2.0, -1.0]), M)
def sort(x, m):
    return np.sort(x), np.sort(m), np.sort(m, axis=0), np.sort(m, axis=None), np.sort(x, kind="stable"), np.sort(-x, 0)


@same(np.array([2.0, -1.0, 0.5, 7.0]), M)
def argsort(x, m):
    return np.argsort(x), np.argsort(m, axis=0), np.argsort(m, axis=None), x[np.argsort(x, stable=True)], x.argsort()


@refused(RefusedError, "np.sort(…, order=…)")
def sort_by_a_field(x):
    return np.sort(x, order="name")  # here


@same(M, np.array([[1, 0], [2, 2]]))
def take_along_an_axis(m, at):
    rows, columns = np.take_along_axis(m, at, axis=1), np.take_along_axis(m, at[:1, :1] * 0, axis=0)
    return rows, columns, np.take_along_axis(m, np.array([5, 0, -1]), axis=None)


@same(M)
def take_along_an_axis_in_order(m):
    return np.take_along_axis(m, np.argsort(m, axis=1), axis=1), np.take_along_axis(m, np.argmax(m, 1)[:, None], 1)


@same(np.array([[1, 0], [2, 2]]))
def take_along_an_axis_of_a_plain_array(at):
    return np.take_along_axis(A[:2], at, 1)


@refused(ShapeError, "the shapes differ apart from axis 1", arguments=(M,))
def take_along_an_axis_with_too_few_axes(m):
    return np.take_along_axis(m, np.array([0]), axis=1)  # here


@refused(DtypeError, "the index m is float64", arguments=(M,))
def take_along_an_axis_at_no_whole_numbers(m):
    return np.take_along_axis(m, m, axis=1)  # here


@same(V, M)
def pad(x, m):
    wide = np.pad(x, 2), np.pad(m, (1, 2)), np.pad(m, ((0, 1), (2, 0))), np.pad(m, {-1: 2}), np.pad(m, {0: (0, 3)})
    return *wide, np.pad(x, 1, constant_values=-1.5), np.pad(m, 1, "constant", constant_values=((2, 2), (2, 2)))


@same(V, M, np.array([1, 2]))
def pad_with_what_there_is(x, m, n):
    every = [np.pad(m, ((1, 2), (0, 3)), mode) for mode in ("edge", "reflect", "symmetric", "wrap")]
    return *every, np.pad(x, 7, "reflect"), np.pad(n, 1), np.pad(n, (1, 0), constant_values=7), np.pad(x, 0)


@refused(RefusedError, "mode='linear_ramp'")
def pad_with_a_ramp(x):
    return np.pad(x, 2, "linear_ramp")  # here


@refused(RefusedError, "several constant_values")
def pad_with_two_numbers(x):
    return np.pad(x, 2, constant_values=(1, 2))  # here


@refused(RefusedError, "traced width or border")
def pad_with_a_traced_border(x):
    return np.pad(x, 2, constant_values=x[0])  # here


@refused(ShapeError, "is no border for m", arguments=(M,))
def pad_of_too_many_axes(m):
    return np.pad(m, ((1, 1), (1, 1), (1, 1)))  # here


@refused(ShapeError, "is no border", "none negative")
def pad_by_less_than_nothing(x):
    return np.pad(x, -1)  # here


@refused(ShapeError, "nothing to repeat", arguments=(np.zeros((2, 0)),))
def pad_of_nothing_with_its_edge(x):
    return np.pad(x, 1, "edge")  # here


@refused(ShapeError, "conv2d: m has shape (2, 3)", "images, channels", arguments=(M,))
def a_convolution_of_a_matrix(m):
    return wf.conv2d(m, np.ones((1, 1, 2, 2)))  # here


@refused(ArgumentError, "stride=0", arguments=(np.ones((1, 1, 3, 3)),))
def a_convolution_that_stands_still(x):
    return wf.conv2d(x, np.ones((1, 1, 2, 2)), stride=0)  # here


@same(M)
def plain_masks(m):
    mask = np.array([[True, False, True], [False, False, True]])
    picked = m[mask], m[:, mask[0]], m[mask[:, 0], 1], m[[True, False]], m[mask[:, 0]][:, mask[1]]
    return *picked, m[np.zeros((2, 3), bool)], np.where(mask, m, 0)


@refused(RefusedError, ".sort()")
def sort_in_place(x):
    x.sort()  # here
    return x


@refused(RefusedError, "np.median")
def median(x):
    return np.median(x)  # here


@refused(RefusedError, "np.unique", "length")
def unique(x):
    return np.unique(x)  # here


@refused(RefusedError, "np.nonzero", "np.where")
def nonzero(x):
    return np.nonzero(x)[0]  # here


@refused(RefusedError, "np.where", "length")
def where_of_a_condition_alone(x):
    return np.where(x > 0)[0]  # here


@refused(RefusedError, "np.ix_")
def open_mesh(x):
    return A[np.ix_(x, x)]  # here


@refused(RefusedError, "np.linspace", "np.linspace(0, 1, n)")
def linspace(x):
    return np.linspace(0.0, x[0], 5)  # here


@refused(RefusedError, "arange()")
def arange(x):
    return np.arange(x[0])  # here


@refused(NumberNeededError, "zeros()", "plain shape")
def zeros_of_a_traced_length(x):
    return np.zeros(np.argmax(x)) + 1.0  # here


@refused(RefusedError, "np.allclose")
def allclose(x):
    return x * np.allclose(x, 0)  # here


@refused(RefusedError, "np.array_equal", "np.all")
def array_equal(x):
    return x * np.array_equal(x, x)  # here


@refused(RefusedError, "np.interp")
def interpolate(x):
    return np.interp(x, NUMBERS, NUMBERS)  # here


@refused(RefusedError, "np.apply_along_axis", "axis=")
def along_an_axis(x):
    return np.apply_along_axis(np.sum, 0, x)  # here


@refused(RefusedError, "np.polyval")
def polynomial(x):
    return np.polyval([1.0, 2.0], x)  # here


@refused(RefusedError, "sliding_window_view", "np.arange")
def windows(x):
    return np.lib.stride_tricks.sliding_window_view(x, 2)  # here


@refused(RefusedError, "np.select")
def select(x):
    return np.select([x > 0, x < 0], [x, -x])  # here


@refused(RefusedError, "np.piecewise")
def piecewise(x):
    return np.piecewise(x, [x > 0], [1.0, 2.0])  # here


@refused(RefusedError, "np.fmax", "np.maximum")
def fmax(x):
    return np.fmax(x, 0)  # here


@refused(RefusedError, "np.heaviside", "np.where")
def heaviside(x):
    return np.heaviside(x, 0.5)  # here


@refused(RefusedError, "np.meshgrid")
def meshgrid(x):
    return np.meshgrid(x, x)[0]  # here


@refused(RefusedError, "np.nansum", "np.isnan")
def nansum(x):
    return np.nansum(x)  # here


@refused(RefusedError, "assert_allclose()")
def assert_allclose(x):
    np.testing.assert_allclose(x, x)  # here
    return x


@refused(RefusedError, "nditer()")
def nditer(x):
    return sum(v for v in np.nditer([x]))  # here


# ── arguments that only memory knows ──


@refused(RefusedError, "out=", "y = np.exp")
def out_of_a_ufunc(x):
    return np.exp(x, out=BUFFER)  # here


@refused(RefusedError, "write into an array")
def positional_out(x):
    return np.multiply(x, 2.0, BUFFER)  # here


@refused(RefusedError, "out=")
def out_of_a_function(x):
    return np.sum(x, out=BUFFER[0:1])  # here


@refused(RefusedError, "where=", "np.where(mask, np.log")
def where_of_a_ufunc(x):
    return np.log(x, where=x > 0)  # here


@refused(RefusedError, "where=")
def mean_where(x):
    return np.mean(x, where=[True, False, True])  # here


@refused(RefusedError, "np.add.reduce")
def sum_of_plain_values_where(x):
    return np.sum(NUMBERS[:3], where=x > 0)  # here


@refused(RefusedError, "initial=")
def max_initial(x):
    return np.max(x, initial=0.0)  # here


@refused(RefusedError, "initial=")
def sum_method_initial(x):
    return x.sum(initial=1.0)  # here


@refused(NumberNeededError, "sum()")
def sum_of_plain_values_from_a_traced_start(x):
    return np.sum(NUMBERS, initial=x[0])  # here


@refused(RefusedError, "dtype=", ".astype(dtype)")
def sum_dtype(x):
    return np.sum(x, dtype=np.float32)  # here


@refused(RefusedError, "dtype=")
def sum_positional_dtype(x):
    return np.sum(x, 0, np.float32)  # here


@refused(RefusedError, "dtype=")
def var_positional_dtype(x):
    return np.var(x, 0, np.float32)  # here


@refused(RefusedError, "np.sqrt(…, dtype=…)")
def ufunc_dtype(x):
    return np.sqrt(x, dtype=np.float32)  # here


@refused(RefusedError, "mode=")
def take_mode(x):
    return np.take(x, [5], mode="clip")  # here


@refused(RefusedError, "np.add.accumulate", "np.cumsum")
def accumulate(x):
    return np.add.accumulate(x)  # here


@refused(RefusedError, "np.add.reduce", "np.sum")
def reduce(x):
    return np.add.reduce(x)  # here


@refused(RefusedError, "np.multiply.outer", "[:, None]")
def outer_of_a_ufunc(x):
    return np.multiply.outer(x, x)  # here


@refused(RefusedError, "decimals", "np.rint(x * 100)")
def round_to_decimals(x):
    return np.round(x, 2)  # here


@refused(RefusedError, "order='F'")
def reshape_in_another_order(x):
    return np.reshape(x, (3, 1), order="F")  # here


@refused(RefusedError, "order='K'", arguments=(M,))
def ravel_as_memory_lies(x):
    return x.T.ravel(order="K")  # here


# ── other libraries ──


@same(V, tolerance=1e-14)
def scipy_ufuncs(x):
    return scipy.special.erf(x), scipy.special.expit(x), scipy.special.log_expit(x)


@same(np.array([0.25, 0.5, 0.125]), tolerance=1e-14)
def scipy_logit(x):
    return scipy.special.logit(x * 0.5)


@refused(RefusedError, "gammaln")
def scipy_gammaln(x):
    return scipy.special.gammaln(x)  # here


@refused(RefusedError, "softmax()", "workings.functions.softmax")
def scipy_softmax(x):
    return scipy.special.softmax(x)  # here


@refused(RefusedError, "logsumexp()", "workings.functions.logsumexp")
def scipy_logsumexp(x):
    return scipy.special.logsumexp(x)  # here


@refused(NumberNeededError, "sqrt()", "np.sqrt")
def math_sqrt(x):
    return math.sqrt(x[0])  # here


@refused(NumberNeededError, "fsum()", "np.sum")
def math_fsum(x):
    return math.fsum(x)  # here


@refused(NumberNeededError, "floor()", "np.floor")
def math_floor(x):
    return math.floor(x[0])  # here


@same(V)
def math_of_plain_numbers(x):
    return x * math.sqrt(2.0) + math.pi


# ── right as they are ──


@same(V, M)
def reductions(x, m):
    return x.sum(), m.mean(1), m.max(axis=0), m.min(axis=(0, 1)), np.prod(m, 1, keepdims=True), m.sum(0, keepdims=True)


@same(V, M, tolerance=1e-15)
def spreads(x, m):
    return x.var(), m.std(0), np.var(m, axis=1, ddof=1), np.std(m, axis=0, correction=1), np.average(x)


@same(M)
def over_no_axes(m):
    return np.sum(m, axis=()) * 1.0, m.sum(axis=np.int64(1)), np.mean(m, axis=-1)


@same(V)
def clips(x):
    return np.clip(x, None, 1), np.clip(x, 0, None), np.clip(x, -1, 1), x.clip(0, 1), np.clip(x, min=0.0)


@same(V)
def clip_of_a_plain_array(x):
    return np.clip(NUMBERS[:3], x, 2.0), np.clip(NUMBERS[:3], None, x)


@same(V, M)
def keyword_names(x, m):
    return np.sum(a=m, axis=1), np.transpose(a=m), np.where(x > 0, x, 0), np.stack(arrays=[x, x], axis=1)


@same(V, M)
def joined(x, m):
    rows = np.concatenate([x, [1.0]]), np.vstack([m, x]), np.hstack([x, 2.0]), np.column_stack([x, x])
    return (*rows, np.stack([x, m[0]], -1), np.concatenate([m, m], axis=None), np.concatenate([NUMBERS, x]))


@same(V, M)
def split_apart(x, m):
    a, b = np.split(m, 2)
    c, d, e = np.array_split(x, [1, -1])
    return a, b, c, d, e, *np.array_split(x, 2), *np.unstack(m)


@refused(ShapeError, "does not divide")
def split_unevenly(x):
    return np.split(x, 2)  # here


@same(V, M)
def moved(x, m):
    turned = np.flip(m), np.flip(m, 0), np.roll(m, 1), np.roll(m, -1, axis=1), np.tile(x, (2, 2)), np.repeat(x, 2)
    return (*turned, np.repeat(m, [1, 2, 0], axis=1), np.diff(m), np.diff(m, n=2), np.moveaxis(m, 0, 1), m.mT)


@same(V, M)
def products(x, m):
    vectors = np.inner(x, x), np.vdot(m, m), np.outer(x, x), np.tensordot(m, x, 1), np.linalg.matmul(m, x)
    return (*vectors, np.tensordot(m, m, axes=([0, 1], [0, 1])), np.inner(m, m), np.dot(m, m.T))


@refused(ShapeError, "out of range", arguments=(M,))
def tensordot_along_no_axis(m):
    return np.tensordot(m, m, axes=((5,), (0,)))  # here


@same(V, M, tolerance=1e-15)
def norms(x, m):
    norm = np.linalg.norm
    return norm(x), norm(m), norm(m, axis=1), norm(x, 1), norm(m, "fro"), norm(x.astype(int))


@same(M)
def triangles(m):
    square = m @ m.T
    return np.tril(square), np.triu(square, 1), np.trace(square), square.diagonal()


@same(V)
def plain_answers(x):
    return x * np.ndim(x) + np.size(x) + np.shape(x)[0] + len(x), np.zeros_like(x) + x, np.ones_like(x) * x


@same(V)
def nan_to_num(x):
    return np.nan_to_num(x / (x - 0.5)), np.nan_to_num(x.astype(int))


@same(V)
def inside_errstate(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(np.maximum(x, 0.0))


@same(V)
def divmods(x):
    quotient, rest = divmod(x, 2)
    steps, left = np.divmod(x, 0.75)
    return quotient, rest, steps, left, divmod(7.0, x), x // 2, x % 2


@same(V)
def angles(x):
    return np.fabs(x), np.positive(x), np.conjugate(x), x.real, np.real(x), x.conj()


@same(V, tolerance=1e-15)
def degrees(x):
    return np.deg2rad(x), np.rad2deg(x), np.radians(x), np.degrees(x)


@refused(ShapeError, "do not broadcast", "(2, 3)", "(2,)", arguments=(M, V[:2]))
def shapes_that_do_not_broadcast(m, x):
    return m + x  # here


@refused(ShapeError, "do not chain", "(3,)", arguments=(M, V))
def shapes_that_do_not_chain(m, x):
    return x @ m  # here


@refused(ShapeError, "axis 2 is out of range")
def axis_out_of_range(x):
    return np.sum(x, axis=2)  # here


@refused(ShapeError, "do not fill")
def reshape_that_does_not_fit(x):
    return x.reshape(2, 2)  # here


@refused(DtypeError, "complex128", "real")
def complex_numbers(x):
    return x * 1j  # here


@refused(DtypeError, "bool")
def minus_of_conditions(x):
    return -(x > 0)  # here


@refused(DtypeError, "datetime64")
def dates(x):
    return np.datetime64("2020-01-01") + x  # here

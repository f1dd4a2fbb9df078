"""The errors of `workings`: what is wrong, where in the user's code, and what to write instead.

    WorkingsError
    ├── GraphError            a graph that breaks the grammar (`verify`)
    │   └── ParseError        a text that is no graph
    ├── ShapeError            shapes that do not go together
    ├── DtypeError            a dtype that an operation cannot take
    ├── TraceError            code that cannot be traced
    │   ├── RefusedError      a function that tracing does not know, or would get wrong
    │   ├── NumberNeededError a traced value was asked for its number
    │   ├── MutationError     writing into an array
    │   ├── UnstableError     two traces of one function differ
    │   └── EscapedError      a traced value was used outside its trace
    ├── GradientError         a gradient that does not exist
    ├── UnsupportedError      an op that a language or an engine cannot spell
    ├── ArgumentError         arguments of a call that do not fit together
    ├── NonFiniteError        training met inf or nan
    ├── ModelFileError        a model file that is not one
    ├── CheckpointError       a file of saved numbers that is not one, or cannot be written
    └── MissingExtraError     an optional package is not installed

Each also derives from the built-in error that plain Python would raise in its place, so
`except ValueError` keeps its meaning.
"""

from __future__ import annotations

import textwrap
import traceback
from typing import Any

from workings.places import notebook, place, printable, users_frames

__all__ = [
    "ArgumentError",
    "CheckpointError",
    "DtypeError",
    "EscapedError",
    "GradientError",
    "GraphError",
    "MissingExtraError",
    "ModelFileError",
    "MutationError",
    "NonFiniteError",
    "NumberNeededError",
    "ParseError",
    "PromotionWarning",
    "RefusedError",
    "ShapeError",
    "TraceError",
    "UnstableError",
    "UnsupportedError",
    "WorkingsError",
]


class WorkingsError(Exception):
    """The base of every error that `workings` raises on purpose.

    `problem` says what is wrong, `where` is the place in the user's code (anything whose `str` reads
    well after "at "), and `fix` says what to write instead. `str(error)` puts the three together.

    >>> print(WorkingsError("the shapes differ", fix="reshape one of them"))
    the shapes differ
      Instead: reshape one of them
    """

    def __init__(self, problem: str, *, where: Any = None, fix: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        parts = [self.problem]
        if self.where is not None:
            parts.append(textwrap.indent(f"at {self.where}", "  "))
        if self.fix:
            parts.append(textwrap.indent(f"Instead: {self.fix}", "  "))
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        import html  # what few programs need, beside all that an import of workings loads

        # An error that is shown as a value, in a notebook: its message as it is laid out. In a <pre> no notebook looks
        # for mathematics, and the color of its text is that of the notebook, light or dark.
        return (
            '<pre class="wk-error" style="white-space:pre-wrap;border-left:3px solid currentColor;padding:2px 10px">'
            f"<strong>{type(self).__name__}</strong>: {html.escape(printable(str(self)))}</pre>"
        )

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its traceback: the lines of the user's that led here and the message, without
        # the frames of this package. `%tb Verbose`, or `%xmode Verbose`, shows them all; so does Python by itself.
        shell = notebook()
        if getattr(getattr(shell, "InteractiveTB", None), "mode", None) == "Verbose":
            return shell.InteractiveTB.structured_traceback(type(self), self, self.__traceback__)
        plain = str(getattr(shell, "colors", "nocolor")).lower() == "nocolor"
        return _traceback(self, "" if plain else "\x1b[31m", "" if plain else "\x1b[0m")


def _traceback(error: WorkingsError, red: str, normal: str) -> list[str]:
    """The traceback that a notebook shows."""
    frames, left_out = users_frames(error.__traceback__)
    origin = error.where
    if frames and (frames[-1].filename, frames[-1].lineno) == (getattr(origin, "file", ""), getattr(origin, "line", 0)):
        frames = frames[:-1]  # the message has this line
    lines = ["Traceback (most recent call last):"] if frames else []
    for f in frames:
        said = place(f.filename, f.lineno or 0, f.name, f.colno, f.end_colno, f.end_lineno)
        lines += [textwrap.indent(printable(said), "  "), ""]
    lines.append(f"{red}{type(error).__name__}{normal}: {printable(str(error))}")
    cause = error.__cause__
    if cause is not None and not isinstance(cause, WorkingsError):
        said = "".join(traceback.format_exception_only(cause)).strip()
        lines.append(textwrap.indent(f"Because of {printable(said)}", "  "))
    if left_out:
        count = "1 frame" if left_out == 1 else f"{left_out} frames"
        lines += ["", f"({count} inside workings and NumPy left out; %tb Verbose shows all)"]
    return lines


class GraphError(WorkingsError):
    """A graph breaks the grammar that `verify` checks.

    Cause: a pass or a hand-made graph holds a node whose recorded shape is not the one its op gives,
    a node used before it is made, or an input that is not among the graph's inputs.
    Fix: the message names the node; build it with `workings.graph.call`, which infers what it records.
    """


class ParseError(GraphError, ValueError):
    """A text is not a graph. The message gives the line and what was expected there.

    Fix: start from `str(graph)`, the form that `Graph.parse` reads.
    """


class ShapeError(WorkingsError, ValueError, IndexError):
    """Shapes do not go together, or an index or axis is out of range.

    Example: `x @ w` where `x` is (100, 64) and `w` is (32, 10).
    Fix: the message names both values with their shapes; transpose or reshape one of them.
    """


class DtypeError(WorkingsError, TypeError):
    """An operation cannot take values of this dtype.

    Example: `np.sin` of strings, or a bitwise `&` of floats.
    Fix: convert with `.astype(...)` first.
    """


class TraceError(WorkingsError, TypeError):
    """A function cannot be turned into a graph. The kinds below say why."""


class RefusedError(TraceError):
    """A function that tracing does not know, or knows to go silently wrong.

    Example: `np.array([t, u])` of traced values. Fix: the message names what to write, here `np.stack([t, u])`.
    """


class NumberNeededError(TraceError):
    """A traced value was asked for its number, by `if`, `float()`, `math.*`, `range()` or an index.

    A traced value stands for whatever the net will be given, so it has a shape and a dtype but no number.
    Fix: `np.where(condition, a, b)` in place of `if`, `np.sqrt` in place of `math.sqrt`.
    """


class MutationError(TraceError):
    """The code writes into an array: `h[0] = 1`, or `h += b` where `h` is an array.

    Fix: make a new value, `h = h + b`, or `np.where(mask, new, h)`.
    """


class UnstableError(TraceError):
    """Two traces of the same function differ, so one graph cannot stand for it.

    Example: a stray `rng.normal()` in the loss. Fix: draw it outside and pass it as an argument.
    """


class EscapedError(TraceError):
    """A traced value was used outside the trace that made it, or a cell parameter inside one.

    Fix: return the value from the traced function, or pass the parameter as an argument.
    """


class GradientError(WorkingsError, ValueError):
    """A gradient that does not exist: of something that is no scalar, with respect to an integer,
    or with respect to a parameter that the loss does not depend on. Fix: the message says which.
    """


class UnsupportedError(WorkingsError, NotImplementedError):
    """A language or an engine has no spelling for an op. The message names the op, the language and the
    user's line; nothing is ever guessed. Fix: write the net without this op, or use another language.
    """


class ArgumentError(WorkingsError, ValueError):
    """Arguments do not fit together: names that match no argument of the loss, data of unequal lengths,
    NaN in the data, a negative learning rate. Raised before any training. Fix: the message says which.
    """


class NonFiniteError(WorkingsError, ArithmeticError):
    """Training met a value that is inf or nan, and stopped at that very step.

    `run` is the run with the parameters from before that step, so that nothing is lost; `step` is the step,
    `node` the earliest node that made a non-finite value from finite ones, and `values` what went in.
    Fix: usually a smaller learning rate, or a stable composite such as `workings.functions.log_softmax`.
    """

    run: Any = None
    step: int | None = None
    node: Any = None
    values: Any = None

    def __reduce__(self) -> Any:
        # to another process goes what can be read there: the message, the step and the values
        kept = {key: value for key, value in vars(self).items() if key not in ("run", "node")}
        return type(self), (self.problem,), kept


class ModelFileError(WorkingsError, ValueError):
    """A model file is missing, cannot be run, or lacks `loss`, `parameters` or `data`. Fix: the message says which."""


class CheckpointError(WorkingsError, ValueError):
    """A checkpoint cannot be written, or a file is none: missing, cut off, changed, of another program or another net.

    Fix: the message says which. Writing never harms what was saved before.
    """


class MissingExtraError(WorkingsError, ImportError):
    """An optional package is not installed. Fix: the message gives the install command."""


class PromotionWarning(UserWarning):
    """A value became wider than the parameters it came from, as float32 times `np.sqrt(64)` does.

    Cause: a NumPy scalar of float64 met float32. Fix: `float(np.sqrt(64))` or `64 ** 0.5`, which are weak.
    """

"""Functions that cannot be traced, or would silently go wrong: each is right, or refused with its line and the fix."""

from __future__ import annotations

import pytest

from tests.trace import rows_arrays, rows_effects, rows_numpy, rows_python
from tests.trace.rows import Row, check

TABLES = (rows_arrays.TABLE, rows_numpy.TABLE, rows_python.TABLE, rows_effects.TABLE)
ROWS = [row for table in TABLES for row in table.rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_function_is_right_or_refused(row: Row) -> None:
    check(row)


def test_the_table_is_large_and_has_no_name_twice() -> None:
    names = [row.name for row in ROWS]
    assert len(names) >= 200
    assert len(set(names)) == len(names)
    assert sum(row.error is not None for row in ROWS) >= 60


def test_the_checker_sees_a_number_that_was_baked_in() -> None:
    # the table is worth what its checker is: a function that reads its number behind the tracer's back
    frozen = {"x": 2.0}

    def silent(x):
        return x * frozen["x"] if type(x).__name__ == "Traced" else x * x

    import numpy as np

    with pytest.raises(AssertionError):
        check(Row(silent, (np.float64(2.0),)))

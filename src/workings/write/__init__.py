"""Programs, graphs and formulas in other languages."""

from workings.write.python import write_python, write_python_function
from workings.write.written import Written

__all__ = ["Written", "write_python", "write_python_function"]

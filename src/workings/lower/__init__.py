"""Program to loops: fused loop nests over typed buffers, for engines and languages that have no arrays."""

from workings.lower.loops import (
    Access,
    Buffer,
    Fold,
    Instruction,
    Kernel,
    Loops,
    Repeat,
    Store,
    Training,
    kernels_of,
)
from workings.lower.lower import lower_graph, lower_program
from workings.lower.memory import arena
from workings.lower.text import loops_text
from workings.lower.verify import verify_loops

__all__ = [
    "Access",
    "Buffer",
    "Fold",
    "Instruction",
    "Kernel",
    "Loops",
    "Repeat",
    "Store",
    "Training",
    "arena",
    "kernels_of",
    "loops_text",
    "lower_graph",
    "lower_program",
    "verify_loops",
]

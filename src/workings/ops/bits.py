"""The bits of whole numbers, element by element; none has a derivative."""

from __future__ import annotations

import numpy as np

from workings.graph import Op, register
from workings.ops.infer import elementwise

for _name, _sign, _doc in (
    ("bitwise_and", "&", "the bits that are set in both"),
    ("bitwise_or", "|", "the bits that are set in one or both"),
    ("bitwise_xor", "^", "the bits that are set in just one"),
):
    register(
        Op(
            _name,
            _doc,
            elementwise(getattr(np, _name)),
            getattr(np, _name),
            partials=(0, 0),
            spellings={"python": f"{{0}} {_sign} {{1}}"},
            domain=((-120, 120), (-120, 120)),
        )
    )
register(
    Op(
        "invert",
        "each bit turned; of a signed number −x − 1",
        elementwise(np.invert),
        np.invert,
        partials=(0,),
        spellings={"python": "~{0}"},
        domain=((-120, 120),),
    )
)
for _name, _sign, _doc in (
    ("left_shift", "<<", "the bits moved up by y places; those above the top are lost"),
    ("right_shift", ">>", "the bits moved down by y places; a negative number stays negative"),
):
    register(
        Op(
            _name,
            _doc,
            elementwise(getattr(np, _name)),
            getattr(np, _name),
            partials=(0, 0),
            spellings={"python": f"{{0}} {_sign} {{1}}"},
            domain=((-120, 120), (0, 9)),
        )
    )

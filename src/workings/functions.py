"""Functions that NumPy lacks: activations, softmax and its kin, `erf`. They take arrays and traced values alike.

>>> from workings.functions import softmax
>>> softmax([0.0, 0.0]).tolist()
[0.5, 0.5]
"""

from workings.ops.functions import *  # noqa: F403  (its list of names is the only one)
from workings.ops.functions import __all__ as __all__

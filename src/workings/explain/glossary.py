"""The terms of training, in the order in which one leads to the next."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["MENTION", "TERMS", "TERMS_TO_COME", "Term", "term_of"]


class Term(NamedTuple):
    """A term, and what it means."""

    name: str
    meaning: str


TERMS = (
    Term("neuron", "a function that weighs its inputs and adds them up; a net is made of many"),
    Term("parameter", "a number of the net that training may change; a weight is one"),
    Term("training data", "inputs, each with the output expected for it"),
    Term("forward pass", "working out the net's answer from its input, and the loss from the answer"),
    Term("loss", "how wrong the net is, as one number; lowest at the goal"),
    Term("gradient", "how much the loss changes for a small change of a parameter"),
    Term("chain rule", "the slope of composed functions is the product of the slopes of the links"),
    Term("backpropagation", "the chain rule from the loss back through the net, link by link"),
    Term("backward pass", "working out the gradient of every parameter in this way"),
    Term("learning rate", "how large a part of the gradient a nudge takes"),
    Term("gradient descent", "making the loss smaller by nudging each parameter against its gradient"),
    Term("step", "forward pass, backward pass and nudge, once"),
)

# what comes with more than one example
TERMS_TO_COME = (
    Term("batch", "the examples that one step looks at together"),
    Term("stochastic", "at random: each step draws its batch anew"),
    Term("epoch", "as many steps as it takes to look at every example once"),
)

_NAMES = {term.name for term in (*TERMS, *TERMS_TO_COME)}

# the longest first: a learning rate is no rate, and gradient descent more than a gradient
MENTION = rf"\b(?i:{'|'.join(sorted(map(re.escape, _NAMES), key=len, reverse=True))})(?:s|es)?\b"
"""A pattern: a term in a sentence, in the plural too, or at its beginning."""


def term_of(mention: str) -> str | None:
    """The name of the term that is mentioned, if it is one.

    >>> term_of("Gradients"), term_of("losses"), term_of("noodles")
    ('gradient', 'loss', None)
    """
    words = mention.lower()
    return next((w for w in (words, words.removesuffix("s"), words.removesuffix("es")) if w in _NAMES), None)

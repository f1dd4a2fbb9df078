"""The outlines of boxes: each kind has its own, so that they are told apart without color."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from workings.draw.layout import Rect
from workings.draw.picture import Kind

__all__ = ["PADDING", "outline", "point"]

_SLANT, _BEVEL, _TIP, _BAR, _CARD, _RIM = 8.0, 7.0, 9.0, 5.0, 5.0, 4.0

# (left, top, right, bottom): from the border of a box to its text
PADDING: Mapping[Kind, tuple[float, float, float, float]] = {
    "parameter": (14, 9, 14, 9),
    "data": (11 + _SLANT, 9, 11 + _SLANT, 9),
    "constant": (12, 9, 12, 9),
    "state": (11 + _BAR, 9, 11 + _BAR, 9),
    "setting": (10 + _TIP, 9, 10 + _TIP, 9),
    "operation": (12, 9, 12, 9),
    "output": (13 + _RIM, 9 + _RIM, 13 + _RIM, 9 + _RIM),
    "derivative": (12, 9, 12, 9),
    "update": (12, 9, 12 + _TIP, 9),
    "folded": (12, 9 + _CARD, 12 + _CARD, 9),
    "end": (12, 8, 12, 8),
}


def outline(kind: Kind, box: Rect) -> str:
    """The elements that draw a box: the shape itself, which takes the color, and what adorns it."""
    return _OUTLINES.get(kind, lambda b: _shape(_round(b, 5)))(box)


def point(value: float) -> str:
    """A coordinate, to a tenth."""
    return f"{value:.1f}".removesuffix(".0").replace("-0", "0", value > -0.05)


def _shape(d: str) -> str:
    return f'<path class="wk-shape" d="{d}"/>'


def _mark(d: str) -> str:
    return f'<path class="wk-mark" fill="none" d="{d}"/>'


def _round(box: Rect, r: float) -> str:
    x, y, w, h = box
    r = min(r, h / 2, w / 2)
    p, a = point, f"a{point(r)} {point(r)} 0 0 1"
    return (
        f"M{p(x + r)} {p(y)}h{p(w - 2 * r)}{a} {p(r)} {p(r)}v{p(h - 2 * r)}{a} {p(-r)} {p(r)}"
        f"h{p(2 * r - w)}{a} {p(-r)} {p(-r)}v{p(2 * r - h)}{a} {p(r)} {p(-r)}z"
    )


def _polygon(*corners: tuple[float, float]) -> str:
    return f"M{'L'.join(f'{point(x)} {point(y)}' for x, y in corners)}z"


def _data(box: Rect) -> str:
    left, top, right, bottom = _sides(box)
    return _shape(_polygon((left + _SLANT, top), (right, top), (right - _SLANT, bottom), (left, bottom)))


def _constant(box: Rect) -> str:
    left, top, right, bottom = _sides(box)
    b = _BEVEL
    upper = (left, top + b), (left + b, top), (right - b, top), (right, top + b)
    lower = (right, bottom - b), (right - b, bottom), (left + b, bottom), (left, bottom - b)
    return _shape(_polygon(*upper, *lower))


def _setting(box: Rect) -> str:
    left, top, right, bottom = _sides(box)
    middle, t = (top + bottom) / 2, _TIP
    upper = (left, middle), (left + t, top), (right - t, top), (right, middle)
    return _shape(_polygon(*upper, (right - t, bottom), (left + t, bottom)))


def _update(box: Rect) -> str:
    left, top, right, bottom = _sides(box)
    tip = (right - _TIP, top), (right, (top + bottom) / 2), (right - _TIP, bottom)
    return _shape(_polygon((left, top), *tip, (left, bottom)))


def _state(box: Rect) -> str:
    left, top, right, _ = _sides(box)
    bars = "".join(f"M{point(x)} {point(top)}v{point(box.height)}" for x in (left + _BAR, right - _BAR))
    return _shape(_round(box, 2)) + _mark(bars)


def _output(box: Rect) -> str:
    inner = Rect(box.x + _RIM, box.y + _RIM, box.width - 2 * _RIM, box.height - 2 * _RIM)
    return _shape(_round(box, 10)) + _mark(_round(inner, 7))


def _folded(box: Rect) -> str:
    w, h = box.width - _CARD, box.height - _CARD
    cards = ""
    for shift in (_CARD, _CARD / 2):
        cards += f'<path class="wk-card" d="{_round(Rect(box.x + shift, box.y + _CARD - shift, w, h), 5)}"/>'
    return cards + _shape(_round(Rect(box.x, box.y + _CARD, w, h), 5))


def _sides(box: Rect) -> tuple[float, float, float, float]:
    return box.x, box.y, box.x + box.width, box.y + box.height


_OUTLINES: Mapping[Kind, Callable[[Rect], str]] = {
    "parameter": lambda box: _shape(_round(box, 16)),
    "data": _data,
    "constant": _constant,
    "setting": _setting,
    "update": _update,
    "state": _state,
    "output": _output,
    "folded": _folded,
}

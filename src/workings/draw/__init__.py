"""Pictures of nets and of their training."""

from workings.draw.curve import curve
from workings.draw.draw import draw
from workings.draw.picture import Picture, picture

__all__ = ["Picture", "curve", "draw", "picture"]

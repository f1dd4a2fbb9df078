"""Pictures of nets and of their training."""

from workings.draw.curve import curve

__all__ = ["curve"]

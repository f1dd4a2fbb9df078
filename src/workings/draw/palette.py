"""The colors of pictures and pages, light and dark, each stated once, as variables of CSS."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["COLORS", "DARK_PLACES", "variables"]

# name: (light, dark). Text on `paper`, `panel` and the fills has a contrast of at least 4.5 to 1 in both.
COLORS: Mapping[str, tuple[str, str]] = {
    "paper": ("#ffffff", "#12161c"),
    "panel": ("#f5f7fa", "#1a2028"),
    "ink": ("#1b1f24", "#e8ecf1"),
    "muted": ("#535c66", "#a9b4c0"),
    "line": ("#7d8791", "#7c8894"),
    "hair": ("#d5dae0", "#343d48"),
    "forward": ("#0b57d0", "#8ab8ff"),
    "backward": ("#b3261e", "#ff9d94"),
    "parameter": ("#8a5a00", "#e8b84a"),
    "parameter-fill": ("#fff4d9", "#33280a"),
    "data": ("#0b57d0", "#8ab8ff"),
    "data-fill": ("#e6f0ff", "#10284a"),
    "constant": ("#5b6570", "#a9b4c0"),
    "constant-fill": ("#f0f2f4", "#222932"),
    "operation": ("#3f4a55", "#b9c3ce"),
    "operation-fill": ("#ffffff", "#1a2028"),
    "state": ("#00695c", "#7fd6c9"),
    "state-fill": ("#e4f4f1", "#0d322d"),
    "derivative-fill": ("#fdf1ef", "#34191a"),
    "update-fill": ("#e9f6ec", "#12301c"),
    "folded": ("#6639a6", "#c9adff"),
    "folded-fill": ("#f3ecfd", "#281d40"),
    "good": ("#116329", "#6fdd8b"),
    "lit": ("#ffe28a", "#6b5200"),
}

# where a page or a notebook says that it is dark, whatever the system prefers
DARK_PLACES = (
    '[data-theme="dark"]',
    '[data-jp-theme-light="false"]',
    ".vscode-dark",
    'html[theme="dark"]',
    ".dark",
)
_LIGHT_PLACES = ('[data-theme="light"]', '[data-jp-theme-light="true"]', ".vscode-light", 'html[theme="light"]')


def variables(selector: str) -> str:
    """CSS that gives the colors to `selector` as `--wk-ink` and so on: as the system prefers, or as the place says.

    Paper is always light.
    """
    light, dark = ("".join(f"--wk-{name}:{pair[i]};" for name, pair in COLORS.items()) for i in range(2))
    places = [", ".join(f"{place} {selector}" for place in among) for among in (DARK_PLACES, _LIGHT_PLACES)]
    return (
        f"{selector}{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{{selector}{{{dark}}}}}\n"
        f"@media screen{{{places[0]}{{{dark}}}\n{places[1]}{{{light}}}}}\n"
    )

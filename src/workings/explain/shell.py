"""An HTML document that stands alone: its style and its script inside it, and nothing fetched.

Its content security policy allows the script that is written into it, by its hash, and no other: what came
from a user could not run even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from importlib import resources

from workings.draw.palette import variables

__all__ = ["asset", "document", "escape"]


def escape(text: object) -> str:
    """Text for the inside of an element or of an attribute between double quotes.

    What is no character of text, such as a backspace, becomes the sign for that.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", str(text)))


def asset(name: str) -> str:
    """A style sheet or a script of this package."""
    return resources.files("workings.explain").joinpath(name).read_text(encoding="utf-8")


def document(*, title: str, body: str, style: str = "", script: str = "", language: str = "en") -> str:
    """A whole page. `title` is plain text; `body` is markup, in which whoever made it has escaped everything.

    The page has the colors and the type of all our pages, light and dark, and a button that changes between
    them; `style` and `script` are added.
    """
    code = asset("shell.js") + script
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    css = variables(".wk-page") + asset("shell.css") + style
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="workings">
<title>{escape(title)}</title>
<style>
{css}</style>
</head>
<body class="wk-page">
{body}
<script>{code}</script>
</body>
</html>
"""

"""A strict reader of documents in LaTeX: it knows few commands, and what each of them stands in."""

from __future__ import annotations

import re

__all__ = ["read"]

_TOKEN = re.compile(r"\\(?:begin|end)\{[a-z*]+\}|\\[A-Za-z]+|\\\\\*?|\\.|[{}$&#^_~%]|[^\\{}$&#^_~%]+", flags=re.DOTALL)
_HEAD = "documentclass usepackage allowdisplaybreaks setlength renewcommand newcommand DeclareRobustCommand raggedright"
_HEAD += (
    " parskip mathindent jot LTleft arraystretch reason closer codepoint codeframe parbox vspace baselineskip small"
)
_HEAD += " strut ifdefined Umathchar iffontchar font else fi fboxsep fbox tiny ttfamily"
_WORDS = (
    "section textbackslash textasciicircum textasciitilde textless textgreater textbar textasciigrave textit textbf"
)
_WORDS += (
    " texttt textsuperscript textsubscript itshape bfseries LARGE small item itemsep parskip setlength reason closer"
)
_WORDS += " codepoint toprule midrule bottomrule endhead endfoot multicolumn ss ae AE oe OE o O l L i H u v r c d b S"
_WORDS += " copyright textbullet"
_MATHS = "mathrm mathbf mathsf boldsymbol frac dfrac sqrt text cdot odot times div pm to leftarrow approx infty le ge"
_MATHS += " ne surd partial nabla in ldots quad qquad thinspace sum prod operatorname exp log sin cos tan sinh cosh"
_MATHS += " tanh arcsin arccos arctan max min lvert rvert lfloor rfloor lceil rceil left right Bigl Bigr top hat"
_MATHS += " phantom lbrace rbrace"
_MATHS += (
    " backslash sim vert alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau"
)
_MATHS += " upsilon varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_KNOWN = {f"\\{word}" for word in f"{_WORDS} {_MATHS}".split()} | {"\\" + c for c in "\\{}$&#%_^'`\"~=., "} | {"\\\\*"}
_OF_MATHS = {f"\\{word}" for word in _MATHS.split()} - {"\\quad", "\\qquad"}
_OF_WORDS = {f"\\{word}" for word in ("text", "textit", "textbf", "reason", "multicolumn")}
# arguments that are neither words nor mathematics, and what the rest reads like
_ARGUMENTS = (
    (r"\\reason\{[\d.]+em\}", r"\\reason"),
    (r"\\multicolumn\{3\}\{@\{\}l@\{\}\}", r"\\multicolumn"),
    (r"\\codeframe\{[0-9A-F]{4,6}\}", ""),
    (r"(\\begin\{alignat\*\})\{2\}", r"\1"),
    (r"(\\begin\{longtable\})\{@\{\}(?:l|p\{[\d.]+em\})+@\{\}\}", r"\1"),
)
_ALIGNED = ("align*", "alignat*")
_ROWS = (*_ALIGNED, "longtable", "cases")
_ENVIRONMENTS = ("document", "center", "quote", "itemize", *_ROWS)
_CODEPOINT = re.compile(r"\\codepoint\{([0-9A-F]{4,6})\}\{(.)\}", flags=re.DOTALL)


def read(document: str) -> str:
    """The body of the document. An assertion fails where a command is unknown or stands where it may not."""
    head, begin, body = document.partition("\\begin{document}")
    assert begin
    for command in re.findall(r"\\([A-Za-z]+)", re.sub(r"%.*", "", head)):
        assert command in _HEAD.split(), command
    assert head.isascii()
    assert body.endswith("\\end{document}\n")
    assert all(chr(int(number, 16)) == c for number, c in _CODEPOINT.findall(body))
    plain = _CODEPOINT.sub("", body)
    assert plain.isascii()
    assert plain.replace("\n", "").isprintable()
    _check(body[: -len("\\end{document}\n")])
    return body


def _check(body: str) -> None:
    """Braces, environments and formulas are closed in the order they were opened; rows and columns are in tables."""
    text = _CODEPOINT.sub("", body)
    for pattern, plain in _ARGUMENTS:
        text = re.sub(pattern, plain, text)
    open_: list[str] = []
    before = ""
    for token in _TOKEN.findall(text):
        if token.startswith(("\\begin", "\\end{")):
            _environment(token, open_)
        else:
            _one(token, before, open_)
        before = token
    assert open_ == []


def _environment(token: str, open_: list[str]) -> None:
    word, name = re.fullmatch(r"\\(begin|end)\{([a-z*]+)\}", token).groups()
    assert name in _ENVIRONMENTS, name
    if word == "end":
        assert open_.pop() == name
        return
    assert name not in _ALIGNED or not open_, f"{name} within {open_}"
    open_.append(name)


def _one(token: str, before: str, open_: list[str]) -> None:
    maths = next((place != "words" for place in reversed(open_) if place in ("$", "words", *_ALIGNED)), False)
    if token == "$" and maths:
        assert open_.pop() == "$", "a formula ends within what began in it"
    elif token == "$":
        open_.append("$")
    elif token == "{":
        open_.append("words" if before in _OF_WORDS else "{")
    elif token == "}":
        assert open_.pop() in ("{", "words"), "a brace closes what is no brace"
    elif token in ("&", "\\\\", "\\\\*"):
        assert open_, f"{token} outside of a table"
        assert open_[-1] in _ROWS, f"{token} within {open_}"
    elif token in ("^", "_"):
        assert maths, f"{token} among words"
    elif token[0] == "\\":
        assert token in _KNOWN, token
        assert maths or token not in _OF_MATHS, f"{token} among words"
    else:
        assert token[0] not in "#~%", token

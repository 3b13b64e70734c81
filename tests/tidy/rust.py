"""Read Rust just well enough for the house rules: code without comments, functions, names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

# Raw strings first, then strings, characters (not lifetimes), and both kinds of comments.
_TOKEN = re.compile(
    r"""
    (?P<raw>\bb?r(?P<hash>\#*)".*?"(?P=hash))
  | (?P<string>b?"(?:\\.|[^"\\])*")
  | (?P<char>b?'(?:\\(?:x[0-9a-fA-F]{2}|u\{[^}]*\}|.)|[^'\\])')
  | (?P<line>//[^\n]*)
  | (?P<block>/\*)
    """,
    re.VERBOSE | re.DOTALL,
)
_FN = re.compile(r"\bfn\s+([A-Za-z_]\w*)")
_DEFINITION = re.compile(
    r"\b(?:fn|struct|enum|trait|mod|type|const|static|union|macro_rules!)\s+"
    r"(?:mut\s+)?([A-Za-z_]\w*)"
)
_BINDING = re.compile(r"\blet\s+(?:mut\s+)?([a-z_]\w*)")
_TYPED = re.compile(r"(?<![:\w])([a-z_]\w*)\s*:(?!:)")


@dataclass(frozen=True)
class Function:
    """A function with a body: its name, first line and the number of lines between the braces."""

    name: str
    line: int
    length: int


@cache
def code_of(text: str) -> str:
    """Blank comments and the inside of strings; keep every line where it is.

    Examples
    --------
    >>> code_of('let a = "fn x"; // f64')
    'let a =       ;       '
    """
    out: list[str] = []
    at = 0
    while match := _TOKEN.search(text, at):
        out.append(text[at : match.start()])
        end = _end_of_block(text, match.start()) if match["block"] else match.end()
        out.append(re.sub(r"[^\n]", " ", text[match.start() : end]))
        at = end
    out.append(text[at:])
    return "".join(out)


def _end_of_block(text: str, start: int) -> int:
    """Find the end of a block comment; Rust nests them."""
    depth, at = 0, start
    for match in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if match[0] == "/*" else -1
        at = start + match.end()
        if depth == 0:
            return at
    return len(text)


def functions(text: str) -> Iterator[Function]:
    """Yield every function that has a body, nested ones too."""
    code = code_of(text)
    for match in _FN.finditer(code):
        opening = _body_start(code, match.end())
        if opening is None:
            continue
        closing = _matching_brace(code, opening)
        line = code.count("\n", 0, match.start()) + 1
        yield Function(match[1], line, max(code.count("\n", opening, closing) - 1, 0))


def _body_start(code: str, at: int) -> int | None:
    """Find the brace that opens the body, or None for a declaration that ends with `;`."""
    depth = 0
    for index in range(at, len(code)):
        char = code[index]
        if char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif depth == 0 and char == "{":
            return index
        elif depth == 0 and char == ";":
            return None
    return None


def _matching_brace(code: str, opening: int) -> int:
    depth = 0
    for index in range(opening, len(code)):
        if code[index] == "{":
            depth += 1
        elif code[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    return len(code)


@cache
def definitions(text: str) -> tuple[tuple[int, str], ...]:
    """Return (line, name) of items, bindings, fields and parameters."""
    return tuple(
        (number, match[1])
        for number, line in enumerate(code_of(text).splitlines(), start=1)
        for pattern in (_DEFINITION, _BINDING, _TYPED)
        for match in pattern.finditer(line)
    )


def function_names(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of every function, with or without a body."""
    code = code_of(text)
    for match in _FN.finditer(code):
        yield code.count("\n", 0, match.start()) + 1, match[1]

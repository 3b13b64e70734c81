"""A TOML file as it was written: every key known, every value of its type, or an error with a line.

The first of the two steps of a configuration. `read_document` parses; `Document.section` hands out
one table against a list of `Key`, filling in defaults. Nothing here knows what the values mean.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

from py_rt.errors import ConfigError

__all__ = ["REQUIRED", "Document", "Key", "nearest", "read_document"]

REQUIRED: Any = object()
"""The default of a key that must be written."""

Kind = Literal["text", "texts", "number", "whole", "flag", "table", "texts by name"]
_KINDS: dict[Kind, str] = {
    "text": 'text in quotes, such as "paper"',
    "texts": 'a list of texts, such as ["BTC/USD"]',
    "number": "a number",
    "whole": "a whole number",
    "flag": "true or false",
    "table": "a table",
    "texts by name": 'a table of texts, such as { USDT = "1000" }',
}


_FIELD = re.compile(r"^([^.\[]+)(?:\[(\d+)\])?(?:\.([^.]+))?")


@dataclass(frozen=True, slots=True)
class Key:
    """What one key may hold."""

    kind: Kind
    default: Any = REQUIRED
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file, with what is needed to point at a line of it."""

    path: str
    text: str
    values: Mapping[str, Any]

    def section(
        self, name: str, keys: Mapping[str, Key], index: int | None = None
    ) -> dict[str, Any]:
        """Return one table, checked, with defaults filled in.

        Parameters
        ----------
        name : str
            The table's name.
        keys : mapping of str to Key
            Every key that it may hold.
        index : int, optional
            Which of an array of tables.

        Raises
        ------
        ConfigError
            An unknown key, a missing one, a wrong type or range.
        """
        raw = self.values.get(name, {})
        if index is not None:
            raw = raw[index]
        if not isinstance(raw, dict):
            raise self.error("is not a table", name, remedy=f"write it as [{name}]")
        self.known(raw, keys, name, index)
        return {key: self._value(raw, name, key, rule, index) for key, rule in keys.items()}

    def tables(self, name: str) -> int:
        """Return how many ``[[name]]`` there are.

        Raises
        ------
        ConfigError
            It is written as one table.
        """
        raw = self.values.get(name, [])
        if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
            raise self.error("is not a list of tables", name, remedy=f"write it as [[{name}]]")
        return len(raw)

    def known(
        self, raw: Iterable[str], keys: Iterable[str], section: str = "", index: int | None = None
    ) -> None:
        """Refuse the first key of `raw` that is not in `keys`, naming the nearest known one.

        Raises
        ------
        ConfigError
            There is one.
        """
        allowed = list(keys)
        for key in raw:
            if key not in allowed:
                near = nearest(key, allowed)
                listing = ", ".join(allowed)
                hint = f"did you mean {near}? " if near else ""
                what = "unknown key" if section else "unknown section"
                place = _dotted(section, key, index)
                raise self.error(what, place, remedy=f"{hint}Known: {listing}")

    def error(self, what: str, field: str, remedy: str) -> ConfigError:
        """Build the error that points at `field` of this file."""
        return ConfigError(what, field=field, file=self.path, line=self._line(field), remedy=remedy)

    def _value(
        self, raw: Mapping[str, Any], section: str, key: str, rule: Key, index: int | None
    ) -> Any:
        place = _dotted(section, key, index)
        if key not in raw:
            if rule.default is REQUIRED:
                raise self.error("is missing", place, remedy=f"add {key} = {_KINDS[rule.kind]}")
            return rule.default
        value = raw[key]
        if not _is_kind(value, rule.kind):
            raise self.error(
                f"{value!r} is of the wrong type", place, remedy=f"write {_KINDS[rule.kind]}"
            )
        if rule.choices and value not in rule.choices:
            listing = ", ".join(f'"{choice}"' for choice in rule.choices)
            raise self.error(f"{value!r} is not known", place, remedy=f"use one of {listing}")
        low, high = rule.least, rule.most
        if (low is not None and value < low) or (high is not None and value > high):
            end = low if low is not None and value < low else high
            span = " and ".join(
                part
                for part in (
                    f"at least {low}" if low is not None else "",
                    f"at most {high}" if high is not None else "",
                )
                if part
            )
            remedy = f"use {span}; the nearest is {end}"
            raise self.error(f"{value} is out of range", place, remedy=remedy)
        return value

    def _line(self, field: str) -> int | None:
        """Find the line where a dotted field is written, or its table begins."""
        match = _FIELD.match(field)
        assert match, field
        name, place, key = match.groups()
        table, _, last = field.rpartition(".")
        nested = self._line_in(table, 0, last) if "." in table else None
        return nested or self._line_in(name, int(place or 0), key)

    def _line_in(self, name: str, skip: int, key: str | None) -> int | None:
        header = re.compile(rf"^\s*\[\[?\s*{re.escape(name)}\s*\]\]?\s*(#.*)?$")
        wanted = re.compile(rf"^\s*[\"']?{re.escape(key or '')}[\"']?\s*=")
        found: int | None = None
        for number, line in enumerate(self.text.splitlines(), start=1):
            if header.match(line):
                skip -= 1
                if skip < 0 and found is None:
                    found = number
            elif re.match(r"^\s*\[", line) and found is not None:
                break
            elif found is not None and key and wanted.match(line):
                return number
        return found


def read_document(path: str | os.PathLike[str], sections: Iterable[str]) -> Document:
    """Read a TOML file and refuse unknown sections.

    Parameters
    ----------
    path : path-like
    sections : iterable of str
        The tables that the file may hold.

    Raises
    ------
    ConfigError
        The file cannot be read, is not TOML, or has a section that is not known.

    Examples
    --------
    >>> read_document("missing.toml", ["run"])
    Traceback (most recent call last):
    ...
    py_rt.errors.ConfigError: there is no such file; file missing.toml; check the path
    """
    shown = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError("there is no such file", file=shown, remedy="check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot be read: {error}", file=shown, remedy="give a readable text file in UTF-8"
        ) from None
    try:
        values = tomllib.loads(text, parse_float=_WrittenFloat)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"is not TOML: {error}", file=shown, remedy="correct the line; texts stand in quotes"
        ) from None
    document = Document(shown, text, values)
    document.known(values, sections)
    return document


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like `word`, when one is.

    Examples
    --------
    >>> nearest("sybols", ["symbols", "seconds"])
    'symbols'
    """
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return close[0] if close else None


class _WrittenFloat(float):
    """A float that remembers its text, so that money is read exactly."""

    text: str

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text.replace("_", "")
        return made

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[Any, ...]:
        return (float, (float(self),))


def _dotted(section: str, key: str, index: int | None) -> str:
    numbered = f"{section}[{index}]" if index is not None else section
    return f"{numbered}.{key}" if section else key


def _is_kind(value: Any, kind: Kind) -> bool:
    if kind == "text":
        return isinstance(value, str)
    if kind == "texts":
        return isinstance(value, list) and all(isinstance(entry, str) for entry in value)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if kind == "texts by name":
        return isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    return isinstance(value, dict)

"""What a command says: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Output", "number", "plain_json"]


@dataclass(frozen=True, slots=True)
class Output:
    """How one command speaks.

    Attributes
    ----------
    as_json : bool
        Exactly one JSON object on stdout.
    quiet : bool
        No notes, no progress, and no table.
    debug : bool
        Errors are shown with their traceback.
    """

    as_json: bool = False
    quiet: bool = False
    debug: bool = False

    def result(self, values: Mapping[str, Any]) -> bool:
        """Print the JSON object if that is wanted; say whether a person wants a table instead."""
        if self.as_json:
            sys.stdout.write(plain_json(values) + "\n")
            sys.stdout.flush()
        return not (self.as_json or self.quiet)

    def note(self, text: str) -> None:
        """Say something on stderr."""
        if not self.quiet:
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def table(self, title: str, rows: Iterable[Iterable[str]], columns: Iterable[str] = ()) -> None:
        """Print a table on stdout; without column names, two columns of names and values."""
        from rich import box
        from rich.console import Console
        from rich.table import Table

        named = list(columns)
        shown = Table(title=title, title_justify="left", box=box.SIMPLE, show_header=bool(named))
        lines = [list(row) for row in rows]
        for index in range(max((len(line) for line in lines), default=len(named))):
            label = named[index] if index < len(named) else ""
            first = index == 0
            shown.add_column(label, overflow="fold", no_wrap=first, style="bold" if first else None)
        for line in lines:
            shown.add_row(*line)
        Console(highlight=False).print(shown)


def plain_json(values: Any) -> str:
    """Write values as JSON, with null for what JSON cannot say.

    Examples
    --------
    >>> plain_json({"sharpe": float("nan"), "n": 3})
    '{"sharpe": null, "n": 3}'
    """
    return json.dumps(_plain(values), default=str)


def number(value: Any, kind: str = "") -> str:
    """Write a statistic for a person: ``kind`` "%" for shares, "" for numbers; None is a dash.

    Examples
    --------
    >>> number(0.0123, "%"), number(None), number(1234567), number(1.5)
    ('1.23 %', '-', '1,234,567', '1.50')
    """
    if value is None:
        return "-"
    if kind == "%":
        return f"{value * 100:.2f} %"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    item = getattr(value, "item", None)  # a NumPy scalar
    return _plain(item()) if callable(item) and getattr(value, "shape", None) == () else value

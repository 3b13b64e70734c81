"""What a look at the data found: issues, and the report that lists them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np

from py_rt.errors import DataError

__all__ = ["IssueLog", "QualityIssue", "QualityReport", "Severity"]

Severity = Literal["error", "warning"]
ROWS_KEPT = 10_000
_SHAPE_KINDS = frozenset({"schema", "encoding", "truncated", "empty", "naive_time", "timezone"})


@dataclass(frozen=True)
class QualityIssue:
    """One kind of defect.

    Attributes
    ----------
    kind : str
        schema encoding truncated empty timezone naive_time bar_stamp disorder duplicate missing nan
        nonpositive ohlc crossed gap stale outlier split mixed_symbols checksum sequence.
    severity : {"error", "warning"}
    rows : tuple of int
        0-based rows of the source, the first 10,000 of them; empty when it concerns no single row.
    symbol : str or None
    message : str
        What and where.
    suggestion : str
        What to do.
    column : str or None
    file : str or None
        Where several are read, or where a line is known.
    line : int or None
        1-based line in the file of the first row, of text files.
    """

    kind: str
    severity: Severity
    rows: tuple[int, ...]
    symbol: str | None
    message: str
    suggestion: str
    column: str | None = None
    file: str | None = None
    line: int | None = None

    @property
    def structural(self) -> bool:
        """True when no choice of ``quality=`` can get past it."""
        return self.severity == "error" and self.kind in _SHAPE_KINDS

    def to_error(self, others: int = 0) -> DataError:
        """Turn the issue into the error that refuses the data."""
        more = f" (and {others} more issues: py_rt.data.check lists them)" if others else ""
        return DataError(
            self.message + more,
            field=self.column,
            row=self.rows[0] if self.rows else None,
            symbol=self.symbol,
            file=self.file,
            line=self.line,
            remedy=self.suggestion,
            kind=self.kind,
        )


class IssueLog:
    """Collects issues while a source is read, and notes on what was assumed."""

    def __init__(self) -> None:
        self.issues: list[QualityIssue] = []
        self.notes: list[str] = []

    def add(
        self,
        kind: str,
        severity: Severity,
        message: str,
        suggestion: str,
        *,
        rows: Iterable[int] = (),
        symbol: str | None = None,
        column: str | None = None,
        file: str | None = None,
        line: int | None = None,
    ) -> QualityIssue:
        """Record one issue; ``rows`` may be any iterable of row numbers."""
        listed = tuple(int(row) for row in np.asarray(rows, dtype=np.int64).ravel()[:ROWS_KEPT])
        where = (symbol, message, suggestion, column, file, line)
        issue = QualityIssue(kind, severity, listed, *where)
        self.issues.append(issue)
        return issue

    def refuse(self, *args: Any, **where: Any) -> DataError:
        """Record an error that stops the reading at once; raise what it returns."""
        kind, message, suggestion = args
        return self.add(kind, "error", message, suggestion, **where).to_error()

    def locate(self, since: int, file: str | None, line_of: Callable[[int], int] | None) -> None:
        """Say of the issues from number ``since`` on in which file and line they are."""
        for at in range(since, len(self.issues)):
            issue = self.issues[at]
            line = line_of(issue.rows[0]) if line_of and issue.rows else None
            self.issues[at] = replace(
                issue, file=issue.file or file, line=line if issue.line is None else issue.line
            )

    def note(self, text: str) -> None:
        """Record something that was assumed or changed."""
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True, repr=False)
class QualityReport:
    """The result of ``py_rt.data.check``.

    Attributes
    ----------
    source : str
    issues : tuple of QualityIssue
    notes : tuple of str
        What was guessed: column names, units of time, bar stamp, instruments.
    facts : dict
        ``kinds rows symbols start end bar_stamp`` as far as they are known.

    Examples
    --------
    >>> import py_rt.data
    >>> report = py_rt.data.check("sample:us_minute")
    >>> report.ok, report.issues
    (True, ())
    """

    source: str
    issues: tuple[QualityIssue, ...]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """True when no issue is an error."""
        return not any(issue.severity == "error" for issue in self.issues)

    @property
    def errors(self) -> tuple[QualityIssue, ...]:
        """The issues that make ``load`` refuse."""
        return tuple(issue for issue in self.issues if issue.severity == "error")

    @property
    def warnings(self) -> tuple[QualityIssue, ...]:
        """The issues that ``load`` lets pass with a note."""
        return tuple(issue for issue in self.issues if issue.severity == "warning")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "source": self.source,
            "ok": self.ok,
            "issues": [asdict(issue) for issue in self.issues],
            "notes": list(self.notes),
            "facts": dict(self.facts),
        }

    def to_frame(self) -> Any:
        """Return the issues as a pandas DataFrame, one row each."""
        import pandas as pd

        names = [part.name for part in fields(QualityIssue)]
        return pd.DataFrame([asdict(issue) for issue in self.issues], columns=names)

    def __repr__(self) -> str:
        verdict = "ok" if self.ok else "refused"
        counts = f"{len(self.errors)} errors, {len(self.warnings)} warnings"
        lines = [f"QualityReport of {self.source or 'data'}: {verdict} ({counts})"]
        lines += [f"  {name:<11}{value}" for name, value in self.facts.items()]
        for issue in self.issues:
            place = f"rows {_row_text(issue.rows)}" if issue.rows else ""
            owner = issue.symbol or ""
            lines.append(
                f"  {issue.severity:<8} {issue.kind:<13} {owner:<9} {place:<18} {issue.message}"
            )
            lines.append(f"  {'':<8} {'':<13} {'':<9} {'':<18} -> {issue.suggestion}")
        lines += [f"  note     {note}" for note in self.notes]
        return "\n".join(lines)


def _row_text(rows: tuple[int, ...]) -> str:
    shown = ", ".join(str(row) for row in rows[:3])
    return shown + (f", ... ({len(rows)})" if len(rows) > 3 else "")

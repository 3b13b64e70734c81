"""``py-rt data list``, ``check`` and ``load``."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from py_rt._times import format_ns
from py_rt.cli.output import Output, number
from py_rt.cli.research import load_source
from py_rt.data import check, samples

__all__ = ["run_check", "run_list", "run_load"]

_DATA_WRONG = 3


def run_list(output: Output) -> None:
    """List the samples."""
    entries = samples()
    if output.result({"samples": [entry.to_dict() for entry in entries]}):
        rows = [
            (
                entry.name,
                ", ".join(entry.kinds),
                str(len(entry.symbols)),
                number(entry.rows),
                entry.description,
            )
            for entry in entries
        ]
        output.table("samples", rows, ("name", "kinds", "symbols", "rows", "what it is"))
        output.note(
            "use one as --data sample:NAME; attribution and licence: py-rt data list --json"
        )


def run_check(source: str, form: str | None, output: Output) -> None:
    """Show what is wrong with a source; exit 3 when it would be refused."""
    report = check(source, format=form)
    if output.result(report.to_dict()):
        rows = [
            (
                issue.severity,
                issue.kind,
                issue.symbol or "",
                ", ".join(map(str, issue.rows[:5])) + (" ..." if len(issue.rows) > 5 else ""),
                f"{issue.message}; {issue.suggestion}",
            )
            for issue in report.issues
        ]
        if rows:
            output.table(source, rows, ("severity", "kind", "symbol", "rows", "what to do"))
        output.note(f"{source}: {'ok' if report.ok else 'not usable as it is'}")
    if not report.ok:
        raise typer.Exit(_DATA_WRONG)


def run_load(source: Mapping[str, str | None], form: str | None, output: Output) -> None:
    """Show what loading gives."""
    data = load_source(source, form)
    shown = {
        "name": data.name,
        "kinds": list(data.kinds),
        "symbols": list(data.symbols),
        "rows": len(data),
        "start": None if data.start is None else format_ns(data.start),
        "end": None if data.end is None else format_ns(data.end),
        "sha256": data.content_hash(),
        "instruments": [known.to_dict() for known in data.instruments],
        "notes": list(data.notes),
    }
    if output.result(shown):
        rows = [(k, ", ".join(v) if isinstance(v, list) else str(v)) for k, v in shown.items()
                if k not in ("instruments", "notes")]  # fmt: skip
        output.table(str(source["data"]), rows)
        columns = ("symbol", "tick_size", "lot_size", "min_qty", "currency")
        listed = [[str(known.to_dict()[name]) for name in columns] for known in data.instruments]
        output.table("instruments", listed[:20], columns)
        for text in data.notes:
            output.note(text)

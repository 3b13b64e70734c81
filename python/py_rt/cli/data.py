"""``py-rt data list``, ``check`` and ``load``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from py_rt._times import format_ns
from py_rt.cli.output import Output, number
from py_rt.cli.research import load_source
from py_rt.data import Catalog, check, sample, samples

if TYPE_CHECKING:
    from py_rt.market import MarketData

__all__ = ["run_check", "run_coverage", "run_list", "run_load"]

_DATA_WRONG = 3


def run_list(output: Output) -> None:
    """List the samples."""
    entries = samples()
    spans = {entry.name: _span(sample(entry.name)) for entry in entries}
    if output.result({"samples": [{**e.to_dict(), **spans[e.name]} for e in entries]}):
        rows = [
            (
                entry.name,
                ", ".join(entry.kinds),
                str(len(entry.symbols)),
                number(entry.rows),
                _size(entry.size_bytes),
                f"{spans[entry.name]['start'][:10]} to {spans[entry.name]['end'][:10]}",
                entry.description,
            )
            for entry in entries
        ]
        names = ("name", "kinds", "symbols", "rows", "size", "span", "what it is")
        output.table("samples", rows, names)
        output.note(
            "use one as --data sample:NAME; attribution and licence: py-rt data list --json"
        )


def run_coverage(path: str, output: Output) -> None:
    """Show what a catalog holds."""
    catalog = Catalog(path)
    table = catalog.coverage()
    entries = [
        {**row, "start": row["start"].isoformat(), "end": row["end"].isoformat()}
        for row in table.to_dict("records")
    ]
    if output.result({"catalog": catalog.path, "coverage": entries}):
        rows = [
            (
                str(row["symbol"]),
                str(row["kind"]),
                number(int(row["rows"])),
                str(row["files"]),
                _size(int(row["size_bytes"])),
                f"{row['start'][:16]} to {row['end'][:16]}",
            )
            for row in entries
        ]
        output.table(catalog.path, rows, ("symbol", "kind", "rows", "files", "size", "span"))


def _span(data: MarketData) -> dict[str, str]:
    first, last = data.start or 0, data.end or 0
    return {"start": format_ns(first), "end": format_ns(last)}


def _size(count: int) -> str:
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"


def run_check(source: str, how: Mapping[str, Any], output: Output) -> None:
    """Show what is wrong with a source; exit 3 when it would be refused."""
    report = check(source, **how)
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


def run_load(
    source: Mapping[str, str | None], how: Mapping[str, Any], into: str | None, output: Output
) -> None:
    """Show what loading gives; keep it in a catalog when one is named."""
    data = load_source(source, **how)
    written = None if into is None else Catalog(into).write(data)
    shown: dict[str, Any] = {
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
    if written is not None:
        shown |= {"added": written.added, "present": written.present}
    if output.result(shown):
        rows = [(k, ", ".join(v) if isinstance(v, list) else str(v)) for k, v in shown.items()
                if k not in ("instruments", "notes")]  # fmt: skip
        output.table(str(source["data"]), rows)
        columns = ("symbol", "tick_size", "lot_size", "min_qty", "currency")
        listed = [[str(known.to_dict()[name]) for name in columns] for known in data.instruments]
        output.table("instruments", listed[:20], columns)
        for text in data.notes:
            output.note(text)

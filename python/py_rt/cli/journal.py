"""``py-rt journal`` and ``py-rt explain``: the journal as an audit log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from py_rt.cli.output import Output
from py_rt.errors import ParameterError
from py_rt.trade.export import FORMATS, export_journal
from py_rt.trade.journal import Journal, JournalCheck, rebuild_store
from py_rt.trade.stories import entry_text, explain

__all__ = ["run_explain", "run_export", "run_rebuild", "run_tail", "run_verify"]


def run_verify(path: Path, root: str | None, output: Output) -> None:
    """Verify, show what was found, and exit 1 when the journal is damaged."""
    found = Journal(path).verify(root)
    if output.result(found.to_dict()):
        _show_check(found, output)
    if found.damage is not None:
        place = f"{found.damage.file}, byte {found.damage.offset}, record {found.damage.sequence}"
        output.note(f"damaged: {place}")
        output.note(f"  {found.damage.what}")
    if not found.ok:
        raise typer.Exit(1)


def _show_check(found: JournalCheck, output: Output) -> None:
    rows = [
        ("chain", "whole" if found.ok else "DAMAGED"),
        ("records", f"{found.records:,}"),
        ("segments", f"{found.segments:,}, from {found.first_segment:,}"),
        ("sessions", f"{found.sessions:,}, {found.ended:,} ended cleanly"),
        ("root", found.root),
    ]
    if found.first_segment > 1:
        rows.append(("root before", found.root_before))
    if found.root_found_at is not None:
        rows.append(("root found", f"after record {found.root_found_at:,}"))
    if found.torn_bytes:
        rows.append(("torn tail", f"{found.torn_bytes:,} bytes; never sent"))
    output.table("journal", rows)
    output.table("records", ((kind, f"{n:,}") for kind, n in found.kinds.items()))


def run_tail(path: Path, count: int, *, follow: bool, output: Output) -> None:
    """Print the last entries, and those to come when they are followed."""
    if count < 0:
        raise ParameterError("the number of entries must be 0 or more", field="-n")
    journal = Journal(path)
    for entry in journal.follow(count) if follow else journal.tail(count):
        line = json.dumps(entry) if output.as_json else entry_text(entry)
        sys.stdout.write(line + "\n")
        if follow:
            sys.stdout.flush()


def run_export(path: Path, form: str | None, to: Path | None, output: Output) -> None:
    """Write the journal in another format, to a file or stdout."""
    form = form or (to.suffix.lstrip(".") if to is not None else "jsonl")
    if form not in FORMATS:
        remedy = "give --format " + " or ".join(FORMATS)
        raise ParameterError(f"there is no format {form!r}", field="--format", remedy=remedy)
    if to is None:
        export_journal(Journal(path), form, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    part = to.with_name(to.name + ".part")
    with part.open("wb") as file:
        count = export_journal(Journal(path), form, file)
    part.replace(to)
    if output.result({"entries": count, "file": str(to), "format": form}):
        output.note(f"{count:,} entries are in {to}")


def run_rebuild(state_dir: Path, output: Output) -> None:
    """Write the tables anew."""
    sessions, events = rebuild_store(state_dir)
    shown: dict[str, Any] = {"sessions": sessions, "events": events}
    if output.result(shown):
        output.table("store", [(name, f"{value:,}") for name, value in shown.items()])


def run_explain(order: str, path: Path, output: Output) -> None:
    """Tell the story of an order."""
    story = explain(path, order)
    if output.result(story.to_dict()):
        sys.stdout.write(story.to_text() + "\n")

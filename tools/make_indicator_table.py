"""Write the tables of docs/indicators.md from the compiled catalog, between their marks.

python tools/make_indicator_table.py
"""

from __future__ import annotations

from pathlib import Path

from py_rt._core.indicators import catalog

PAGE = Path(__file__).resolve().parent.parent / "docs" / "indicators.md"


def shown(kind: str, default: float | None) -> str:
    """Write a default as a constructor takes it."""
    if default is None:
        return ""
    if kind == "average":
        return '="SMA"'
    return f"={int(default)}" if kind == "whole" else f"={default:g}"


def table(*, features: bool) -> str:
    """Return the table of every indicator, or of every feature of fixed columns."""
    head = ["name and parameters", "inputs", "lines"]
    head += [] if features else ["TA-Lib", "where it differs"]
    rows = [head, ["---"] * len(head)]
    for name, columns, lines, parameters, talib, note, positive in catalog(features):
        given = ", ".join(f"{word}{shown(kind, default)}" for word, kind, default in parameters)
        inputs = " ".join(columns) + (" (> 0)" if positive else "")
        row = [f"`{name}({given})`", inputs, " ".join(lines) if lines != ["value"] else ""]
        rows.append(row if features else [*row, talib, note])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def page_with_tables(page: str) -> str:
    """Return the page with both tables as they must be."""
    for word, features in (("indicators", False), ("features", True)):
        begin, end = f"<!-- {word}: begin -->\n", f"\n<!-- {word}: end -->"
        before, _, rest = page.partition(begin)
        _, found, after = rest.partition(end)
        if not found:
            raise SystemExit(f"{PAGE} has no mark {begin.strip()} ... {end.strip()}")
        page = f"{before}{begin}\n{table(features=features)}\n{end}{after}"
    return page


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")

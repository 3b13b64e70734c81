"""How time and memory grow with the rows of a run, from 10^5 to 10^8.

python benches/growth.py [--most 1e8] [--plot docs/images/growth.svg]

Each size is a file of rows made of the bundled recording, laid end to end, and each run a process
of its own. Prints a table; the memory is the peak of the whole process.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from run import describe_commit, describe_machine

import py_rt as rt

SAMPLE = "btcusdt_l2"
RUNS = ("bench_touch", "market_maker")
REPEATS = 3
CHILD = """
import json, sys, time
import py_rt as rt

data = rt.data.load(sys.argv[1])
wide = 10**14
risk = rt.RiskLimits(
    max_order_notional=wide, max_position_notional=wide, max_gross_notional=wide,
    max_daily_loss=wide, max_drawdown=1, max_leverage=100,
)
begun = time.perf_counter()
result = rt.backtest(
    rt.StrategyFactory.create(sys.argv[2]), data, risk=risk, cash=10**9, progress=False
)
elapsed = time.perf_counter() - begun
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
print(json.dumps({"elapsed_s": elapsed, "peak_mib": peak / 1024, "events": result.events,
                  "orders": result.stats.n_orders}))
"""


def main(words: list[str]) -> int:
    """Measure every size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=float, default=1e8, help="rows of the longest run")
    parser.add_argument("--plot", type=Path, help="where to write the picture")
    asked = parser.parse_args(words)
    print(f"{describe_machine()} | commit {describe_commit()} | {SAMPLE}, laid end to end")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in RUNS}
    size = 100_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.rows"
        while size <= asked.most:
            write(path, size)
            for name in RUNS:
                found[name].append(measure(path, name))
                print(shown(name, found[name][-1]), flush=True)
            size *= 10
    if asked.plot:
        asked.plot.write_text(picture(found), encoding="utf-8")
        print(f"the picture is {asked.plot}")
    return 0


def write(path: Path, size: int) -> None:
    """Lay the sample end to end until there are ``size`` rows."""
    sample = rt.data.sample(SAMPLE)
    rows = np.array(sample.events())
    span = int(rows["ts_recv"][-1] - rows["ts_recv"][0]) + 1_000_000
    left = size
    with rt.data.RowsWriter(path, sample.instruments, SAMPLE) as out:
        while left > 0:
            out.append(rows[:left])
            left -= len(rows)
            rows["ts_event"] += span
            rows["ts_recv"] += span


def measure(path: Path, name: str) -> dict[str, Any]:
    """Return the run of median time among some."""
    command = [sys.executable, "-c", CHILD, str(path), name]
    told = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(REPEATS)
    ]
    return dict(sorted(told, key=lambda one: float(one["elapsed_s"]))[REPEATS // 2])


def shown(name: str, one: dict[str, Any]) -> str:
    """Return a line of the table."""
    rate = one["events"] / one["elapsed_s"] / 1e6
    return (
        f"{name:14} {one['events']:>13,} rows {one['elapsed_s']:>9.3f} s {rate:>7.1f} M/s "
        f"{one['peak_mib']:>7.0f} MiB {one['orders']:>9,} orders"
    )


def picture(found: dict[str, list[dict[str, Any]]]) -> str:
    """Return both axes of the growth as SVG: seconds, and MiB, over rows; all logarithmic."""
    style = 'font-family="sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 330" {style}>',
        '<rect width="860" height="330" fill="white"/>',
    ]
    panels = (("elapsed_s", "seconds of a run", -2, 2), ("peak_mib", "MiB at most", 1, 3))
    for place, (key, title, low, high) in enumerate(panels):
        left = 60 + place * 430
        parts.append(frame(left, title, low, high))
        for name, colour in zip(RUNS, ("#1f6feb", "#d1495b"), strict=True):
            points = [(one["events"], one[key]) for one in found[name]]
            parts.append(line(points, left, (low, high), colour))
            dy = 62 + 18 * RUNS.index(name)
            parts.append(f'<text x="{left + 12}" y="{dy}" fill="{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>\n"])


def spot(x: float, y: float, left: int, span: tuple[int, int]) -> tuple[float, float]:
    """Return where a point lies: 10^5 to 10^8 rows over 340 pixels, ``span`` over 230."""
    low, high = span
    across = (np.log10(x) - 5) / 3 * 340
    up = (np.log10(y) - low) / (high - low) * 230
    return left + float(across), 275 - float(up)


def frame(left: int, title: str, low: int, high: int) -> str:
    """Return axes with a line for each power of ten."""
    parts = [f'<text x="{left}" y="28" font-weight="bold">{title}</text>']
    for power in range(low, high + 1):
        _, y = spot(1e5, 10.0**power, left, (low, high))
        parts.append(f'<path d="M{left} {y:.1f}h340" stroke="#ddd"/>')
        label = f"{10.0**power:g}"
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for power in range(5, 9):
        x, _ = spot(10.0**power, 10.0**low, left, (low, high))
        parts.append(f'<path d="M{x:.1f} 45v230" stroke="#ddd"/>')
        parts.append(
            f'<text x="{x:.1f}" y="295" text-anchor="middle">10<tspan dy="-5" font-size="9">'
            f"{power}</tspan></text>"
        )
    parts.append(f'<text x="{left + 170}" y="316" text-anchor="middle">rows</text>')
    return "\n".join(parts)


def line(points: list[tuple[int, float]], left: int, span: tuple[int, int], colour: str) -> str:
    """Return a curve with a dot at each measurement."""
    spots = [spot(x, y, left, span) for x, y in points]
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in spots)
    return f'<g stroke="{colour}" fill="{colour}"><path d="M{path}" fill="none"/>{dots}</g>'


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

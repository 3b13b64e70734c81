"""Order-by-order replay: bytes of a recording to the book, ours only.

python benches/l3_replay.py [--runs 9] [--messages 1000000]

Two jobs. "itch": a made session of one symbol (orders that come, go, are cut and executed, seed 8)
as length-prefixed ITCH 5.0, decoded in blocks into rows, the rows applied to a book by order.
"lobster": the sample day of GOOG, when it lies beside the repository: message file and book file
into rows, the rows into a book. The best levels at the end are compared with those that a
dictionary of the same orders gives; no time is printed when they differ. Writes
bench-out/l3_replay.json.
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from run import OUT, ROOT, describe_commit, describe_machine

from py_rt._core import formats, mechanics

GOAL = "first floor 10 M messages/s"
LOBSTER = ROOT.parent / "shared/data/lobster/LOBSTER_SampleFile_GOOG_2012-06-21_10.zip"
Levels = dict[tuple[int, int], int]
BLOCK = 1 << 18
"""Bytes that are decoded at once: their rows stay in the cache."""


def session(count: int) -> tuple[bytes, Levels]:
    """Make a session and the levels that are left at its end, prices in 1e-4."""
    rng = np.random.default_rng(8)
    kinds, picks = rng.random(count), rng.geometric(0.01, count)
    away, qtys = rng.geometric(0.2, count), rng.integers(2, 100, count)
    mid = 100_000 + np.cumsum((rng.random(count) < 0.02) * rng.choice([-1, 1], count))
    orders: dict[int, tuple[int, int, int]] = {}
    ids: list[int] = []
    out = bytearray()
    for at in range(count):
        head = struct.pack(">HH", 1, 0) + (34_200 * 10**9 + at * 1_000).to_bytes(6, "big")
        pick = ids[-1 - min(int(picks[at]), len(ids) - 1)] if ids else 0
        if kinds[at] < 0.5 or pick not in orders:
            side, qty = (1 if at % 2 else -1), int(qtys[at])
            price = (int(mid[at]) - side * int(away[at])) * 100
            orders[at] = (side, price, qty)
            ids.append(at)
            letter = b"B" if side > 0 else b"S"
            body = struct.pack(">Q", at) + letter + struct.pack(">I", qty) + b"MADE    "
            message = b"A" + head + body + struct.pack(">I", price)
        elif kinds[at] < 0.9:
            del orders[pick]
            message = b"D" + head + struct.pack(">Q", pick)
        else:
            side, price, qty = orders[pick]
            taken = qty // 2
            if taken == 0:
                continue
            orders[pick] = (side, price, qty - taken)
            message = b"E" + head + struct.pack(">QIQ", pick, taken, at)
        out += struct.pack(">H", len(message)) + message
    levels: Counter[tuple[int, int]] = Counter()
    for side, price, qty in orders.values():
        levels[side, price] += qty
    return bytes(out), dict(levels)


def replay_itch(data: bytes) -> tuple[int, float, Any]:
    """Return messages, seconds and the book."""
    reader = formats.ItchReader("prefixed", 0)
    book = mechanics.OrderBook("by_order")
    start = time.perf_counter()
    for at in range(0, len(data), BLOCK):
        reader.feed(data[at : at + BLOCK])
        book.apply(reader.take())
    told = reader.finish()
    return told["messages"], time.perf_counter() - start, book


def replay_lobster(halves: tuple[bytes, bytes]) -> tuple[int, float, Any]:
    """Return messages, seconds and the book."""
    reader = formats.LobsterReader(0)
    book = mechanics.OrderBook("by_order")
    start = time.perf_counter()
    reader.feed_messages(halves[0], True)
    reader.feed_book(halves[1], True)
    told = reader.finish("GOOG")
    book.apply(told["rows"])
    return told["messages"], time.perf_counter() - start, book


def lobster() -> tuple[tuple[bytes, bytes], Levels]:
    """Read the sample day and the levels of the last row of its book file."""
    with zipfile.ZipFile(LOBSTER) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".csv"))
        message, book = (archive.read(name) for name in names)
    cells = [int(cell) for cell in book.splitlines()[-1].split(b",")]
    tick = 10  # the day's tick is a tenth of a cent
    asks = {(-1, cells[at] // tick): cells[at + 1] for at in range(0, len(cells), 4)}
    bids = {(1, cells[at + 2] // tick): cells[at + 3] for at in range(0, len(cells), 4)}
    return (message, book), asks | bids


def measure(
    name: str, run: Callable[[Any], tuple[int, float, Any]], made: tuple[Any, Levels], runs: int
) -> dict[str, Any]:
    """Measure one job, after checking its book."""
    source, levels = made
    _, _, book = run(source)
    shown = {(side, p): q for side in (1, -1) for p, q in book.levels(side, 10)}
    equal = bool(shown) and all(levels.get(key) == qty for key, qty in shown.items())
    rates = []
    for _ in range(runs):
        count, seconds, _ = run(source)
        rates.append(count / seconds / 1e6)
    return {
        "row": f"L3.{name}",
        "what": f"{name}: bytes to rows to the book by order, one symbol",
        "ours": statistics.median(rates) if equal else None,
        "runs": [round(rate, 3) for rate in rates] if equal else [],
        "peer": None,
        "peer_name": "",
        "unit": "M messages/s",
        "ratio": None,
        "goal": GOAL,
        "equal_results": equal,
        "machine": describe_machine(),
        "commit": describe_commit(),
    }


def main(words: list[str]) -> int:
    """Measure what can be measured here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--messages", type=int, default=1_000_000)
    asked = parser.parse_args(words)
    OUT.mkdir(exist_ok=True)
    rows = [measure("itch", replay_itch, session(asked.messages), asked.runs)]
    if LOBSTER.is_file():
        rows.append(measure("lobster", replay_lobster, lobster(), asked.runs))
    (OUT / "l3_replay.json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        spread = f"[{min(row['runs'])}..{max(row['runs'])}]" if row["runs"] else "results differ"
        print(f"{row['row']:<12} {row['ours'] or float('nan'):8.2f} {row['unit']} {spread}")
    return 0 if all(row["equal_results"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

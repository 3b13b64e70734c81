"""Order-by-order replay: bytes of a recording to the book, ours only, in processor time.

python benches/l3_replay.py [--runs 9] [--messages 1000000]

"itch": a made session of one symbol (orders that come, go, are cut and executed, seed 8) as
length-prefixed ITCH 5.0, decoded in blocks into rows, the rows applied to a book by order.
"lobster": the sample days, when they lie beside the repository. Message file and book file are
both read to the end, every line of the book file is compared with the book of the messages, and
the rows go into a book by order. The bytes are in memory, unpacked, before the clock starts. The
best levels at the end are compared with those that a dictionary of the same orders gives; no time
is printed when they differ. Under each row stands what its stages took. Writes
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
SAMPLES = ROOT.parent / "shared/data/lobster"
LOBSTER = {
    "lobster": "LOBSTER_SampleFile_GOOG_2012-06-21_10.zip",
    "lobster1": "LOBSTER_SampleFile_AAPL_2012-06-21_1.zip",
}
Levels = dict[tuple[int, int], int]
Stages = dict[str, float]
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


class Watch:
    """Processor time by stage."""

    def __init__(self) -> None:
        self.stages: Stages = {}
        self._last = time.process_time()

    def note(self, stage: str) -> None:
        """Count what has passed since the last call for a stage."""
        now = time.process_time()
        self.stages[stage] = self.stages.get(stage, 0.0) + now - self._last
        self._last = now


def replay_itch(data: bytes) -> tuple[int, Stages, Any]:
    """Return messages, seconds of each stage and the book."""
    reader = formats.ItchReader("prefixed", 0)
    book = mechanics.OrderBook("by_order")
    watch = Watch()
    for at in range(0, len(data), BLOCK):
        reader.feed(data[at : at + BLOCK])
        rows = reader.take()
        watch.note("decode")
        book.apply(rows)
        watch.note("book")
    told = reader.finish()
    return told["messages"], watch.stages, book


def replay_lobster(halves: tuple[bytes, bytes]) -> tuple[int, Stages, Any]:
    """Return messages, seconds of each stage and the book."""
    reader = formats.LobsterReader(0)
    book = mechanics.OrderBook("by_order")
    watch = Watch()
    reader.feed_messages(halves[0], True)
    watch.note("message file")
    reader.feed_book(halves[1], True)
    watch.note("book file")
    told = reader.finish("GOOG")
    watch.note("rows handed over")
    book.apply(told["rows"])
    watch.note("book")
    return told["messages"], watch.stages, book


def lobster(sample: str) -> tuple[tuple[bytes, bytes], Levels]:
    """Read a sample day and the levels of the last row of its book file."""
    with zipfile.ZipFile(SAMPLES / sample) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".csv"))
        message, book = (archive.read(name) for name in names)
    cells = [int(cell) for cell in book.splitlines()[-1].split(b",")]
    prices = [int(line.split(b",")[4]) for line in message.splitlines()]
    tick = 10_000
    while any(price % tick for price in [*prices, *cells[::2]]):
        tick //= 10
    asks = {(-1, cells[at] // tick): cells[at + 1] for at in range(0, len(cells), 4)}
    bids = {(1, cells[at + 2] // tick): cells[at + 3] for at in range(0, len(cells), 4)}
    return (message, book), asks | bids


def measure(
    name: str, run: Callable[[Any], tuple[int, Stages, Any]], made: tuple[Any, Levels], runs: int
) -> dict[str, Any]:
    """Measure one job, after checking its book."""
    source, levels = made
    _, _, book = run(source)
    depth = min(10, len(levels) // 2)
    shown = {(side, p): q for side in (1, -1) for p, q in book.levels(side, depth)}
    equal = bool(shown) and all(levels.get(key) == qty for key, qty in shown.items())
    rates, stages = [], []
    for _ in range(runs):
        count, seconds, _ = run(source)
        rates.append(count / sum(seconds.values()) / 1e6)
        stages.append({stage: taken / count * 1e9 for stage, taken in seconds.items()})
    middle = {stage: statistics.median(run[stage] for run in stages) for stage in stages[0]}
    return {
        "row": f"L3.{name}",
        "what": f"{name}: bytes to rows to the book by order, one symbol",
        "ours": statistics.median(rates) if equal else None,
        "runs": [round(rate, 3) for rate in rates] if equal else [],
        "ns_a_message": {stage: round(taken, 1) for stage, taken in middle.items()},
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
    for name, sample in LOBSTER.items():
        if (SAMPLES / sample).is_file():
            rows.append(measure(name, replay_lobster, lobster(sample), asked.runs))
    (OUT / "l3_replay.json").write_text(json.dumps(rows, indent=1) + "\n")
    for row in rows:
        spread = f"[{min(row['runs'])}..{max(row['runs'])}]" if row["runs"] else "results differ"
        print(f"{row['row']:<12} {row['ours'] or float('nan'):8.2f} {row['unit']} {spread}")
        print("".ljust(13) + ", ".join(f"{k} {v} ns" for k, v in row["ns_a_message"].items()))
    return 0 if all(row["equal_results"] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The worker of py_rt for P16 and P17: the decoder and the books of a live session."""

from __future__ import annotations

import gzip
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.frames import SNAPSHOT, depth_frames, trade_frames
from workers.protocol import Run, serve

import py_rt as rt
from py_rt._core.formats import BinanceStream
from py_rt.market import DEPTH, EVENT_DTYPE, TRADE

RECORDING = Path(__file__).resolve().parents[3] / "shared/data/binance_ws/usdm_btcusdt_20240808.gz"
URL = b"/depth?symbol=BTCUSDT"
BATCH = 200
"""Frames, after which the rows are handed over."""
RECV = 1_700_000_000_000_000_000


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    kind, _, way = job.partition(":")
    if kind == "ws":
        return recording(quotes=way == "quotes")
    frames = (depth_frames if kind == "depth" else trade_frames)(options["n"])
    whole = facts(rows_of(frames))
    if way == "decode":
        # Not newer than the book: decoded to the last level, then left out.
        frames = depth_frames(options["n"], step=0)
    blocks = [
        b"".join(b"%d %s\n" % (RECV, frame) for frame in frames[at : at + BATCH])
        for at in range(0, len(frames), BATCH)
    ]

    def run() -> tuple[float, int, dict[str, Any]]:
        stream = BinanceStream("BTCUSDT", "0.01", "0.001", False)
        stream.handle_message(SNAPSHOT, RECV, URL)
        stream.take()
        taken = []
        begin = time.perf_counter()
        if way != "calls":
            for block in blocks:
                stream.handle_lines(block, None)
                taken.append(stream.take())
        else:
            for at in range(0, len(frames), BATCH):
                for frame in frames[at : at + BATCH]:
                    stream.handle_message(frame, RECV, None)
                taken.append(stream.take())
        seconds = time.perf_counter() - begin
        told = whole if way == "decode" else facts(np.concatenate(taken))
        return seconds, len(frames), told

    return run


def rows_of(frames: list[bytes]) -> Any:
    """Decode and book frames, unmeasured."""
    stream = BinanceStream("BTCUSDT", "0.01", "0.001", False)
    stream.handle_message(SNAPSHOT, RECV, URL)
    stream.take()
    for frame in frames:
        stream.handle_message(frame, RECV, None)
    return stream.take()


def facts(rows: Any) -> dict[str, Any]:
    """Sum up what was decoded, in whole ticks and lots."""
    events = rows.view(EVENT_DTYPE)
    mine = events[np.isin(events["kind"], (DEPTH, TRADE))]
    return {"rows": mine.size, "ticks": int(mine["price"].sum()), "lots": int(mine["qty"].sum())}


def recording(*, quotes: bool) -> Run:
    """Make the run over a whole recording."""
    if not RECORDING.is_file():
        raise FileNotFoundError("the recording is not beside the house")
    lines = gzip.decompress(RECORDING.read_bytes()).splitlines(keepends=True)
    blocks = [b"".join(lines[at : at + BATCH]) for at in range(0, len(lines), BATCH)]

    def run() -> tuple[float, int, dict[str, Any]]:
        stream = BinanceStream("BTCUSDT", "0.1", "0.001", quotes)
        count = rows = 0
        begin = time.perf_counter()
        for block in blocks:
            count += stream.handle_lines(block, URL)
            rows += len(stream.take()) // 48
        seconds = time.perf_counter() - begin
        return seconds, count, {"rows": rows, "valid": stream.valid("BTCUSDT")}

    return run


serve(rt.__version__, prepare)

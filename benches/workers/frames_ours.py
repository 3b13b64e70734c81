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
RECV = 1_700_000_000_000_000_000


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    kind, _, way = job.partition(":")
    if kind == "ws":
        return recording(quotes=way == "quotes")
    frames = (depth_frames if kind == "depth" else trade_frames)(options["n"])
    block = b"".join(b"%d %s\n" % (RECV, frame) for frame in frames)

    def run() -> tuple[float, int, dict[str, Any]]:
        stream = BinanceStream("BTCUSDT", "0.01", "0.001", False)
        stream.handle_message(SNAPSHOT, RECV, URL)
        stream.take()
        begin = time.perf_counter()
        if way == "block":
            stream.handle_lines(block, None)
        else:
            for frame in frames:
                stream.handle_message(frame, RECV, None)
            rows = stream.take()
        seconds = time.perf_counter() - begin
        if way == "block":
            rows = stream.take()
        return seconds, len(frames), facts(rows)

    return run


def facts(rows: Any) -> dict[str, Any]:
    """Sum up what was decoded, in whole ticks and lots."""
    events = rows.view(EVENT_DTYPE)
    mine = events[np.isin(events["kind"], (DEPTH, TRADE))]
    return {"rows": mine.size, "ticks": int(mine["price"].sum()), "lots": int(mine["qty"].sum())}


def recording(*, quotes: bool) -> Run:
    """Make the run over a whole recording."""
    if not RECORDING.is_file():
        raise FileNotFoundError("the recording is not beside the house")
    lines = gzip.decompress(RECORDING.read_bytes())

    def run() -> tuple[float, int, dict[str, Any]]:
        stream = BinanceStream("BTCUSDT", "0.1", "0.001", quotes)
        begin = time.perf_counter()
        count = stream.handle_lines(lines, URL)
        rows = stream.take()
        seconds = time.perf_counter() - begin
        return seconds, count, {"rows": len(rows) // 48, "valid": stream.valid("BTCUSDT")}

    return run


serve(rt.__version__, prepare)

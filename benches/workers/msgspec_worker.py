"""The worker of msgspec: tagged structs, a decoder made once, numbers in text to floats."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from workers.frames import depth_frames, trade_frames
from workers.protocol import Run, serve


class Depth(msgspec.Struct, tag_field="e", tag="depthUpdate"):
    """A depth update."""

    E: int
    s: str
    U: int
    u: int
    b: list[tuple[float, float]]
    a: list[tuple[float, float]]


class Trade(msgspec.Struct, tag_field="e", tag="trade"):
    """A trade."""

    E: int
    s: str
    t: int
    p: float
    q: float
    T: int
    m: bool


def prepare(job: str, options: dict[str, Any]) -> Run:
    """Make the run of a job."""
    frames = (depth_frames if job == "depth" else trade_frames)(options["n"])
    decode = msgspec.json.Decoder(Depth | Trade, strict=False).decode

    def run() -> tuple[float, int, dict[str, Any]]:
        begin = time.perf_counter()
        for frame in frames:
            event = decode(frame)
        seconds = time.perf_counter() - begin
        levels = [*event.b, *event.a] if job == "depth" else [(event.p, event.q)]
        # Every frame says the same but for its number.
        ticks = sum(round(price * 100) for price, _ in levels) * len(frames)
        lots = sum(round(qty * 1000) for _, qty in levels) * len(frames)
        facts = {"rows": len(levels) * len(frames), "ticks": ticks, "lots": lots}
        return seconds, len(frames), facts

    return run


serve(msgspec.__version__, prepare)

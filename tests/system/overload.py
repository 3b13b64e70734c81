"""Overload: a session that trades is told every message of the market many times over.

Real processes on loopback: the paper venue, a proxy that repeats the frames of the market stream,
a session that sends, replaces and cancels orders throughout. The backlog is what lies unread
between proxy and session, looked at every 20 ms. It must be gone within a second of the overload's
end, and the books must be the venue's own, to the last digit.

Run it with ``make overload`` (``SECONDS=60 TIMES=10 RATE=5000``).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system.fault_proxy import FaultProxy
from system.rig import COINS, Rig, rig

SPEED = 25.0
LOOK_S = 0.02
CALM_S = 3.0
START_S = 60.0
NORMAL_S = 1.0


@dataclass(frozen=True)
class Overloaded:
    """What came through, and what the comparison found."""

    usual_rate: float
    """Messages a second before."""
    rate: float
    """Messages a second that the session took in while it was too much."""
    backlog_bytes: int
    normal_after_s: float | None
    """None when the backlog never went."""
    differences: tuple[str, ...]
    summary: dict[str, Any]

    def is_well(self) -> bool:
        """Say whether nothing was lost and all was normal within a second."""
        normal = self.normal_after_s is not None and self.normal_after_s <= NORMAL_S
        return normal and not self.differences


def unread(proxy: FaultProxy) -> int:
    """Return the bytes of the market stream that the session has not read (Linux)."""
    writer = proxy.market
    if writer is None:
        return 0
    waiting = writer.transport.get_write_buffer_size()
    ours, theirs = (writer.get_extra_info(name)[1] for name in ("sockname", "peername"))
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        ports = int(local[-4:], 16), int(remote[-4:], 16)
        sent, read = (int(size, 16) for size in queues.split(":"))
        if ports == (ours, theirs):
            waiting += sent
        elif ports == (theirs, ours):
            waiting += read
    return waiting


def pushed(proxy: FaultProxy, seconds: float) -> tuple[float, int]:
    """Let time go by; return the frames a second, and the largest backlog."""
    began, frames, most = time.monotonic(), proxy.market_frames, 0
    while (passed := time.monotonic() - began) < seconds:
        most = max(most, unread(proxy))
        time.sleep(LOOK_S)
    return (proxy.market_frames - frames) / passed, most


def relieved(proxy: FaultProxy, longest_s: float) -> float | None:
    """Return the seconds until nothing was unread, within one look."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < longest_s:
        if unread(proxy) == 0:
            return passed
        time.sleep(LOOK_S)
    return None


def overload(session: Rig, seconds: float, times: int, rate: float) -> Overloaded:
    """Run one session: calm, overloaded, calm again, and compare the books at its end.

    `rate` is what is usual, in messages a second; `times` as much is what is too much.
    """
    proxy = FaultProxy(session.port, seed=0)
    proxy.faulty = False
    session.port = proxy.port
    try:
        child = session.start(0)
        until = time.monotonic() + START_S
        while proxy.market_frames < 100 and time.monotonic() < until and child.poll() is None:
            time.sleep(LOOK_S)
        bare, _ = pushed(proxy, CALM_S)
        proxy.repeats = max(1, round(rate / bare))
        usual, _ = pushed(proxy, CALM_S)
        proxy.repeats *= times
        taken, most = pushed(proxy, seconds)
        proxy.repeats //= times
        normal = relieved(proxy, 10 * NORMAL_S)
        pushed(proxy, CALM_S)
        child.terminate()
        summary = session.ended(child, 60)
    finally:
        proxy.stop()
    _, found = session.compared(summary)
    return Overloaded(usual, taken, most, normal, tuple(found), summary)


def main() -> int:
    """Run, and print what happened; 1 when anything was lost or it took more than a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--rate", type=float, default=5000.0, help="usual messages a second")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="py-rt-overload-") as folder,
        rig(Path(folder), COINS, speed=SPEED) as session,
    ):
        told = overload(session, options.seconds, options.times, options.rate)
    after = "never" if told.normal_after_s is None else f"{told.normal_after_s:.2f} s"
    rows = (
        ("usual messages a second", f"{told.usual_rate:,.0f}"),
        (f"in {options.seconds:g} s of overload", f"{told.rate:,.0f}"),
        ("largest backlog, kB", f"{told.backlog_bytes / 1000:,.0f}"),
        ("normal after", after),
        ("orders, fills", f"{told.summary['orders']}, {told.summary['fills']}"),
        ("differences", f"{len(told.differences)}"),
    )
    for name, value in rows:
        sys.stdout.write(f"  {name:28} {value:>16}\n")
    for text in told.differences:
        sys.stdout.write(f"  {text}\n")
    return os.EX_OK if told.is_well() else 1


if __name__ == "__main__":
    sys.exit(main())

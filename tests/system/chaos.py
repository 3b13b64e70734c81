"""Chaos: a session that trades is killed, frozen, cut off and given a bad disk, again and again.

Real processes on loopback: the paper venue, a proxy before it, a session. Each *life* of the
session meets one fault and, unless the fault has ended it, SIGKILL at a random moment. After some
lives there is *rest*: a life without faults, whose end must have the venue's own books, to the last
digit, and whose journal must give the same orders again. Everything random comes from one seed.

Run it with ``make chaos`` (``KILLS=200 SEED=1``).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from py_rt.trade import read_ledger
from system.fault_proxy import FaultProxy
from system.rig import COINS, Rig, rig

START_S = 60
"""A session may take so long to its first executions."""
SHIM = Path(__file__).with_name("failing_disk.c")
WEIGHTS = {
    "kill": 8,
    "freeze": 2,
    "thaw": 2,
    "silent network": 2,
    "cut network": 2,
    "venue restart": 1,
    "slow disk": 1,
    "journal EIO": 1,
    "journal sync EIO": 1,
    "journal ENOSPC": 1,
    "store EIO": 1,
}
DISKS = {
    "slow disk": ("/journal/", "sync", "delay"),
    "journal EIO": ("/journal/", "write", "EIO"),
    "journal sync EIO": ("/journal/", "sync", "EIO"),
    "journal ENOSPC": ("/journal/", "write", "ENOSPC"),
    "store EIO": ("store.sqlite", "write", "EIO"),
}


@dataclass
class Tally:
    """What happened, and what the comparisons found."""

    lives: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    ended_alone: Counter[str] = field(default_factory=Counter)
    rests: int = 0
    orders: int = 0
    fills: int = 0
    lost: int = 0
    duplicated: int = 0
    unresolved: int = 0
    differences: list[str] = field(default_factory=list)

    def is_clean(self) -> bool:
        """Say whether the books were equal at every rest."""
        return not (self.lost or self.duplicated or self.unresolved or self.differences)

    def rows(self) -> list[tuple[str, str]]:
        """Return the table that ends a run."""
        lives = [(f"lives: {name}", str(count)) for name, count in sorted(self.lives.items())]
        ended = [(f"ended alone: {name}", str(n)) for name, n in sorted(self.ended_alone.items())]
        names = ("kills", "rests", "orders", "fills", "lost", "duplicated", "unresolved")
        counts = [(name, str(getattr(self, name))) for name in names]
        return [*lives, *ended, *counts, ("differences", str(len(self.differences)))]


def disk_shim(folder: Path) -> Path | None:
    """Compile the disk that fails; None where there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    built = folder / "failing_disk.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(SHIM), "-ldl"]
    subprocess.run(command, check=True)
    return built


class Chaos:
    """One run over one venue."""

    def __init__(self, session: Rig, seed: int, say: Callable[[str], None]) -> None:
        self._rig, self._say = session, say
        self._drawn = random.Random(f"chaos {seed}")
        self._proxy = FaultProxy(session.port, seed)
        self._proxy.faulty = False
        session.port = self._proxy.port
        self._shim = disk_shim(session.folder)
        self.tally = Tally()

    def close(self) -> None:
        """End the proxy."""
        self._proxy.stop()

    def run(self, kills: int, lives_between_rests: int = 10) -> Tally:
        """Go on until so many processes were killed, then rest once more."""
        lives = 0
        while self.tally.kills < kills:
            self.live()
            lives += 1
            if lives % lives_between_rests == 0:
                self.rest()
        self.rest()
        return self.tally

    def live(self) -> None:
        """One life with one fault."""
        names = [name for name in WEIGHTS if self._shim or name not in DISKS]
        (fault,) = self._drawn.choices(names, [WEIGHTS[name] for name in names])
        moment = self._drawn.uniform(0.2, 3.0)
        self.tally.lives[fault] += 1
        self._say(f"life {self.tally.lives.total()}: {fault}, {moment:.2f} s")
        self._rig.environment = self._disk(fault)
        child = self._rig.start(0)
        try:
            self._wait(child, moment)
            self._strike(fault, child)
        finally:
            self._end(child, fault)
            self._rig.environment = {}
            self._proxy.silent = self._proxy.faulty = False

    def _disk(self, fault: str) -> dict[str, str]:
        if fault not in DISKS:
            return {}
        path, call, what = DISKS[fault]
        # The first writes of a life are those of its recovery, which must fail well too.
        at = self._drawn.randint(5, 60) if what == "delay" else self._drawn.randint(0, 80)
        return {"LD_PRELOAD": str(self._shim), "DISK_PATH": path, "DISK_CALL": call,
                "DISK_FAULT": what, "DISK_AT": str(at)}  # fmt: skip

    def _strike(self, fault: str, child: subprocess.Popen[str]) -> None:
        pause = self._drawn.uniform(0.1, 2.0)
        if fault in ("freeze", "thaw"):
            child.send_signal(signal.SIGSTOP)
            time.sleep(pause)
            if fault == "thaw":
                child.send_signal(signal.SIGCONT)
                self._wait(child, self._drawn.uniform(0.0, 1.0))
        elif fault == "silent network":
            self._proxy.silent = True
            self._wait(child, pause)
            self._proxy.silent = self._drawn.random() < 0.5
            self._wait(child, self._drawn.uniform(0.0, 1.0))
        elif fault == "cut network":
            self._proxy.faulty = True
            self._wait(child, pause)
        elif fault == "venue restart":
            post_fault(self._rig.venue.admin, state=True, down_ms=self._drawn.randint(0, 800))
            self._wait(child, pause)

    @staticmethod
    def _wait(child: subprocess.Popen[str], seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until and child.poll() is None:
            time.sleep(0.01)

    def _end(self, child: subprocess.Popen[str], fault: str) -> None:
        alone = child.poll() is not None
        child.kill()
        said, _ = child.communicate()
        if not alone:
            self.tally.kills += 1
            return
        self.tally.ended_alone[fault] += 1
        # Only a disk may end a session, and it says so.
        if fault not in DISKS or child.returncode != 1 or '"journal"' not in said:
            self.tally.differences.append(f"{fault}: exit code {child.returncode}: {said[:300]}")

    def rest(self) -> None:
        """Live without faults and compare the books."""
        self.tally.rests += 1
        summary = self._rig.finish(2)
        diff, found = self._rig.compared(summary)
        tally = self.tally
        tally.orders, tally.fills = diff.orders, diff.fills
        tally.lost += diff.lost
        tally.duplicated += diff.duplicated
        tally.unresolved += diff.unresolved
        tally.differences += found
        self._say(
            f"rest {tally.rests}: {diff.orders} orders, {diff.fills} fills, {found or 'equal'}"
        )


def post_fault(admin: str, *, state: bool, down_ms: int) -> None:
    """Restart the paper venue, with or without its memory."""
    rule = {"fault": "F11", "kind": "restart", "state": state, "down_ms": down_ms}
    request = urllib.request.Request(
        f"{admin.rstrip('/')}/admin/faults", json.dumps(rule).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def lose_memory(session: Rig) -> dict[str, Any]:
    """Let a session meet a venue that has forgotten everything; return what it said at its end."""
    child = session.start(0)
    until = time.monotonic() + START_S
    while len(read_ledger(session.venue.admin)["executions"]) < 5 and time.monotonic() < until:
        time.sleep(0.05)
    post_fault(session.venue.admin, state=False, down_ms=300)
    time.sleep(6)
    child.send_signal(signal.SIGINT)
    said, _ = child.communicate(timeout=40)
    summary: dict[str, Any] = json.loads(said)
    ours = [str(one["client_order_id"]) for one in read_ledger(session.venue.admin)["orders"]]
    return {"exit_code": child.returncode, "sent_twice": len(ours) - len(set(ours)), **summary}


def main() -> int:
    """Run, and print the table; 1 when anything was lost, duplicated or different."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="leave the files there")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="py-rt-chaos-"))
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(f"seed {options.seed}, {options.kills} kills, files in {folder}\n")

    def say(text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    with rig(folder, COINS, speed=5) as session:
        chaos = Chaos(session, options.seed, say)
        try:
            tally = chaos.run(options.kills)
        finally:
            chaos.close()
    for name, value in tally.rows():
        say(f"  {name:32} {value:>8}")
    for text in tally.differences:
        say(f"  {text}")
    if options.keep is None and tally.is_clean():
        shutil.rmtree(folder)
    return os.EX_OK if tally.is_clean() else 1


if __name__ == "__main__":
    sys.exit(main())

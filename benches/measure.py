"""Run two sides in turns: one worker a side, one of them active at a time, on one pinned core."""

from __future__ import annotations

import contextlib
import json
import os
import select
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Measured", "Silent", "Worker", "alternate", "clock_name", "settle"]

HERE = Path(__file__).resolve().parent
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON")


class Silent(Exception):
    """A worker failed or did not answer in time; the text says why."""


def clock_name() -> str:
    """Say which clock the workers of statistics read; see `workers.protocol.clock`."""
    processor = os.environ.get("PY_RT_BENCH_CLOCK") == "processor"
    return "processor time" if processor else "time that passes"


def settle(core: int) -> None:
    """Keep this process on one core, before others that want it where the system allows that."""
    os.sched_setaffinity(0, {core})
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -19)


@dataclass
class Measured:
    """Seconds of both sides, run by run, with the facts that each reported."""

    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    rows: int = 0
    peer_rows: int = 0
    facts: dict[str, Any] = field(default_factory=dict)
    peer_facts: dict[str, Any] = field(default_factory=dict)

    @property
    def ours_rate(self) -> float:
        """Rows a second, at the median."""
        return self.rows / statistics.median(self.ours)

    @property
    def peer_rate(self) -> float | None:
        """Rows a second of the peer, at the median."""
        return self.peer_rows / statistics.median(self.peer) if self.peer else None

    @property
    def ratios(self) -> list[float]:
        """How much faster we are, pair by pair, a row."""
        scale = self.rows / self.peer_rows if self.peer_rows else 0.0
        return [scale * b / a for a, b in zip(self.ours, self.peer, strict=False)]


class Worker:
    """A process that runs jobs when it is asked to."""

    def __init__(self, python: Path, script: str, core: int) -> None:
        environment = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in THREADS}}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.log: list[str] = []
        self.process = subprocess.Popen(
            [str(python), str(HERE / "workers" / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            preexec_fn=lambda: settle(core),  # noqa: PLW1509
        )
        self.name = script
        self.version = self._answer(120)["version"]

    def _answer(self, seconds: float) -> dict[str, Any]:
        out = self.process.stdout
        assert out is not None
        if not select.select([out], [], [], seconds)[0]:
            self.close()
            raise Silent(f"{self.name}: no answer in {seconds:.0f} s")
        line = out.readline()
        if not line:
            raise Silent(f"{self.name} ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Silent(f"{self.name}: {answer['error']}")
        return answer

    def run(self, job: str, options: dict[str, Any], seconds: float = 180) -> dict[str, Any]:
        """Run a job once; the first run of a job prepares it."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"job": job, "options": options}) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise Silent(f"{self.name} ended") from error
        return self._answer(seconds)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def alternate(
    ours: tuple[Worker, str, dict[str, Any]],
    peer: tuple[Worker, str, dict[str, Any]] | None,
    pairs: int,
    budget_s: float,
) -> Measured:
    """Run each side once unmeasured, then in turns: ours, peer, ours, peer, ...

    Ends after `pairs`, or once the row has taken `budget_s` and has three pairs.
    """
    measured = Measured()
    begin = time.monotonic()
    worker, job, options = ours
    told = worker.run(job, options)
    measured.facts, measured.rows = told["facts"], told["rows"]
    if peer is not None:
        told = peer[0].run(peer[1], peer[2])
        measured.peer_facts, measured.peer_rows = told["facts"], told["rows"]
    for done in range(pairs):
        if done >= 3 and time.monotonic() - begin > budget_s:
            break
        measured.ours.append(worker.run(job, options)["seconds"])
        if peer is not None:
            measured.peer.append(peer[0].run(peer[1], peer[2])["seconds"])
    return measured

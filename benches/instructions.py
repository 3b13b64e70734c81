"""Count the engine's instructions a row under callgrind and compare them with what is committed.

python benches/instructions.py            compare; exit 1 when a job needs more than it may
python benches/instructions.py --write    renew benches/instructions.json

Instructions do not depend on what else the machine does, so this can gate where times cannot. A
count is the difference of a run of 300,000 and one of 100,000 rows, less that of making the rows;
for the matching engine the difference of three passes over an order flow and one.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from py_rt.mechanics import COMMAND_DTYPE

__all__ = ["count", "main"]

ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "benches" / "instructions.json"
JOBS = ("book", "none", "touch", "maker10", "maker", "bars", "bars500")
FEW, MANY = 100_000, 300_000
OPERATIONS = 100_000
# Compilers differ by a few percent from one version to the next.
TOLERANCE = 0.05


def build(example: str) -> Path:
    """Build a bench and return its place."""
    command = ["cargo", "build", "--release", "-p", "py-rt-sim", "--example", example]
    command += ["--message-format", "json"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    made = [json.loads(line) for line in told.splitlines() if '"executable"' in line]
    return Path(next(line["executable"] for line in made if line.get("executable")))


def collected(bench: Path, *words: str) -> int:
    """Count the instructions of one run."""
    with tempfile.TemporaryDirectory() as place:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={place}/out"]
        command += [str(bench), *words]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    found = re.search(r"Collected : (\d+)", told)
    if found is None:
        raise RuntimeError(f"callgrind says no count of {words}: {told[-300:]}")
    return int(found.group(1))


def count(engine: Path, job: str) -> float:
    """Count instructions a row, without making the rows."""
    made = {"bars": "make_bars", "bars500": "make_bars500"}.get(job, "make")
    both = [
        collected(engine, name, str(MANY)) - collected(engine, name, str(FEW))
        for name in (job, made)
    ]
    return round((both[0] - both[1]) / (MANY - FEW), 1)


def count_matching(bench: Path) -> float:
    """Count instructions an operation of the matching engine, once its memory has grown."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "commands"
        order_flow(OPERATIONS).tofile(path)
        more = collected(bench, str(path), "3") - collected(bench, str(path), "1")
    return round(more / 2 / OPERATIONS, 1)


def order_flow(count: int, seed: int = 7) -> npt.NDArray[np.void]:
    """Make orders about a price of 10,000, a tenth of them crossing; half are canceled later."""
    drawn = np.random.default_rng(seed)
    flow = np.zeros(count, dtype=COMMAND_DTYPE)
    is_new = drawn.random(count) < 0.55
    crossing = drawn.random(count) < 0.1
    side = drawn.choice([-1, 1], count)
    away = drawn.geometric(0.15, count) - 3 * crossing
    flow["op"] = np.where(is_new, 0, 1)
    flow["owner"] = drawn.integers(1, 50, count)
    flow["side"] = side
    flow["price"] = 10_000 - side * away
    flow["qty"] = drawn.integers(1, 100, count)
    new = np.cumsum(is_new)
    earlier = np.maximum(1, new - drawn.geometric(0.02, count))
    flow["order_id"] = np.where(is_new, new, earlier)
    return flow


def main(words: list[str]) -> int:
    """Run the command."""
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: instructions were not counted")
        return 0
    engine = build("engine")
    found = {job: count(engine, job) for job in JOBS}
    found["matching"] = count_matching(build("matching_flow"))
    if "--write" in words:
        COMMITTED.write_text(json.dumps(found, indent=1) + "\n")
        print(f"{COMMITTED.relative_to(ROOT)}: {found}")
        return 0
    committed = json.loads(COMMITTED.read_text())
    worse = 0
    for job, now in found.items():
        allowed = committed[job] * (1 + TOLERANCE)
        verdict = "ok" if now <= allowed else f"MORE than {allowed:.1f}"
        worse += now > allowed
        print(f"{job:8} {now:8.1f} instructions, committed {committed[job]:8.1f}  {verdict}")
    return int(worse > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

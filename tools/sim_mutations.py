"""Plant one bug after another and see whether fault simulation notices.

Each mutation of ``tools/mutations.toml`` is applied to a copy of the sources, built, and given
seeds until a rule breaks; while one is given seeds the next is built. What was found is kept in
``target/mutations/results.json``, from which ``--table`` writes the table of ``docs/faults.md``.
Nothing of this is in any build of the repository itself.

    python tools/sim_mutations.py --check                see that all compile, run nothing
    python tools/sim_mutations.py [--seeds 3000] [--only NAME ...] [--table]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "target" / "mutations"
RESULTS = WORK / "results.json"
PAGE = ROOT / "docs" / "faults.md"
FOUND = re.compile(r"^seed (\d+) broke (\S+): (.*)$", re.MULTILINE)
HANGS_S = 1800
DIALECTS = ("alpaca", "binance")
MARKS = ("<!-- planted bugs: made by `make sim-mutations` -->", "<!-- end of planted bugs -->")

Row = dict[str, object]


@dataclass(frozen=True)
class Mutation:
    """One planted bug."""

    name: str
    incident: str
    file: str
    find: str
    replace: str
    dialect: str = "alpaca"


def read_mutations() -> list[Mutation]:
    """Read the list, checking that each place is there exactly once."""
    table = tomllib.loads((ROOT / "tools" / "mutations.toml").read_text(encoding="utf-8"))
    mutations = [Mutation(**row) for row in table["mutation"]]
    for one in mutations:
        count = (ROOT / one.file).read_text(encoding="utf-8").count(one.find)
        if count != 1:
            raise SystemExit(f"{one.name}: its place is {count} times in {one.file}, not once")
    return mutations


def copy_sources(tree: Path = WORK / "tree") -> Path:
    """Copy what cargo needs, without what it built; files that are the same keep their times."""
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]
    members = [folder for member in workspace["members"] for folder in ROOT.glob(member)]
    wanted = [path for member in members for path in member.rglob("*") if path.is_file()]
    wanted += [ROOT / "Cargo.toml", ROOT / "Cargo.lock"]
    places = {tree / path.relative_to(ROOT): path for path in wanted}
    for member in members:
        for old in list((tree / member.relative_to(ROOT)).rglob("*")):
            if old.is_file() and old not in places:
                old.unlink()
    for place, path in places.items():
        if not place.is_file() or place.read_bytes() != path.read_bytes():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
    return tree


@contextmanager
def planted(tree: Path, mutation: Mutation) -> Iterator[None]:
    """Apply a mutation to the copy, and take it back."""
    place = tree / mutation.file
    original = place.read_text(encoding="utf-8")
    place.write_text(original.replace(mutation.find, mutation.replace), encoding="utf-8")
    try:
        yield
    finally:
        place.write_text(original, encoding="utf-8")


def cargo(tree: Path, verb: str) -> str | None:
    """Build or check the seeds program; what cargo complains about, if it does.

    Little optimisation and small units, since each is built once and run for seconds only.
    """
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(WORK / "target"),
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
        "CARGO_INCREMENTAL": "1",
    }
    command = ["cargo", verb, "--quiet", "--release", "-p", "py-rt-faults"]
    ran = subprocess.run(
        [*command, "--example", "seeds"],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if ran.returncode == 0 else ran.stderr[:600]


def check(tree: Path, mutations: list[Mutation]) -> int:
    """Say which mutations do not compile."""
    broken = 0
    for mutation in mutations:
        with planted(tree, mutation):
            problem = cargo(tree, "check")
        if problem is not None:
            broken += 1
            sys.stdout.write(f"{mutation.name} does not compile:\n{problem}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(mutations) - broken} of {len(mutations)} compile\n")
    return 1 if broken else 0


def hunt(program: Path, mutation: Mutation, seeds: int) -> Row:
    """Run a program with a planted bug until a rule breaks."""
    row: Row = {"name": mutation.name, "incident": mutation.incident}
    told = ""
    try:
        # What one dialect does not notice the other may: the bug is in the code for both.
        for dialect in sorted(DIALECTS, key=lambda one: one != mutation.dialect):
            ran = subprocess.run(
                [program, "1", str(seeds), "1", "2", dialect],
                capture_output=True,
                text=True,
                check=False,
                timeout=HANGS_S,
            )
            told = ran.stdout
            if FOUND.search(told) is not None:
                row["dialect"] = dialect
                break
    except subprocess.TimeoutExpired:
        return row | {"caught": False, "problem": "it hangs"}
    finally:
        program.unlink()
    found = FOUND.search(told)
    if found is None:
        return row | {"caught": False, "problem": f"{seeds} seeds noticed nothing"}
    seed, rule, what = found.groups()
    return row | {"caught": True, "seed": int(seed), "rule": rule, "what": what}


def hunt_all(tree: Path, mutations: list[Mutation], seeds: int) -> Iterator[Row]:
    """Hunt one while the next is built."""

    def tell(waiting: Future[Row]) -> Row:
        row = waiting.result()
        told = f"{row['rule']} at seed {row['seed']}" if row["caught"] else row["problem"]
        sys.stdout.write(f"{row['name']}: {told}\n")
        sys.stdout.flush()
        return row

    waiting: Future[Row] | None = None
    with ThreadPoolExecutor(1) as pool:
        for mutation in mutations:
            with planted(tree, mutation):
                problem = cargo(tree, "build")
            program = WORK / mutation.name
            if problem is None:
                shutil.copy2(WORK / "target" / "release" / "examples" / "seeds", program)
            if waiting is not None:
                yield tell(waiting)
            if problem is None:
                waiting = pool.submit(hunt, program, mutation, seeds)
            else:
                row: Row = {"name": mutation.name, "incident": mutation.incident}
                waiting = pool.submit(dict, row | {"caught": False, "problem": problem})
        if waiting is not None:
            yield tell(waiting)


def keep(rows: dict[str, Row]) -> None:
    """Write down what is known of every mutation."""
    RESULTS.write_text(json.dumps(list(rows.values()), indent=1), encoding="utf-8")


def write_table(mutations: list[Mutation], rows: dict[str, Row]) -> None:
    """Write the table of the page from what is known."""
    lines = ["", "| planted bug | taken from | broke | seed |", "|---|---|---|---|"]
    for one in mutations:
        row = rows.get(one.name, {"caught": False})
        where = " at Binance" if row.get("dialect") == "binance" else ""
        told = f"{row['rule']} | {row['seed']}{where}" if row["caught"] else "not noticed | "
        lines.append(f"| `{one.name}` | {one.incident} | {told} |")
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    table = "\n".join([*lines, "", ""])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table}{MARKS[1]}{after}", encoding="utf-8")


def main() -> int:
    """Run all mutations, or those that are named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3000, help="seeds for each mutation")
    parser.add_argument("--only", nargs="*", default=[], help="names of mutations")
    parser.add_argument("--check", action="store_true", help="see that all compile, run nothing")
    parser.add_argument("--table", action="store_true", help="write the table of docs/faults.md")
    asked = parser.parse_args()
    mutations = read_mutations()
    wanted = [one for one in mutations if not asked.only or one.name in asked.only]
    tree = copy_sources()
    if asked.check:
        return check(tree, wanted)
    known: list[Row] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else []
    rows = {str(row["name"]): row for row in known}
    escaped = []
    # By file: what is built again for the next one is least then.
    for row in hunt_all(tree, sorted(wanted, key=lambda one: one.file), asked.seeds):
        rows[str(row["name"])] = row
        keep(rows)
        escaped += [] if row["caught"] else [row["name"]]
    if asked.table:
        write_table(mutations, rows)
    sys.stdout.write(f"{len(wanted) - len(escaped)} of {len(wanted)} caught; not: {escaped}\n")
    return 1 if escaped else 0


if __name__ == "__main__":
    raise SystemExit(main())

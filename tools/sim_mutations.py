"""Plant one bug after another and see whether fault simulation notices.

Each mutation of ``tools/mutations.toml`` is applied to a copy of the sources, built, and given
seeds until a rule breaks. The table says which rule broke at which seed. Nothing of this is in any
build of the repository itself.

    python tools/sim_mutations.py [--seeds 3000] [--only NAME ...]
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
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "target" / "mutations"
FOUND = re.compile(r"^seed (\d+) broke (\S+): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Mutation:
    """One planted bug."""

    name: str
    incident: str
    file: str
    find: str
    replace: str


def read_mutations() -> list[Mutation]:
    """Read the list, checking that each place is there exactly once."""
    table = tomllib.loads((ROOT / "tools" / "mutations.toml").read_text(encoding="utf-8"))
    mutations = [Mutation(**row) for row in table["mutation"]]
    for one in mutations:
        count = (ROOT / one.file).read_text(encoding="utf-8").count(one.find)
        if count != 1:
            raise SystemExit(f"{one.name}: its place is {count} times in {one.file}, not once")
    return mutations


def copy_sources() -> Path:
    """Copy what cargo needs, without what it built; unchanged files keep their times."""
    tree = WORK / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "crates", tree / "crates", dirs_exist_ok=True)
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy2(ROOT / name, tree / name)
    return tree


def build(tree: Path) -> subprocess.CompletedProcess[str]:
    """Build the seeds program; little optimisation, since each is run for seconds only."""
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(WORK / "target"),
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    }
    command = ["cargo", "build", "--quiet", "--release", "-p", "py-rt-faults", "--example", "seeds"]
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def hunt(tree: Path, mutation: Mutation, seeds: int) -> dict[str, object]:
    """Apply, build, run until a rule breaks, and take the change back."""
    place = tree / mutation.file
    original = place.read_text(encoding="utf-8")
    place.write_text(original.replace(mutation.find, mutation.replace), encoding="utf-8")
    row: dict[str, object] = {"name": mutation.name, "incident": mutation.incident}
    try:
        built = build(tree)
        if built.returncode != 0:
            return row | {"caught": False, "problem": built.stderr[-400:]}
        program = WORK / "target" / "release" / "examples" / "seeds"
        ran = subprocess.run(
            [program, "1", str(seeds), "1", "2"], capture_output=True, text=True, check=False
        )
        found = FOUND.search(ran.stdout)
        if found is None:
            return row | {"caught": False, "problem": f"{seeds} seeds noticed nothing"}
        seed, rule, what = found.groups()
        return row | {"caught": True, "seed": int(seed), "rule": rule, "what": what}
    finally:
        place.write_text(original, encoding="utf-8")


def main() -> int:
    """Run all mutations and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3000, help="seeds for each mutation")
    parser.add_argument("--only", nargs="*", default=[], help="names of mutations")
    asked = parser.parse_args()
    mutations = [m for m in read_mutations() if not asked.only or m.name in asked.only]
    tree = copy_sources()
    rows = []
    for mutation in mutations:
        row = hunt(tree, mutation, asked.seeds)
        rows.append(row)
        told = f"{row['rule']} at seed {row['seed']}" if row["caught"] else row["problem"]
        sys.stdout.write(f"| {row['name']} | {row['incident']} | {told} |\n")
        sys.stdout.flush()
    (WORK / "results.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    escaped = [row["name"] for row in rows if not row["caught"]]
    sys.stdout.write(f"{len(rows) - len(escaped)} of {len(rows)} caught; not: {escaped}\n")
    return 1 if escaped else 0


if __name__ == "__main__":
    raise SystemExit(main())

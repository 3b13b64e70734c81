"""The planted bugs of fault simulation still find their place in the source, each exactly once."""

from __future__ import annotations

import runpy
import subprocess
import tomllib
from pathlib import Path

from tidy.tree import ROOT


def test_every_planted_bug_has_its_place() -> None:
    table = tomllib.loads((ROOT / "tools/mutations.toml").read_text(encoding="utf-8"))
    mutations = table["mutation"]
    assert len(mutations) >= 40
    assert len({one["name"] for one in mutations}) == len(mutations)
    lost = [
        f"{one['name']}: {count} times in {one['file']}"
        for one in mutations
        if (count := (ROOT / one["file"]).read_text(encoding="utf-8").count(one["find"])) != 1
    ]
    assert not lost, "\n".join(lost)


def test_the_copy_that_bugs_are_planted_in_is_a_workspace(tmp_path: Path) -> None:
    copy_sources = runpy.run_path(str(ROOT / "tools/sim_mutations.py"))["copy_sources"]
    ran = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--offline", "--quiet", "--format-version=1"],
        cwd=copy_sources(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr

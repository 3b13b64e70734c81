"""The planted bugs of fault simulation still find their place in the source, each exactly once."""

from __future__ import annotations

import tomllib

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

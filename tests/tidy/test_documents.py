"""Documents that do not drift: their links lead somewhere, and they describe this tree."""

from __future__ import annotations

import re
from pathlib import Path

from tidy.tree import ROOT, Source, hold, room_exists, select

LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
REPORT = re.compile(r"(?i)(week[_-]?\d|status|summary|final|report|progress)[^/]*\.md$")
DECISION = re.compile(r"^docs/decisions/\d{3}-[a-z0-9-]+\.md$")
DECISION_HEADINGS = ("What", "Why", "Refused")


def anchor(heading: str) -> str:
    """Turn a heading into the anchor that code hosts give it."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", lambda m: m[1] or "", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")


def anchors(text: str) -> set[str]:
    return {anchor(match[1]) for match in HEADING.finditer(FENCE.sub("", text))}


def broken_link(source: Source) -> list[str]:
    problems = []
    for match in LINK.finditer(FENCE.sub("", source.text)):
        target = match[1] or match[2]
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, fragment = target.partition("#")
        file = (ROOT / source.path).parent / path if path else ROOT / source.path
        if path and not file.exists():
            problems.append(f"{source.path}: link to {target}, which does not exist")
        elif fragment and file.suffix == ".md":
            text = file.read_text(encoding="utf-8") if path else source.text
            if fragment not in anchors(text):
                problems.append(f"{source.path}: link to {target}, which has no such heading")
    return problems


def status_report(source: Source) -> list[str]:
    if REPORT.search(source.path):
        return [f"{source.path}: what was done goes into commits; documents tell what is"]
    return []


def decision_shape(source: Source) -> list[str]:
    problems = []
    if not DECISION.match(source.path):
        problems.append(f"{source.path}: decisions are named NNN-title.md")
    found = set(re.findall(r"^## (\w+)", source.text, re.MULTILINE))
    problems += [f"{source.path}: no section '## {h}'" for h in DECISION_HEADINGS if h not in found]
    if len(source.lines) > 70:
        problems.append(f"{source.path}: a decision is one page (70 lines)")
    return problems


def unnamed_rooms(text: str) -> list[str]:
    """Name the crates and Python rooms that exist and that the architecture page leaves out."""
    rooms = {path.parent.name for path in (ROOT / "crates").glob("*/Cargo.toml")}
    rooms |= {p.name for p in (ROOT / "python/py_rt").iterdir() if (p / "__init__.py").is_file()}
    return sorted(room for room in rooms if not re.search(rf"\b{room}/", text))


def test_links_lead_somewhere() -> None:
    hold(broken_link, select(suffix=".md"), at_least=8)


def test_documents_tell_what_is() -> None:
    hold(status_report, select(suffix=".md"), at_least=8)


def test_decisions_are_one_page() -> None:
    hold(decision_shape, select(prefix="docs/decisions/", suffix=".md"), at_least=4)


def test_the_architecture_page_names_every_room() -> None:
    assert room_exists("crates")
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert not unnamed_rooms(page), "docs/architecture.md leaves out rooms of this tree"


def test_the_link_rule_can_fail() -> None:
    assert broken_link(Source("docs/a.md", "[a](nowhere.md)"))
    assert broken_link(Source("docs/a.md", "# A b\n[a](#c)"))
    assert not broken_link(Source("docs/a.md", "# A `b`\n[a](#a-b) [w](https://example.org)"))
    assert broken_link(Source("docs/a.md", "![picture](nowhere.png)"))


def test_the_report_rule_can_fail() -> None:
    assert status_report(Source("docs/WEEK_3_SUMMARY.md", ""))
    assert not status_report(Source("docs/why.md", ""))


def test_the_decision_rule_can_fail() -> None:
    assert decision_shape(Source("docs/decisions/tokio.md", "## What\n## Why\n## Refused\n"))
    assert decision_shape(Source("docs/decisions/001-a.md", "## What\n"))
    assert not decision_shape(Source("docs/decisions/001-a.md", "## What\n## Why\n## Refused\n"))


def test_the_room_rule_can_fail() -> None:
    if any(Path(ROOT / "crates").glob("*/Cargo.toml")):
        assert unnamed_rooms("a page about nothing")

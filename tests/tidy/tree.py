"""Read the repository's own files: what git knows plus what is new and not ignored."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT_SUFFIXES = frozenset(
    {"", ".cfg", ".css", ".html", ".ini", ".js", ".md", ".py", ".pyi", ".rs", ".sh", ".sql",
     ".toml", ".txt", ".yml"}
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One text file of the tree; `path` is relative to the root, with forward slashes."""

    path: str
    text: str

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix

    @property
    def is_rust(self) -> bool:
        return self.suffix == ".rs"

    @property
    def is_python(self) -> bool:
        return self.suffix in {".py", ".pyi"}

    @property
    def is_test(self) -> bool:
        """Say whether the file only tests: in a tests folder, or a Rust `tests.rs` module."""
        parts = Path(self.path).parts
        return "tests" in parts[:-1] or parts[-1] in {"tests.rs", "conftest.py"}

    @property
    def is_foreign(self) -> bool:
        """Say whether others wrote the file: vendored scripts with their licence."""
        return "vendor" in Path(self.path).parts


Rule = Callable[[Source], list[str]]


@cache
def tracked() -> tuple[str, ...]:
    """List the paths that belong to the repository, tracked or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    paths = {path for path in listed.stdout.decode().split("\0") if path}
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


@cache
def sources() -> tuple[Source, ...]:
    """Read every text file that we wrote, except lock files and recorded data."""
    found = []
    for path in tracked():
        if Path(path).suffix not in TEXT_SUFFIXES or "golden" in Path(path).parts:
            continue
        source = Source(path, (ROOT / path).read_text(encoding="utf-8"))
        if not source.is_foreign:
            found.append(source)
    return tuple(found)


def select(
    *, prefix: str | tuple[str, ...] = "", suffix: str | tuple[str, ...] = ""
) -> list[Source]:
    """Pick files by where they are and how they end."""
    return [s for s in sources() if s.path.startswith(prefix) and s.path.endswith(suffix)]


def hold(rule: Rule, files: Iterable[Source], *, at_least: int) -> None:
    """Apply a rule to files; fail with every problem, or when there was too little to read."""
    files = list(files)
    assert len(files) >= at_least, f"only {len(files)} files read: the rule would hold of nothing"
    problems = [problem for file in files for problem in rule(file)]
    assert not problems, f"{len(problems)} problem(s):\n" + "\n".join(problems)


def room_exists(path: str) -> bool:
    """Say whether a room was built yet; rules about it wait until then."""
    return (ROOT / path).is_dir()

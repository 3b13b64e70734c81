"""Every snippet of the documents runs, and prints what the page says it prints.

A `python` block is a whole program: it is written to a file (`python file=name.py` chooses the
name) and run. A `console` block holds commands after `$ `, run in the same folder, so that a page
can save a strategy and then use it. What follows a command, or a `text` block that follows a
program, is the expected output; `...` stands for any text. `sh` blocks are not run.
"""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SECONDS = 120


@dataclass(frozen=True)
class Step:
    """One command of a page: what to run, what it should print, and where it stands."""

    command: list[str]
    expected: str
    line: int


def steps(page: str, folder: Path) -> Iterator[Step]:
    """Turn a page into the commands it tells the reader to run, writing its programs to files."""
    blocks = list(BLOCK.finditer(page))
    for index, block in enumerate(blocks):
        kind, info, body = block[1], block[2], block[3]
        line = page.count("\n", 0, block.start()) + 1
        if kind == "python":
            named = re.search(r"file=(\S+)", info)
            name = named[1] if named else f"snippet_{line}.py"
            (folder / name).write_text(body, encoding="utf-8")
            yield Step([sys.executable, name], _text_after(page, blocks, index), line)
        elif kind == "console":
            yield from _commands(body, line)


def _text_after(page: str, blocks: list[re.Match[str]], index: int) -> str:
    """Return the `text` block that directly follows, with nothing but a short line between."""
    if index + 1 == len(blocks) or blocks[index + 1][1] != "text":
        return ""
    between = page[blocks[index].end() : blocks[index + 1].start()]
    return blocks[index + 1][3] if between.strip().count("\n") == 0 else ""


def _commands(body: str, line: int) -> Iterator[Step]:
    command, expected, start = "", "", line
    for offset, text in enumerate(body.splitlines(keepends=True), start=1):
        if text.startswith("$ "):
            if command:
                yield Step(["sh", "-c", command], expected, start)
            command, expected, start = text[2:].strip(), "", line + offset
        else:
            expected += text
    if command:
        yield Step(["sh", "-c", command], expected, start)


def environment() -> dict[str, str]:
    """Put the environment's commands first, and keep the terminal's width out of the output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return os.environ | {"PATH": path, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONUTF8": "1"}


def run_page(page: str, folder: Path) -> list[str]:
    """Run a page in a folder; return what went wrong, one text a failed command."""
    problems = []
    checker = doctest.OutputChecker()
    for step in steps(page, folder):
        done = subprocess.run(
            step.command, cwd=folder, env=environment(), capture_output=True, text=True,
            timeout=SECONDS, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        shown = " ".join(step.command[-1:])
        if done.returncode != 0:
            problems.append(f"line {step.line}: `{shown}` ended with {done.returncode}:\n"
                            f"{done.stdout}{done.stderr}")  # fmt: skip
        elif step.expected and not checker.check_output(step.expected, done.stdout, LOOSE):
            problems.append(f"line {step.line}: `{shown}` printed:\n{done.stdout}\n"
                            f"and the page says:\n{step.expected}")  # fmt: skip
    return problems


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_page_runs(path: Path, tmp_path: Path) -> None:
    problems = run_page(path.read_text(encoding="utf-8"), tmp_path)
    assert not problems, "\n\n".join(problems)


def test_the_pages_have_snippets() -> None:
    kinds = [b[1] for path in PAGES for b in BLOCK.finditer(path.read_text(encoding="utf-8"))]
    assert kinds.count("python") >= 3
    assert kinds.count("console") >= 3


def test_the_runner_can_fail(tmp_path: Path) -> None:
    assert run_page("```python\nraise SystemExit(1)\n```\n", tmp_path)
    assert run_page("```console\n$ false\n```\n", tmp_path)
    assert run_page("```console\n$ echo a\nb\n```\n", tmp_path)
    assert run_page("```python\nprint(1)\n```\n\n```text\n2\n```\n", tmp_path)


def test_the_runner_follows_a_page(tmp_path: Path) -> None:
    page = (
        "```python file=one.py\nX = 1\nprint('made', X)\n```\nIt prints\n```text\nmade 1\n```\n"
        "```console\n$ python -c 'import one; print(one.X)'\nmade ...\n1\n$ echo done\n```\n"
        "```sh\nfalse\n```\n"
    )
    assert not run_page(page, tmp_path)

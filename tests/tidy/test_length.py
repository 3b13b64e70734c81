"""Files and functions fit in a head: what hurts is never the median, it is the tail."""

from __future__ import annotations

import re

from tidy import python, rust
from tidy.tree import Source, hold, select

FILE_LINES = 500
BINDING_FILE_LINES = 300
FUNCTION_LINES = 70
COLUMNS = 100

CODE = (".rs", ".py", ".pyi", ".js", ".css", ".sql", ".sh")
NARROW = (*CODE, ".toml", ".ini", "Makefile", ".md")
# A Markdown table, a link and a clippy.toml row cannot be broken over two lines.
UNBREAKABLE = re.compile(r"^\s*\||https?://|\]\([^)]*\)|^\s*\{ path = ")


def long_file(source: Source) -> list[str]:
    binding = source.path.startswith("crates/python/src/")
    budget = BINDING_FILE_LINES if binding else FILE_LINES
    count = len(source.lines)
    if count <= budget:
        return []
    return [f"{source.path}: {count} lines, budget {budget}: cut it where it has two subjects"]


def long_function(source: Source) -> list[str]:
    reader = rust.functions if source.is_rust else python.functions
    return [
        f"{source.path}:{f.line}: `{f.name}` has {f.length} lines, budget {FUNCTION_LINES}"
        for f in reader(source.text)
        if f.length > FUNCTION_LINES
    ]


def wide_line(source: Source) -> list[str]:
    return [
        f"{source.path}:{number}: {len(line)} columns, budget {COLUMNS}"
        for number, line in enumerate(source.lines, start=1)
        if len(line) > COLUMNS and not UNBREAKABLE.search(line)
    ]


def test_files_are_short() -> None:
    hold(long_file, select(suffix=CODE), at_least=20)


def test_functions_are_short() -> None:
    hold(long_function, select(suffix=(".rs", ".py", ".pyi")), at_least=20)


def test_lines_are_narrow() -> None:
    hold(wide_line, select(suffix=NARROW), at_least=30)


def test_the_file_rule_can_fail() -> None:
    assert long_file(Source("crates/kernel/src/a.rs", "//\n" * 501))
    assert long_file(Source("crates/kernel/src/tests.rs", "//\n" * 501))
    assert long_file(Source("crates/python/src/a.rs", "//\n" * 301))
    assert long_file(Source("tests/unit/test_a.py", "#\n" * 501))


def test_the_function_rule_can_fail() -> None:
    body = "    let x = 1;\n" * 71
    assert long_function(Source("a.rs", f"fn f(a: [u8; 4]) -> u8 {{\n{body}}}\n"))
    assert not long_function(Source("a.rs", "fn f() {\n" + "    let x = 1;\n" * 70 + "}\n"))
    # Braces in strings, characters and comments do not count.
    tricky = "fn f() {\n    let a = '{'; let b = \"}\"; // {\n}\n" + "// x\n" * 80
    assert not long_function(Source("a.rs", tricky))
    assert not long_function(Source("a.rs", "trait T {\n    fn f(&self);\n}\n" + "// x\n" * 80))
    assert long_function(Source("a.py", "def f():\n" + "    x = 1\n" * 71))
    assert not long_function(Source("a.py", 'def f():\n    """' + "a\n" * 80 + '    """\n'))


def test_the_line_rule_can_fail() -> None:
    assert wide_line(Source("a.py", "x" * 101))
    assert wide_line(Source("a.md", "word " * 30))
    assert not wide_line(Source("a.md", "| cell " * 30))

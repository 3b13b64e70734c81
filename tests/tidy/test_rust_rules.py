"""What the pure crates cannot do, and where the few exceptions of the Rust side are allowed."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tidy import rust
from tidy.tree import ROOT, Source, hold, room_exists, select

NO_STD = ("types", "venues", "kernel")
REAL_TIME = ("live", "paper", "python", "serve")
FLOAT_FREE = ("crates/types/src/", "crates/kernel/src/")

FLOAT = re.compile(r"\bf(?:32|64)\b")
OPT_OUT = re.compile(r"\b(?:allow|expect)\(\s*clippy::(disallowed_methods|disallowed_types)")
DEAD_CODE = re.compile(
    r"^\s*//(?![/!])\s*(?:(?:pub|let|fn|use|impl|if|for|match|return)\b.*[;{]|\})$"
)
MOD = re.compile(r"\bmod\s+([a-z_]\w*)\s*;")
EXTERN_STD = re.compile(r"\bextern\s+crate\s+std\b")


@dataclass(frozen=True)
class Exemption:
    """Why a file may hold floats, and on how many lines."""

    lines: int
    reason: str


@cache
def allowed_floats() -> dict[str, Exemption]:
    """Read the allow-list: where floats are no money."""
    text = (ROOT / "tests/tidy/allowed.toml").read_text(encoding="utf-8")
    return {path: Exemption(**row) for path, row in tomllib.loads(text).get("floats", {}).items()}


def sealed(source: Source) -> list[str]:
    code = rust.code_of(source.text)
    return [
        f"{source.path}: `{line}` is missing"
        for line in ("#![no_std]", "#![forbid(unsafe_code)]")
        if line not in code
    ]


def std_door(source: Source) -> list[str]:
    """The one hole in `no_std`: `extern crate std` outside of tests."""
    lines = rust.code_of(source.text).splitlines()
    return [
        f"{source.path}:{number}: `extern crate std` opens the door that no_std closes"
        for number, line in enumerate(lines, start=1)
        if EXTERN_STD.search(line)
        and not any("cfg(test)" in near for near in (line, *lines[max(number - 2, 0) : number - 1]))
    ]


def float_in_state(source: Source) -> list[str]:
    if source.is_test:
        return []
    exempt = allowed_floats().get(source.path)
    found = [
        number
        for number, line in enumerate(rust.code_of(source.text).splitlines(), start=1)
        if FLOAT.search(line)
    ]
    if exempt and len(found) <= exempt.lines:
        return []
    return [
        f"{source.path}:{number}: a float among exact numbers (where it is no money: "
        "tests/tidy/allowed.toml, with the reason)"
        for number in found
    ]


def clock_opt_out(source: Source) -> list[str]:
    """The clock is read in `src/clock.rs` of a real-time crate, in tests and in benches."""
    parts = Path(source.path).parts
    if source.is_test or "benches" in parts or "examples" in parts:
        return []
    crate = parts[1] if parts[0] == "crates" else ""
    problems = []
    for number, line in enumerate(source.lines, start=1):
        match = OPT_OUT.search(line)
        if not match:
            continue
        is_clock = source.path == f"crates/{crate}/src/clock.rs"
        if crate in REAL_TIME and (is_clock or match[1] == "disallowed_types"):
            continue
        problems.append(
            f"{source.path}:{number}: only src/clock.rs of {', '.join(REAL_TIME)} opts out"
        )
    return problems


def dead_code(source: Source) -> list[str]:
    return [
        f"{source.path}:{number}: code in a comment: git remembers it"
        for number, line in enumerate(source.lines, start=1)
        if DEAD_CODE.search(line)
    ]


def orphans(paths: set[str], declared: dict[str, set[str]]) -> list[str]:
    """Name the Rust files that no `mod` line brings in."""
    problems = []
    for path in sorted(paths):
        file = Path(path)
        if file.name in {"lib.rs", "main.rs"} or file.parent.name == "bin":
            continue
        folder = file.parent.parent if file.name == "mod.rs" else file.parent
        stem = file.parent.name if file.name == "mod.rs" else file.stem
        parents = [folder / "lib.rs", folder / "main.rs", folder / "mod.rs"]
        parents.append(folder.parent / f"{folder.name}.rs")
        if not any(stem in declared.get(str(parent), set()) for parent in parents):
            problems.append(f"{path}: no `mod {stem};` brings it in")
    return problems


def test_pure_crates_are_sealed() -> None:
    built = [name for name in NO_STD if room_exists(f"crates/{name}/src")]
    hold(
        sealed,
        [s for name in built for s in select(prefix=f"crates/{name}/src/lib.rs")],
        at_least=len(built),
    )
    assert built


def test_no_door_to_std() -> None:
    rooms = tuple(f"crates/{name}/src/" for name in NO_STD)
    hold(std_door, select(prefix=rooms, suffix=".rs"), at_least=5)


def test_no_floats_in_state() -> None:
    hold(float_in_state, select(prefix=FLOAT_FREE, suffix=".rs"), at_least=5)


def test_the_float_list_is_true() -> None:
    for path, exempt in allowed_floats().items():
        text = rust.code_of((ROOT / path).read_text(encoding="utf-8"))
        assert FLOAT.search(text), f"{path} has no floats any more: take it off the list"
        assert len(exempt.reason) > 10, f"{path}: say why floats are right there"


def test_clocks_are_read_in_one_place() -> None:
    hold(clock_opt_out, select(prefix="crates/", suffix=".rs"), at_least=5)


def test_no_code_in_comments() -> None:
    hold(dead_code, select(prefix="crates/", suffix=".rs"), at_least=5)


def test_no_dead_rust_files() -> None:
    files = [s for s in select(prefix="crates/", suffix=".rs") if s.path.split("/")[2] == "src"]
    declared = {s.path: set(MOD.findall(rust.code_of(s.text))) for s in files}
    assert len(files) >= 5
    problems = orphans({s.path for s in files}, declared)
    assert not problems, "\n".join(problems)


def test_approval_is_proved_to_have_no_other_door() -> None:
    """Risk alone makes `Approved<Order>`: a snippet that tries it elsewhere must not compile."""
    if not room_exists("crates/kernel/src/risk"):
        pytest.skip("the risk stage is not built")
    texts = [s.text for s in select(prefix="crates/kernel/", suffix=(".rs", ".md"))]
    proofs = [t for t in texts if "Approved" in t and ("compile_fail" in t or "trybuild" in t)]
    assert proofs, "no compile-fail test names Approved<Order>"


def test_the_seal_can_fail() -> None:
    assert sealed(Source("a.rs", "//! no seal"))
    assert sealed(Source("a.rs", "#![no_std]\n// #![forbid(unsafe_code)]"))
    assert not sealed(Source("a.rs", "#![no_std]\n#![forbid(unsafe_code)]\n"))


def test_the_door_rule_can_fail() -> None:
    assert std_door(Source("a.rs", "#![no_std]\nextern crate std;"))
    assert not std_door(Source("a.rs", "#![no_std]\n#[cfg(test)]\nextern crate std;"))


def test_the_float_rule_can_fail() -> None:
    assert float_in_state(Source("crates/types/src/a.rs", "pub struct A(f64);"))
    assert float_in_state(Source("crates/kernel/src/a.rs", "let a = 1.0f32 as f64;"))
    assert not float_in_state(Source("crates/kernel/src/a.rs", '// f64\nlet a = "f64";'))
    path, exempt = next(iter(allowed_floats().items()))
    assert not float_in_state(Source(path, "let a: f64;\n" * exempt.lines))
    assert float_in_state(Source(path, "let a: f64;\n" * (exempt.lines + 1)))


def test_the_clock_rule_can_fail() -> None:
    line = "#![allow(clippy::disallowed_methods)]"
    assert clock_opt_out(Source("crates/live/src/driver.rs", line))
    assert clock_opt_out(Source("crates/sim/src/clock.rs", line))
    assert not clock_opt_out(Source("crates/live/src/clock.rs", line))
    assert clock_opt_out(Source("crates/kernel/src/a.rs", "#[expect(clippy::disallowed_types)]"))


def test_the_dead_code_rule_can_fail() -> None:
    assert dead_code(Source("a.rs", "    // let a = 1;"))
    assert dead_code(Source("a.rs", "// }"))
    assert not dead_code(Source("a.rs", "// return early when the book is crossed\n/// use it;"))


def test_the_dead_file_rule_can_fail() -> None:
    paths = {"crates/a/src/lib.rs", "crates/a/src/b.rs", "crates/a/src/c/mod.rs"}
    declared = {"crates/a/src/lib.rs": {"b"}}
    assert orphans(paths, declared) == ["crates/a/src/c/mod.rs: no `mod c;` brings it in"]
    assert not orphans(paths, {"crates/a/src/lib.rs": {"b", "c"}})

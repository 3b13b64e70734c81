"""Import arrows between the crates, read from their manifests; the Python ones are import-linter's.

The Python contract stands in pyproject.toml and runs in `make lint`; here it is checked that every
room is named in it and that no room imports the face.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from tidy import python
from tidy.tree import ROOT, Source, hold, select

OURS = "py-rt-"
PURE = frozenset({"types", "venues", "kernel", "quant"})

# What each crate may stand on. Dev-dependencies are free: a test may look from above.
ARROWS: dict[str, frozenset[str]] = {
    "types": frozenset(),
    "venues": frozenset({"types"}),
    "kernel": frozenset({"types"}),
    "quant": frozenset(),
    "strategies": frozenset({"types", "kernel", "quant"}),
    "sim": frozenset({"types", "kernel", "venues", "quant"}),
    "paper": frozenset({"types", "sim"}),
    "live": frozenset(
        {"types", "venues", "kernel", "quant", "strategies", "sim", "paper"}
    ),
    "faults": frozenset({"types", "venues", "kernel", "live"}),
    "serve": frozenset({"types", "kernel", "quant", "live"}),
    "python": frozenset(
        {"types", "venues", "kernel", "quant", "strategies", "sim", "paper", "live", "faults"}
        | {"serve"}
    ),
}  # fmt: skip

# The crates that decide stand on nothing but the language; `libm` gives the same bits everywhere.
OUTSIDE: dict[str, frozenset[str]] = {
    "types": frozenset(),
    "kernel": frozenset({"libm"}),
    "venues": frozenset({"libm"}),
    "quant": frozenset({"libm", "matrixmultiply"}),
}


def dependencies(manifest: dict[str, Any]) -> set[str]:
    """Collect what the crate itself needs, for the target and for the build script."""
    tables = [manifest, *manifest.get("target", {}).values()]
    names: set[str] = set()
    for table in tables:
        for kind in ("dependencies", "build-dependencies"):
            names |= set(table.get(kind, {}))
    return names


def crate_of(source: Source) -> str:
    return source.path.split("/")[1]


def crate_arrow(source: Source) -> list[str]:
    crate = crate_of(source)
    if crate not in ARROWS:
        return [f"{source.path}: crate `{crate}` has no arrows: add it to ARROWS, with a reason"]
    needed = dependencies(tomllib.loads(source.text))
    ours = {name.removeprefix(OURS) for name in needed if name.startswith(OURS)}
    return [
        f"{source.path}: `{crate}` must not stand on `{name}`"
        for name in sorted(ours - ARROWS[crate])
    ]


def outside_arrow(source: Source) -> list[str]:
    crate = crate_of(source)
    allowed = OUTSIDE.get(crate)
    if allowed is None:
        return []
    others = {n for n in dependencies(tomllib.loads(source.text)) if not n.startswith(OURS)}
    return [
        f"{source.path}: `{crate}` decides and takes no library: `{name}`"
        for name in sorted(others - allowed)
    ]


def imports_the_face(source: Source) -> list[str]:
    return [
        f"{source.path}:{line}: import the room, not the face (`from py_rt.errors import ...`)"
        for line, module in python.imports(source.text)
        if module == "py_rt"
    ]


def rooms_of_the_contract() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(c["layers"] for c in contracts if c["type"] == "layers")
    return {room.strip(" ()") for layer in layers for room in layer.split(":")}


def rooms_in_the_tree() -> set[str]:
    found = set()
    for source in select(prefix="python/py_rt/", suffix=".py"):
        first = source.path.removeprefix("python/py_rt/").split("/")[0].removesuffix(".py")
        if not first.startswith("_"):
            found.add(first)
    return found


def manifests() -> list[Source]:
    return [s for s in select(prefix="crates/", suffix="/Cargo.toml") if s.path.count("/") == 2]


def test_crates_import_downwards() -> None:
    hold(crate_arrow, manifests(), at_least=3)


def test_deciding_crates_take_no_library() -> None:
    hold(outside_arrow, manifests(), at_least=3)


def test_one_tls_provider() -> None:
    # The lock also lists optional packages that no feature switches on; what counts is the tree.
    def users(package: str) -> str:
        command = ["cargo", "tree", "--workspace", "--locked", "--offline", "--target", "all"]
        told = subprocess.run(
            [*command, "--invert", package], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return told.stdout

    assert "py-rt-live" in users("ring")
    lock = (ROOT / "Cargo.lock").read_text()
    two = "two TLS providers: switch the `aws-lc-rs` feature off where it came in"
    assert 'name = "aws-lc-rs"' not in lock or not users("aws-lc-rs"), two


def test_every_python_room_is_in_the_contract() -> None:
    missing = rooms_in_the_tree() - rooms_of_the_contract()
    assert rooms_in_the_tree()
    assert not missing, f"name them in pyproject.toml, tool.importlinter: {sorted(missing)}"


def test_no_room_imports_the_face() -> None:
    # A scaffold that `py-rt new` writes is the user's code and starts with the face.
    rooms = [
        source
        for source in select(prefix="python/py_rt/", suffix=".py")
        if "templates" not in source.path.split("/") and source.path != "python/py_rt/__init__.py"
    ]
    hold(imports_the_face, rooms, at_least=3)


def test_the_crate_rule_can_fail() -> None:
    up = "[dependencies]\npy-rt-sim = { workspace = true }\n"
    assert crate_arrow(Source("crates/kernel/Cargo.toml", up))
    assert crate_arrow(Source("crates/attic/Cargo.toml", ""))
    assert not crate_arrow(Source("crates/paper/Cargo.toml", up))
    assert not crate_arrow(Source("crates/kernel/Cargo.toml", up.replace("dep", "dev-dep")))
    assert crate_arrow(Source("crates/types/Cargo.toml", f"[target.'cfg(unix)'.{up[1:]}"))


def test_the_library_rule_can_fail() -> None:
    assert outside_arrow(Source("crates/kernel/Cargo.toml", "[dependencies]\nrand = '1'\n"))
    assert not outside_arrow(Source("crates/kernel/Cargo.toml", "[dependencies]\nlibm = '1'\n"))
    assert not outside_arrow(Source("crates/live/Cargo.toml", "[dependencies]\ntokio = '1'\n"))


def test_the_face_rule_can_fail() -> None:
    assert imports_the_face(Source("a.py", "import py_rt as rt"))
    assert imports_the_face(Source("a.py", "def f():\n    from py_rt import load"))
    assert not imports_the_face(Source("a.py", "from py_rt.errors import DataError"))


def test_the_python_contract_can_fail(tmp_path: Path) -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    package = tmp_path / "py_rt"
    package.mkdir()
    for room in rooms_of_the_contract():
        (package / f"{room}.py").write_text("", encoding="utf-8")
    (package / "__init__.py").write_text("", encoding="utf-8")
    assert _contract_holds(tmp_path)
    (package / "errors.py").write_text("import py_rt.backtest", encoding="utf-8")
    assert not _contract_holds(tmp_path)


def _contract_holds(folder: Path) -> bool:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert "Contracts" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


def test_the_contract_names_rooms() -> None:
    assert {"errors", "data", "backtest", "cli"} <= rooms_of_the_contract()


def test_pure_crates_are_named_once() -> None:
    assert set(OUTSIDE) == PURE

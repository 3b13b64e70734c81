"""The public face: `__all__` equals reality, versions agree, nothing heavy is imported early."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from types import FunctionType, ModuleType

import pytest

from tidy.tree import ROOT, Source, select

HEAVY = ("pandas", "typer", "rich", "plotly", "pyarrow", "polars")


def public_modules() -> list[str]:
    """List py_rt and each of its public packages and modules at the first level."""
    names = {"py_rt"}
    for source in select(prefix="python/py_rt/", suffix=".py"):
        rest = source.path.removeprefix("python/py_rt/").removesuffix(".py").split("/")
        if not rest[0].startswith("_"):
            names.add(f"py_rt.{rest[0]}")
    return sorted(names)


def face_problems(module: ModuleType) -> list[str]:
    """Compare `__all__` with what the module really offers."""
    name = module.__name__
    declared = getattr(module, "__all__", None)
    if declared is None:
        return [f"{name}: no __all__"]
    problems = [
        f"{name}: {entry} is listed twice" for entry in declared if declared.count(entry) > 1
    ]
    problems += [f"{name}: {e} is listed and missing" for e in declared if not hasattr(module, e)]
    offered = {e for e, value in vars(module).items() if _is_offered(e, value, module)}
    problems += [f"{name}: {e} is offered and not listed" for e in sorted(offered - set(declared))]
    return problems


def _is_offered(entry: str, value: object, module: ModuleType) -> bool:
    """Say whether a name is part of the face: in py_rt every one, elsewhere what was made there."""
    if entry.startswith("_") or isinstance(value, ModuleType) or entry == "annotations":
        return False
    if module.__name__ == "py_rt":
        return entry != "TYPE_CHECKING"
    return isinstance(value, (type, FunctionType)) and value.__module__ == module.__name__


def dead_modules(files: list[Source]) -> list[str]:
    """Name the Python modules that no other file of the package mentions."""
    problems = []
    for source in files:
        parts = source.path.removeprefix("python/").removesuffix(".py").split("/")
        if parts[-1] in {"__init__", "__main__"} or "templates" in parts:
            continue
        if parts[-3:-1] == ["data", "formats"] and "\nREADERS" in source.text:
            continue  # the registry of formats finds it by itself
        word = re.compile(rf"\b{re.escape(parts[-1])}\b")
        if not any(word.search(other.text) for other in files if other is not source):
            problems.append(f"{source.path}: nothing in the package mentions it")
    return problems


@pytest.mark.parametrize("name", public_modules())
def test_all_equals_reality(name: str) -> None:
    problems = face_problems(importlib.import_module(name))
    assert not problems, "\n".join(problems)


def test_no_dead_python_files() -> None:
    files = select(prefix="python/py_rt/", suffix=".py")
    assert len(files) >= 5
    problems = dead_modules(files)
    assert not problems, "\n".join(problems)


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert project["version"] == cargo["version"]
    assert project["license"] == cargo["license"]
    assert f"## [{project['version']}]" in changelog
    assert importlib.import_module("py_rt").__version__ == project["version"]


def test_the_package_is_typed() -> None:
    assert (ROOT / "python/py_rt/py.typed").is_file()
    assert (ROOT / "python/py_rt/_core/__init__.pyi").is_file()


def test_the_import_is_light() -> None:
    """Pandas and the like cost a quarter of a second: they are imported when they are used."""
    code = f"import sys, py_rt; print([m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]", f"`import py_rt` also imports {shown.stdout.strip()}"


def test_the_face_rule_can_fail() -> None:
    module = ModuleType("m")
    exec("__all__ = ['gone', 'f', 'f']\ndef f(): ...\nclass Hidden: ...", module.__dict__)
    problems = face_problems(module)
    assert any("gone is listed and missing" in p for p in problems)
    assert any("f is listed twice" in p for p in problems)
    assert any("Hidden is offered and not listed" in p for p in problems)
    assert face_problems(ModuleType("empty")) == ["empty: no __all__"]


def test_the_dead_module_rule_can_fail() -> None:
    used = Source("python/py_rt/a.py", "from py_rt.b import x")
    files = [used, Source("python/py_rt/b.py", "x = 1"), Source("python/py_rt/c.py", "y = 1")]
    assert [p.split(":")[0] for p in dead_modules(files)] == [
        "python/py_rt/a.py",
        "python/py_rt/c.py",
    ]

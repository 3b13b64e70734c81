"""``py-rt new NAME``: a strategy, its configuration and its test."""

from __future__ import annotations

import re
from pathlib import Path

from py_rt.cli.output import Output
from py_rt.errors import ConfigError

__all__ = ["run_new"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
_FILES = ("strategy.py", "trade.toml", "test_strategy.py")


def run_new(name: str, output: Output) -> None:
    """Write the folder; never over something that exists."""
    folder = Path(name)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", folder.name):
        raise ConfigError(
            f"{folder.name!r} is not a good name",
            field="NAME",
            remedy="begin with a letter; then letters, digits, _ and -, such as my_idea",
        )
    taken = [str(folder / file) for file in _FILES if (folder / file).exists()]
    if taken:
        raise ConfigError(
            f"{taken[0]} exists already", field="NAME", remedy="choose another name, or move it"
        )
    words = {"IdeaClass": class_name(folder.name), "idea_name": folder.name}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file in _FILES:
        text = (_TEMPLATES / f"{file}.txt").read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        (folder / file).write_text(text, encoding="utf-8")
        written.append(str(folder / file))
    if output.result({"folder": str(folder), "files": written, "class": words["IdeaClass"]}):
        for path in written:
            output.note(f"wrote {path}")
        output.note("next:")
        output.note(f"  py-rt backtest {folder}/strategy.py --data sample:us_minute")
        output.note(f"  py-rt paper {folder}/strategy.py --data sample:btcusdt_l2")
        output.note(f"  python -m pytest {folder}")


def class_name(name: str) -> str:
    """Turn a folder's name into the name of a class.

    Examples
    --------
    >>> class_name("my_idea"), class_name("rsi-2")
    ('MyIdea', 'Rsi2')
    """
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_-]+", name))

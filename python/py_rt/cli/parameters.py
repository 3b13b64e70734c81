"""``--set fast=5``: names and values of strategy parameters."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

from py_rt.errors import ConfigError

__all__ = ["parse_params"]


def parse_params(written: Iterable[str]) -> dict[str, Any]:
    """Read ``name=value`` pairs; a value is a TOML value, and anything else is text.

    A name may have one of a strategy in front: ``quick.fast``.

    Raises
    ------
    ConfigError
        There is no equals sign, or no name.

    Examples
    --------
    >>> parse_params(["fast=5", "order_qty=0.5", "symbol=AAPL", 'label="5"', "shy=true"])
    {'fast': 5, 'order_qty': 0.5, 'symbol': 'AAPL', 'label': '5', 'shy': True}
    """
    params: dict[str, Any] = {}
    for pair in written:
        name, sign, text = pair.partition("=")
        if not sign or not name.strip().rpartition(".")[2].isidentifier():
            raise ConfigError(
                f"{pair!r} is not NAME=VALUE", field="--set", remedy="write it like --set fast=5"
            )
        params[name.strip()] = _value(text.strip())
    return params


def _value(text: str) -> Any:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, bool | int | float | str | list) else text

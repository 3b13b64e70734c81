"""The accounts of a paper venue, read from its file: of both dialects, each with what it owns."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from py_rt._amounts import decimal, plain
from py_rt.errors import ParameterError
from py_rt.trade.written import Document, Key

__all__ = ["RICHEST", "read_account"]

RICHEST = Decimal(10) ** 15
"""More than anybody owns."""

_ALPACA_CASH = "1000000"
_BINANCE_BALANCES = {"USDT": "1000000"}
_ACCOUNT = {
    "dialect": Key("text", "alpaca", choices=("alpaca", "binance")),
    "key": Key("text"),
    "secret": Key("text", None),
    "public_key": Key("text", None),
    "cash": Key("text", None),
    "balances": Key("texts by name", None),
}


def read_account(document: Document, index: int) -> dict[str, Any]:
    """Return one account, as the server takes it.

    Parameters
    ----------
    document : Document
    index : int
        Which of the accounts.

    Raises
    ------
    ConfigError
        A key that is missing, unknown or of the other dialect; an amount that is none.

    Examples
    --------
    >>> account = {"dialect": "alpaca", "key": "K1", "secret": "S1", "cash": "500"}
    >>> read_account(Document("venue.toml", "", {"account": [account]}), 0)["cash"]
    '500'
    """
    entry = document.section("account", _ACCOUNT, index)
    public = _public_key(document, index, entry)
    for name in ("key", "secret"):
        if not entry[name] and not (public and name == "secret"):
            raise document.error("is empty", f"account[{index}].{name}", remedy="give both")
    dialect = entry["dialect"]
    other = "balances" if dialect == "alpaca" else "cash"
    if entry[other] is not None:
        own = "cash" if dialect == "alpaca" else "balances"
        raise document.error(
            f"an account of the {dialect} dialect has no {other}",
            f"account[{index}].{other}",
            remedy=f"write {own}",
        )
    written = entry["balances"] or _BINANCE_BALANCES
    balances = written.items() if dialect == "binance" else ()
    return {
        "dialect": dialect,
        "key": entry["key"],
        "secret": entry["secret"] or "",
        "public_key": public,
        "cash": _amount(document, index, "cash", entry["cash"] or _ALPACA_CASH),
        "balances": [
            (asset, _amount(document, index, f"balances.{asset}", text)) for asset, text in balances
        ],
    }


def _public_key(document: Document, index: int, entry: Mapping[str, Any]) -> bytes | None:
    """Read an Ed25519 key: 32 bytes in base64, or what openssl writes around them."""
    text = entry["public_key"]
    if text is None:
        return None
    where = f"account[{index}].public_key"
    if entry["dialect"] != "binance" or entry["secret"]:
        remedy = "write it for a binance account, in place of secret"
        raise document.error("has no place here", where, remedy=remedy)
    inside = "".join(line for line in text.split("\n") if not line.startswith("-----"))
    try:
        raw = base64.b64decode(inside, validate=True)
    except ValueError:
        raw = b""
    if len(raw) not in (32, 44):
        remedy = "write an Ed25519 public key: PEM, or its 32 bytes in base64"
        raise document.error("is no key", where, remedy=remedy)
    return raw[-32:]


def _amount(document: Document, index: int, name: str, text: str) -> str:
    try:
        return plain(decimal(text, name, least=0, most=RICHEST))
    except ParameterError as error:
        raise document.error(error.what, f"account[{index}].{name}", error.remedy) from None

"""Receipts: hashes of everything a result depends on, and a rerun that checks them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import py_rt._core as _core
from py_rt._times import format_ns
from py_rt.backtest.lineup import rebuild
from py_rt.charges import Borrow, Funding
from py_rt.config import RiskLimits
from py_rt.data.actions import CorporateAction
from py_rt.errors import DataError
from py_rt.margin import Margin
from py_rt.market import MarketData
from py_rt.sim_venue import SimVenue

if TYPE_CHECKING:
    from py_rt.backtest.lineup import Lineup, Strategies
    from py_rt.backtest.result import BacktestResult

__all__ = ["Verification", "make_receipt", "verify"]

RECEIPT_VERSION = 1


@dataclass(frozen=True)
class Verification:
    """What a rerun showed.

    Attributes
    ----------
    equal : bool
        Whether the rerun gave the same orders from the same inputs.
    order_hash, expected_hash : str
        Of the rerun and of the receipt.
    differences : tuple of str
        Which inputs differ from the receipt's.
    """

    equal: bool
    order_hash: str
    expected_hash: str
    differences: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dict."""
        return {
            "equal": self.equal,
            "order_hash": self.order_hash,
            "expected_hash": self.expected_hash,
            "differences": list(self.differences),
        }


def make_receipt(
    lineup: Lineup,
    market: MarketData,
    source: Any,
    config: dict[str, Any],
    order_hash: str,
) -> dict[str, Any]:
    """Return the receipt of a run: what went in, by hash, and the hash of its orders."""
    config = dict(config)
    seed = config.pop("seed")
    return {
        "receipt_version": RECEIPT_VERSION,
        "data": {
            "source": _source_text(source, market),
            "sha256": market.content_hash(),
            "repairs": [note for note in market.notes if note.startswith("repair: ")],
        },
        "strategy": lineup.described(),
        "config": {**config, "sha256": _hash_json(config)},
        "engine": {"version": _core.__version__, "sha256": engine_hash()},
        "seed": seed,
        "order_hash": order_hash,
    }


def verify(
    receipt: dict[str, Any] | str | os.PathLike[str] | BacktestResult,
    strategy: Strategies | None = None,
    data: MarketData | dict[str, MarketData] | None = None,
) -> Verification:
    """Run what a receipt describes once more and compare.

    Parameters
    ----------
    receipt : dict, path of a JSON file, or BacktestResult
        What to check.
    strategy, data : optional
        Given when the receipt cannot lead to them: a strategy made in a session, data in memory; of
        several venues a dict, as the run had it.

    Returns
    -------
    Verification

    Raises
    ------
    DataError
        The receipt is not one, or its data cannot be found.

    Examples
    --------
    >>> import py_rt as rt
    >>> result = rt.backtest(rt.StrategyFactory.create("sma_cross"), "sample:us_minute")
    >>> rt.verify(result.receipt).equal
    True
    """
    from py_rt.backtest.run import backtest

    written = _read(receipt)
    used = strategy if strategy is not None else rebuild(written["strategy"])
    market = data if data is not None else _load(written["data"]["source"])
    config = written["config"]
    result = backtest(
        used,
        market,
        venue=_venue_of(config["venue"]),
        risk=_limits_of(config["risk"]),
        cash=config["cash"],
        base_currency=config.get("base_currency"),
        fx=config.get("fx"),
        borrow=Borrow(**config["borrow"]) if "borrow" in config else None,
        funding={k: Funding.from_dict(f) for k, f in config.get("funding", {}).items()} or None,
        margin=Margin(**config["margin"]) if "margin" in config else None,
        seed=written["seed"],
        progress=False,
        bars=config["bar_interval_ns"] or None,
        limits={k: _limits_of(own) for k, own in config.get("limits", {}).items()} or None,
        warmup=_warmup_of(config),
        actions=[CorporateAction(**a) for a in config.get("actions", ())] or None,
    )
    fresh = result.receipt
    differences = tuple(
        name
        for name, ours, theirs in (
            ("data", fresh["data"]["sha256"], written["data"]["sha256"]),
            ("code", _codes(fresh["strategy"]), _codes(written["strategy"])),
            ("params", _params(fresh["strategy"]), _params(written["strategy"])),
            ("config", fresh["config"]["sha256"], config["sha256"]),
            ("engine", fresh["engine"]["sha256"], written["engine"]["sha256"]),
        )
        if ours != theirs
    )
    equal = fresh["order_hash"] == written["order_hash"] and not differences
    return Verification(equal, fresh["order_hash"], written["order_hash"], differences)


def _warmup_of(config: dict[str, Any]) -> str | None:
    """Return the end of the warm-up that a receipt names, as a time; None without one."""
    opens_at = config.get("opens_at")
    return None if opens_at is None else format_ns(opens_at)


def _codes(described: dict[str, Any]) -> list[Any]:
    return [one.get("sha256") for one in described.get("several", [described])]


def _params(described: dict[str, Any]) -> dict[str, Any]:
    return {one.get("as", ""): one["params"] for one in described.get("several", [described])}


@cache
def engine_hash() -> str:
    """Return the SHA-256 of the compiled engine, as hex text."""
    return hashlib.sha256(Path(_core.__file__).read_bytes()).hexdigest()


def _load(source: Any) -> Any:
    from py_rt.data import load

    if isinstance(source, dict):
        return {name: load(one) for name, one in source.items()}
    return load(source)


def _source_text(source: Any, market: MarketData) -> Any:
    if _is_named(source):
        return {name: _source_text(one, one) for name, one in source.items()}
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    from py_rt.data import samples

    if any(sample.name == market.name for sample in samples()):
        return f"sample:{market.name}"
    return market.name


def _is_named(source: Any) -> bool:
    kinds = (MarketData, str, os.PathLike)
    return isinstance(source, Mapping) and all(isinstance(one, kinds) for one in source.values())


def _venue_of(written: dict[str, Any]) -> SimVenue | dict[str, SimVenue]:
    if isinstance(written.get("queue_exponent"), int):
        return SimVenue.from_dict(written)
    return {name: SimVenue.from_dict(one) for name, one in written.items()}


def _limits_of(written: dict[str, Any]) -> RiskLimits:
    known = dict(written)
    known["reference_max_age"] = known.pop("reference_age_ns_max")
    return RiskLimits(**known)


def _read(receipt: Any) -> dict[str, Any]:
    found = getattr(receipt, "receipt", receipt)
    if isinstance(found, (str, os.PathLike)):
        try:
            found = json.loads(Path(found).read_text(encoding="utf-8"))
        except OSError as error:
            remedy = "pass the path of a receipt"
            raise DataError(f"cannot read the receipt: {error}", remedy=remedy) from error
        except ValueError as error:
            remedy = "pass the JSON that a run wrote"
            raise DataError(f"the receipt is no JSON: {error}", remedy=remedy) from error
        found = found.get("receipt", found) if isinstance(found, dict) else found
    needed = {"data", "strategy", "config", "engine", "seed", "order_hash"}
    if not isinstance(found, dict) or not needed <= found.keys():
        remedy = "pass result.receipt, or the file that py-rt backtest --json named"
        raise DataError("this is no receipt", field="receipt", remedy=remedy)
    return found


def _hash_json(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()

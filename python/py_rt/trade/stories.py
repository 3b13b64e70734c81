"""The story of one order, from the journal: what was seen, asked, checked, sent and received."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from py_rt._strategy_files import rebuild_strategy
from py_rt.errors import ParameterError
from py_rt.strategy import Strategy

if TYPE_CHECKING:
    from py_rt.trade.journal import Journal

__all__ = ["Story", "entry_text", "explain", "strategy_of", "time_text"]

_NS = 1_000_000_000
_FIRST = ("sequence", "segment", "offset", "time", "kind", "what")


@dataclass(frozen=True, slots=True)
class Story:
    """One order from the market before it to its end.

    Attributes
    ----------
    client_order_id : str
    venue_order_id : str or None
    session : int
        In which it was made.
    strategy : str
    status : str or None
        Its last state.
    closed : bool
        Whether it can change any more.
    divergence : str or None
        Where the code of now decides other than the session did; from there on nothing is known
        of callbacks, checks and states.
    moments : list of dict
        In order. Each has ``sequence`` (of the record), ``time`` [ns UTC], ``what`` (``market
        book input callback check sent received state execution``) and what there is to say.
    """

    client_order_id: str
    venue_order_id: str | None
    session: int
    strategy: str
    status: str | None
    closed: bool
    divergence: str | None
    moments: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)

    def to_text(self) -> str:
        """Return the story as lines for a person."""
        venue = self.venue_order_id or "no id of the venue"
        status = f"{self.status or 'unknown'}{'' if self.closed else ', still open'}"
        lines = [
            f"order {self.client_order_id} ({venue})",
            f"strategy {self.strategy}, session {self.session}, {status}",
        ]
        before = None
        for moment in self.moments:
            if moment["time"] != before:
                lines.append(time_text(moment["time"]))
                before = moment["time"]
            lines.append(f"  {moment['what']:<10}{_moment_text(moment)}")
        if self.divergence:
            lines.append(f"the code of now decides otherwise: {self.divergence}")
        return "\n".join(lines)


def explain(journal: Journal | str | os.PathLike[str], order: str) -> Story:
    """Tell the whole story of one order.

    What was sent and received stands in the journal. The market that the kernel saw, the callback
    that asked, each check with its limit and value and each state are derived again by replay.

    Parameters
    ----------
    journal : Journal or path-like
        What `Journal` takes.
    order : str
        A client order id, a venue order id, or the beginning of one that no other shares.

    Returns
    -------
    Story

    Raises
    ------
    ConfigError
        There is no such order (near ones are named), several begin so, or the strategy's code is
        not where it was.
    JournalError
        There is no journal, or it is damaged.

    Examples
    --------
    >>> import py_rt as rt
    >>> print(rt.explain("state", "rt-abcdefgh-17").to_text())  # doctest: +SKIP
    """
    import py_rt._core as _core

    if not order:
        raise ParameterError("must not be empty", field="order", remedy="name an order")
    path: Any = getattr(journal, "path", journal)
    return Story(**_core.explain_order(os.fspath(path), order, strategy_of))


def strategy_of(parameters: str) -> Strategy:
    """Make the strategy that a journal's header describes."""
    return rebuild_strategy(json.loads(parameters))


def time_text(ns: int) -> str:
    """Write a time in ns UTC as ISO 8601, to the nanosecond.

    Examples
    --------
    >>> time_text(1_700_000_000_123_456_789)
    '2023-11-14T22:13:20.123456789Z'
    """
    whole, rest = divmod(ns, _NS)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def entry_text(entry: Mapping[str, Any]) -> str:
    """Write an entry of a journal as one line for a person.

    Examples
    --------
    >>> entry_text({"sequence": 7, "time": None, "kind": "id_block", "ids_below": 1025})
    '       7  -                               id_block  ids_below=1025'
    """
    at = "-" if entry["time"] is None else time_text(entry["time"])
    said = " ".join(_pairs(entry))
    return f"{entry['sequence']:>8}  {at:<30}  {entry['kind']:<8}  {said}".rstrip()


def _pairs(values: Mapping[str, Any]) -> list[str]:
    shown = ((k, v) for k, v in values.items() if k not in _FIRST)
    return [f"{k}={_word(k, v)}" for k, v in shown]


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return time_text(value) if name.startswith("ts_") else str(value)


def _moment_text(moment: Mapping[str, Any]) -> str:
    if moment["what"] == "check":
        holds = "holds" if moment["holds"] else "REFUSED"
        return f"{moment['check']:<24}{holds:<9}value {moment['value']}, limit {moment['limit']}"
    return " ".join(_pairs(moment))

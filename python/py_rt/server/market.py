"""Recorded data as the market that a server shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from py_rt.data import load
from py_rt.errors import DataError, ParameterError

__all__ = ["market_of", "market_of_session"]


def market_of(source: Any, *, speed: float = 1.0, repeat: bool = True) -> dict[str, Any]:
    """Return recorded data as the engine takes it.

    Parameters
    ----------
    source : anything that ``rt.data.load`` takes
        Must have order book changes or quotes.
    speed : float
        Recorded seconds a real second; 0 for as fast as the machine can.
    repeat : bool
        Begin again at the end, with later times.

    Raises
    ------
    DataError
        Data that cannot be loaded or have no book.
    ParameterError
        A speed below zero.
    """
    if not 0 <= speed < float("inf"):
        raise ParameterError(f"speed is {speed}", field="speed", remedy="use 0 or more")
    data = load(source)
    if not {"depth", "snapshot", "quote", "order"} & set(data.kinds):
        raise DataError(
            f"the market needs an order book or quotes; these are {', '.join(data.kinds)}",
            field="data",
            source=str(source),
            remedy="use sample:btcusdt_l2",
        )
    return {
        "session": None,
        "events": np.ascontiguousarray(data.events()).view(np.uint8),
        "instruments": [instrument.to_dict() for instrument in data.instruments],
        "speed": float(speed),
        "repeat": repeat,
    }


def market_of_session(state_dir: str | Path) -> dict[str, Any]:
    """Return the market of a paper or live session, followed through its journal.

    Parameters
    ----------
    state_dir : path-like
        Its state directory; the one that ``py-rt paper`` was given will do.
    """
    folder = Path(state_dir)
    if not (folder / "journal").exists() and (folder / "session" / "journal").exists():
        folder = folder / "session"
    return {"session": str(folder)}

"""The real excerpts that come inside the package."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from py_rt.data.packed import read_meta, read_packed
from py_rt.errors import DataError
from py_rt.market import MarketData

__all__ = ["SampleInfo", "sample", "samples"]

_FOLDER = Path(__file__).resolve().parent.parent / "samples"


@dataclass(frozen=True)
class SampleInfo:
    """What a bundled sample is.

    Attributes
    ----------
    name, description : str
    symbols : tuple of str
    rows : int
    attribution, licence : str
        Whom to thank, and the terms of the source.
    kinds : tuple of str
    size_bytes : int
        Of the file in the package.
    """

    name: str
    description: str
    symbols: tuple[str, ...]
    rows: int
    attribution: str
    licence: str
    kinds: tuple[str, ...]
    size_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict."""
        return asdict(self)


@cache
def _info(path: Path) -> SampleInfo:
    meta = read_meta(path)
    return SampleInfo(
        name=meta["name"],
        description=meta["description"],
        symbols=tuple(fields["symbol"] for fields in meta["instruments"]),
        rows=sum(meta["rows"].values()),
        attribution=meta["attribution"],
        licence=meta["licence"],
        kinds=tuple(meta["kinds"]),
        size_bytes=path.stat().st_size,
    )


def samples() -> list[SampleInfo]:
    """List the bundled samples, by name.

    Returns
    -------
    list of SampleInfo
        ``name description symbols rows attribution licence kinds size_bytes``.

    Examples
    --------
    >>> import py_rt.data
    >>> [entry.name for entry in py_rt.data.samples()]
    ['btcusdt_l2', 'ethusdt_l2', 'sp500_daily', 'us_daily', 'us_minute']
    """
    return [_info(path) for path in sorted(_FOLDER.glob("*.npz"))]


def sample(name: str) -> MarketData:
    """Load one bundled sample.

    Parameters
    ----------
    name : str
        One of ``samples()``; a leading "sample:" is allowed.

    Returns
    -------
    MarketData
        A fresh, read-only copy; loading takes some tens of milliseconds.

    Raises
    ------
    DataError
        No such sample; the message names the nearest one and lists all.

    Examples
    --------
    >>> import py_rt.data
    >>> py_rt.data.sample("us_daily").symbols[:3]
    ('AAPL', 'AMD', 'BAC')
    """
    wanted = name.removeprefix("sample:")
    path = _FOLDER / f"{wanted}.npz"
    known = [entry.stem for entry in sorted(_FOLDER.glob("*.npz"))]
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise DataError(
            f"there is no sample {wanted!r}",
            field="name",
            remedy=f"{hint}The samples are {', '.join(known) or 'missing from this installation'}",
        )
    return read_packed(path)

"""Corporate actions as data: splits, cash dividends, symbol changes; prices adjusted for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from py_rt._scales import count_decimals, from_units, to_units
from py_rt._times import to_ns
from py_rt.data.files import frame_of
from py_rt.data.renames import Lineage, renamed
from py_rt.errors import DataError, ParameterError
from py_rt.market import MarketData

__all__ = ["CorporateAction", "adjust", "corporate_actions"]

DAY = 86_400_000_000_000
_KINDS = ("split", "dividend", "symbol_change")
_PRICES = ("open", "high", "low", "close")
_MOST_DECIMALS = 9


@dataclass(frozen=True)
class CorporateAction:
    """Something that changes what a price or a holding means, from one session on.

    Parameters
    ----------
    kind : {"split", "dividend", "symbol_change"}
    symbol : str
    ts : int
        00:00 UTC of the session date on which it takes effect (the ex-date), ns.
    ratio : float, or text such as "4:3"
        New shares per old one, of a split: 4.0 for 4:1, 0.1 for a reverse split 1:10. Text is kept
        as the nearest float; ``rt.backtest`` counts with the exact fraction either way.
    amount : float
        Cash per share, of a dividend.
    currency : str
    new_symbol : str
        Of a symbol change.

    Raises
    ------
    ParameterError
        A kind that is unknown, or a value that is missing, no number, or not positive.

    Examples
    --------
    >>> CorporateAction("split", "AAPL", to_ns("2020-08-31"), ratio=4.0).ratio
    4.0
    """

    kind: Literal["split", "dividend", "symbol_change"]
    symbol: str
    ts: int
    ratio: float = 1.0
    amount: float = 0.0
    currency: str = "USD"
    new_symbol: str = ""

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ParameterError(
                f"{self.kind!r} is unknown", field="kind", remedy=f"use one of {', '.join(_KINDS)}"
            )
        object.__setattr__(self, "ratio", _number(self.ratio))
        for kind, name in (("split", "ratio"), ("dividend", "amount")):
            number = float(getattr(self, name))
            if self.kind == kind and not (np.isfinite(number) and number > 0):
                raise ParameterError(
                    f"{number} is not positive", field=name, remedy=f"give the {name} of the {kind}"
                )
        if self.kind == "symbol_change" and not self.new_symbol:
            raise ParameterError("is empty", field="new_symbol", remedy="name the new symbol")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict."""
        return asdict(self)


def _number(ratio: Any) -> float:
    """Read a ratio, also one that is written as new for old shares.

    Examples
    --------
    >>> _number("4:3") == _number("4/3") == 4 / 3, _number(2)
    (True, 2.0)
    """
    new, sign, old = str(ratio).replace("/", ":").partition(":")
    try:
        return float(Fraction(new.strip()) / Fraction(old.strip())) if sign else float(ratio)
    except (ValueError, TypeError, ZeroDivisionError):
        raise ParameterError(
            f"{ratio!r} is no ratio",
            field="ratio",
            remedy='write 4.0, or "4:3" for 4 new for 3 old',
        ) from None


def corporate_actions(source: Any) -> tuple[CorporateAction, ...]:
    """Read corporate actions from a table.

    Parameters
    ----------
    source : DataFrame or path of CSV or Parquet
        Either one action a row (columns ``kind symbol date`` and ``ratio``, ``amount``,
        ``currency``, ``new_symbol`` as needed), or a price table with columns ``symbol date`` and
        ``split`` (ratio, 1 = none) or ``dividend`` (cash per share, 0 = none).

    Returns
    -------
    tuple of CorporateAction
        By time, then symbol; a split before a dividend of the same day.

    Raises
    ------
    DataError
        The columns fit neither form; a row that cannot be an action.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"kind": ["split"], "symbol": ["KO"], "date": ["2012-08-13"],
    ...     "ratio": [2.0]})
    >>> [(action.kind, action.ratio) for action in corporate_actions(table)]
    [('split', 2.0)]
    """
    frame = _table(source)
    names = {str(name).strip().lower(): name for name in frame.columns}
    dated = next((names[n] for n in ("date", "ex_date", "ts") if n in names), None)
    if dated is None or "symbol" not in names:
        raise DataError(
            f"the columns are {', '.join(names)}",
            field="source",
            remedy="give symbol and date, and kind with ratio or amount, or split and dividend",
        )
    found: list[CorporateAction] = []
    symbols = frame[names["symbol"]].astype(str).to_numpy()
    times = frame[dated].to_numpy()
    if "kind" in names:
        optional: list[str] = [
            n for n in ("ratio", "amount", "currency", "new_symbol") if n in names
        ]
        for row, record in enumerate(frame[[names[n] for n in ("kind", *optional)]].to_numpy()):
            given: dict[str, Any] = {
                name: value
                for name, value in zip(optional, record[1:], strict=True)
                if value is not None and value == value
            }
            found.append(_action(row, record[0], symbols[row], times[row], given))
    elif {"split", "dividend"} & names.keys():
        for kind, column, none, name in (
            ("split", "split", 1.0, "ratio"),
            ("dividend", "dividend", 0.0, "amount"),
        ):
            if column not in names:
                continue
            values = frame[names[column]].to_numpy(dtype=np.float64)
            for row in np.flatnonzero(np.isfinite(values) & (values != none)).tolist():
                amount = {name: float(values[row])}
                found.append(_action(row, kind, symbols[row], times[row], amount))
    else:
        raise DataError(
            "there is no column kind, split or dividend", field="source", remedy="name one of them"
        )
    order = {kind: place for place, kind in enumerate(_KINDS)}
    return tuple(sorted(found, key=lambda a: (a.ts, a.symbol, order[a.kind])))


def _table(source: Any) -> Any:
    if not isinstance(source, str) and not hasattr(source, "__fspath__"):
        return frame_of(source)
    from py_rt.data.files import locate
    from py_rt.data.quality import IssueLog
    from py_rt.data.readers import Wishes

    log = IssueLog()
    paths, reader = locate(source, None, log)
    content = reader.read(paths, Wishes(), log)
    if isinstance(content, MarketData):
        raise DataError(f"{source} holds market data, no table", remedy="pass CSV or Parquet")
    return next(iter(content)).frame


def _action(row: int, kind: Any, symbol: str, when: Any, given: dict[str, Any]) -> CorporateAction:
    import pandas as pd

    try:
        stamp = pd.Timestamp(when)
        ts = to_ns(str(stamp.date()) if stamp.tz is None else stamp)
        return CorporateAction(kind, symbol, ts // DAY * DAY, **given)
    except (ValueError, TypeError) as error:
        what = error.what if isinstance(error, ParameterError) else str(error)
        raise DataError(
            f"no corporate action: {what}", field="source", row=row, remedy="correct the row"
        ) from None


def adjust(
    data: MarketData,
    actions: Iterable[CorporateAction],
    *,
    splits: bool = True,
    dividends: bool = True,
) -> MarketData:
    """Return bars as if splits and dividends had not happened: back-adjusted prices.

    Prices before a split of ratio r are divided by r, volumes multiplied. Prices before the ex-date
    of a dividend d are multiplied by 1 - d / c, c the raw close of the last bar before it.

    Parameters
    ----------
    data : MarketData
        Raw bars.
    actions : iterable of CorporateAction
        Symbol changes rename: the old symbol's bars continue under the new one.
    splits, dividends : bool
        Which to apply.

    Returns
    -------
    MarketData
        Ticks fine enough for the adjusted prices, at most 9 decimals.

    Raises
    ------
    DataError
        There are no bars; a dividend is not smaller than the close before it; a symbol has rows of
        two companies at a time.

    Notes
    -----
    For research. A backtest on back-adjusted prices sees levels that nobody could trade at; where
    money is counted, use raw prices and let the actions be applied at the boundary.

    Source
    ------
    CRSP, "Calculations: price adjusted for splits and distributions" (price factor 1 - d / c).

    Examples
    --------
    >>> import py_rt as rt
    >>> data = rt.data.load({"ts": ["2024-01-02", "2024-01-03"], "close": [100.0, 51.0]},
    ...     symbols="ABC")
    >>> split = rt.data.CorporateAction("split", "ABC", to_ns("2024-01-03"), ratio=2.0)
    >>> rt.data.adjust(data, [split]).to_frame()["close"].tolist()
    [50.0, 51.0]
    """
    bars = data.bars()
    if not bars.size:
        raise DataError("there are no bars", field="data", remedy="adjust bars, not events")
    listed = sorted(actions, key=lambda action: action.ts)
    line = Lineage(data, listed)
    data = renamed(data, line)
    bars = data.bars().copy()
    instruments = list(data.instruments)
    notes = list(data.notes)
    for number, instrument in enumerate(instruments):
        mine = np.flatnonzero(bars["instrument"] == number)
        own = [a for a in listed if line.of_action(a.symbol, a.ts) == instrument.symbol]
        price, volume = _factors(bars[mine], own, instrument.tick_size, splits, dividends)
        if (price == 1.0).all() and (volume == 1.0).all():
            continue
        values = {
            name: from_units(bars[name][mine], instrument.tick_size) * price for name in _PRICES
        }
        tick = _fine_tick(list(values.values()), instrument.tick_size)
        for name in _PRICES:
            bars[name][mine] = to_units(values[name], tick)[0]
        bars["volume"][mine] = bars["volume"][mine] * volume
        instruments[number] = instrument.with_fields(tick_size=tick)
        notes.append(f"{instrument.symbol}: adjusted for {len(own)} corporate actions")
    return MarketData(data.events(), bars, instruments, data.name, data.attribution, notes)


def _factors(
    bars: Any, actions: Sequence[CorporateAction], tick: str, splits: bool, dividends: bool
) -> tuple[Any, Any]:
    price, volume = np.ones(bars.size), np.ones(bars.size)
    close = from_units(bars["close"], tick)
    for action in actions:
        before = bars["ts_open"] < action.ts
        if action.kind == "split" and splits:
            price[before] /= action.ratio
            volume[before] *= action.ratio
        elif action.kind == "dividend" and dividends and before.any():
            last = float(close[int(np.flatnonzero(before)[-1])])
            if action.amount >= last:
                raise DataError(
                    f"a dividend of {action.amount:g} on a close of {last:g}",
                    field="amount",
                    symbol=action.symbol,
                    remedy="check the currency and the date of the dividend",
                )
            price[before] *= 1.0 - action.amount / last
    return price, volume


def _fine_tick(values: Sequence[Any], tick: str) -> str:
    """Return a tick that the adjusted prices lie on, 9 decimals at the finest."""
    decimals = int(max(count_decimals(v.ravel(), _MOST_DECIMALS).max() for v in values))
    decimals = min(max(decimals, -int(Decimal(tick).normalize().as_tuple().exponent)), 9)
    return "1" if decimals <= 0 else f"{Decimal(1).scaleb(-decimals):f}"

"""Prices that look wrong beside their neighbours: spikes, jumps like a split, standing still.

Thresholds were set on real bars and ticks without known defects so that they find next to nothing
there: a spike is 8 % and 12 robust deviations away and back, a split an overnight jump within 3 %
of a whole ratio, a move without return 40 % or more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from py_rt._scales import Floats
from py_rt.data.quality import IssueLog

__all__ = ["Series", "find_jumps", "find_stale", "find_wicks", "spikes"]

Mask = npt.NDArray[np.bool_]
_SPIKE, _SPIKE_DEVIATIONS = np.log(1.08), 12.0
_MOVE_UP, _MOVE_DOWN = np.log(1.4), np.log(0.6)
_MOVE_DEVIATIONS = 8.0
_WICK = np.log(1.5)
_RATIOS = np.array([2.0, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 100])
_NEAR, _NEAR_FAR = 0.03, 0.065
_HALF_WINDOW = 50
_AT_ONCE = 10_000


@dataclass(frozen=True)
class Series:
    """Bars (or ticks, with ``close`` only) of one symbol in the order of time.

    Attributes
    ----------
    symbol : str
    rows : ndarray of int64
        Row of each in the source.
    open, high, low, close, volume : ndarray of float64
    """

    symbol: str
    rows: npt.NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def usable(self) -> bool:
        """True when logarithms can be taken and there is something to compare."""
        prices = np.concatenate([self.open, self.high, self.low, self.close])
        return self.close.size >= 3 and bool((np.isfinite(prices) & (prices > 0)).all())


def _deviation(steps: Floats, at: npt.NDArray[np.intp]) -> Floats:
    """Return a robust standard deviation around some steps, never below the one of the whole."""
    size = np.abs(steps)
    least = np.maximum(_near_medians(size, at), np.median(size))
    return np.asarray(np.maximum(1.4826 * least, 1e-9), dtype=np.float64)


def _near_medians(size: Floats, at: npt.NDArray[np.intp]) -> Floats:
    """Return the median of up to ``_HALF_WINDOW`` values on either side of some places."""
    near = np.empty(at.size)
    inside = (at >= _HALF_WINDOW) & (at + _HALF_WINDOW < size.size)
    for k in np.flatnonzero(~inside).tolist():
        i = int(at[k])
        near[k] = np.median(size[max(0, i - _HALF_WINDOW) : i + _HALF_WINDOW + 1])
    full = np.flatnonzero(inside)
    if full.size:
        windows = np.lib.stride_tricks.sliding_window_view(size, 2 * _HALF_WINDOW + 1)
        for part in np.array_split(full, -(-full.size // _AT_ONCE)):
            near[part] = np.median(windows[at[part] - _HALF_WINDOW], axis=1)
    return near


def spikes(price: Floats) -> Mask:
    """Mark prices that lie far from both neighbours, on the same side.

    A run of up to three such prices counts as one spike.

    Examples
    --------
    >>> spikes(np.array([100.0, 100.1, 100.0, 150.0, 100.1, 100.2])).tolist()
    [False, False, False, True, False, False]
    """
    found = np.zeros(price.size, dtype=np.bool_)
    level = np.log(price)
    steps = np.diff(level)
    for width in (1, 2, 3):
        if price.size < width + 2:
            break
        enter, leave = steps[:-width], steps[width:]
        size = np.where(enter * leave < 0, np.minimum(np.abs(enter), np.abs(leave)), 0.0)
        back = np.abs(level[width + 1 :] - level[: -width - 1])
        starts = np.flatnonzero((size > _SPIKE) & (back < 0.5 * size))
        if not starts.size:
            continue
        spread = np.maximum(_deviation(steps, starts), _deviation(steps, starts + width))
        for start in starts[size[starts] > _SPIKE_DEVIATIONS * spread].tolist():
            found[start + 1 : start + 1 + width] = True
    return found


def find_jumps(bars: Series, log: IssueLog) -> None:
    """Record spikes, jumps like a split, and large moves that stay."""
    spike = spikes(bars.close)
    _add(log, bars, "outlier", spike, _moved(bars, spike), "compare with another source")
    steps = np.diff(np.log(bars.close))
    overnight = np.log(bars.open[1:]) - np.log(bars.close[:-1])
    touched = spike[1:] | spike[:-1]
    ratio = _split_ratio(steps, overnight, bars.volume)
    split = (ratio != 0) & ~touched
    for row in np.flatnonzero(split)[:50].tolist():
        size = ratio[row]
        text = f"{size:g}:1" if size > 1 else f"1:{1 / size:g}"
        log.add(
            "split",
            "warning",
            f"the price jumps by {np.expm1(steps[row]):+.1%}, like a split {text} that is not "
            f"adjusted{_volume_words(bars.volume, row, size)}",
            "adjust the prices before it (py_rt.data.adjust), or load an adjusted series",
            rows=[bars.rows[row + 1]],
            symbol=bars.symbol,
            column="close",
        )
    large = np.flatnonzero(((steps >= _MOVE_UP) | (steps <= _MOVE_DOWN)) & ~touched & ~split)
    stays = np.zeros(bars.close.size, dtype=np.bool_)
    if large.size:
        far = np.abs(steps[large]) > _MOVE_DEVIATIONS * _deviation(steps, large)
        stays[large[far] + 1] = True
    _add(log, bars, "outlier", stays, _moved(bars, stays), "compare with another source")


def _split_ratio(steps: Floats, overnight: Floats, volume: Floats) -> Floats:
    """Return new shares per old where a step looks like a split, else 0."""
    ratio = np.zeros(steps.size)
    spread = 1.4826 * float(np.median(np.abs(steps)))
    closes_only = bool((steps == overnight).all())
    candidates = np.flatnonzero((np.abs(overnight) > 0.38) & (np.abs(overnight) > 8 * spread))
    for row in candidates.tolist():
        size = abs(overnight[row])
        distance = np.abs(np.log(_RATIOS) - size)
        best = int(np.argmin(distance))
        near = bool(distance[best] < _NEAR)
        if not near and _RATIOS[best] >= 4:
            follows = _volume_change(volume, row) * -np.sign(overnight[row])
            near = bool(distance[best] < _NEAR_FAR) and follows > 0.3 * np.log(_RATIOS[best])
        during = abs(steps[row] - overnight[row])
        if near and during < max(0.15, 4 * spread):
            ratio[row] = _RATIOS[best] if overnight[row] < 0 else 1.0 / _RATIOS[best]
        elif overnight[row] < 0 and abs(size - np.log(1.5)) < _NEAR / 2 and not closes_only:
            ratio[row] = 1.5 if during < _NEAR and spread < _NEAR else 0.0
    return ratio


def _volume_change(volume: Floats, row: int) -> float:
    before, after = volume[max(0, row - 9) : row + 1], volume[row + 1 : row + 11]
    if not before.any() or not after.any():
        return 0.0
    return float(np.log(max(np.median(after), 1e-12) / max(np.median(before), 1e-12)))


def _volume_words(volume: Floats, row: int, ratio: float) -> str:
    change = _volume_change(volume, row)
    if change == 0.0:
        return ""
    moved = change * np.sign(np.log(ratio)) > 0.4 * abs(np.log(ratio))
    return f"; the volume {'moves with it' if moved else 'does not follow'}"


def _moved(bars: Series, rows: Mask) -> str:
    at = int(np.argmax(rows))
    step = bars.close[at] / bars.close[max(at - 1, 0)] - 1
    return f"a price far from its neighbours: {step:+.1%}"


def _add(
    log: IssueLog,
    bars: Series,
    kind: str,
    rows: Mask,
    text: str,
    remedy: str,
    column: str = "close",
) -> None:
    if not rows.any():
        return
    count = int(rows.sum())
    more = f" ({count} such rows)" if count > 1 else ""
    log.add(
        kind,
        "warning",
        text + more,
        remedy,
        rows=bars.rows[rows],
        symbol=bars.symbol,
        column=column,
    )


def find_wicks(bars: Series, log: IssueLog) -> None:
    """Record opens, highs and lows far outside of the bar and of its neighbours."""
    body_top, body_low = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    high, low = np.log(bars.high), np.log(bars.low)
    opened, closed = np.log(bars.open), np.log(bars.close)
    over = np.minimum(high - np.log(body_top), high - _beside(high, np.maximum))
    under = np.minimum(np.log(body_low) - low, _beside(low, np.minimum) - low)
    before = opened - np.concatenate([closed[:1], closed[:-1]])
    after = opened - closed
    alone = np.where(before * after > 0, np.minimum(np.abs(before), np.abs(after)), 0.0)
    spike = spikes(bars.close)
    steps = np.diff(closed)
    for column, size, least in (
        ("high", over, _WICK),
        ("low", under, _WICK),
        ("open", alone, _SPIKE),
    ):
        rows = np.flatnonzero(size > least)
        if rows.size:
            far = size[rows] > _SPIKE_DEVIATIONS * _deviation(
                steps, np.minimum(rows, steps.size - 1)
            )
            rows = rows[far]
        marked = np.zeros(bars.close.size, dtype=np.bool_)
        marked[rows] = True
        text = f"the {column} is far from the rest of the bar and its neighbours"
        _add(log, bars, "outlier", marked & ~spike, text, "compare with another source", column)


def _beside(values: Floats, most: np.ufunc) -> Floats:
    padded = np.concatenate([values[1:2], values, values[-2:-1]])
    return np.asarray(most(padded[:-2], padded[2:]), dtype=np.float64)


def find_stale(bars: Series, log: IssueLog) -> None:
    """Record runs in which bars with volume repeat the one before."""
    four = np.vstack([bars.open, bars.high, bars.low, bars.close])
    same = (np.diff(four, axis=1) == 0).all(axis=0)
    traded = bars.volume.any()
    copied = same & (np.diff(bars.volume) == 0) & (bars.volume[1:] > 0)
    quiet = same & (bars.volume[1:] > 0) if traded else same
    share = float(same.mean()) if same.size else 0.0
    if share > 0.5 and not traded:
        return
    long_run = 12 if share > 0.005 or not traded else 5
    rows = np.zeros(bars.close.size, dtype=np.bool_)
    for repeats, least in ((copied, 3), (quiet, long_run)):
        edges = np.flatnonzero(np.diff(repeats.astype(np.int8), prepend=0, append=0))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if end - begin >= least:
                rows[begin + 1 : end + 1] = True
    text = "bars repeat the one before them"
    _add(log, bars, "stale", rows, text, "check that the feed was alive, or drop the copies")

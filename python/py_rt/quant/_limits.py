"""What weights may be: bounds, sums, limits and costs, as the kernel takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from py_rt.errors import ParameterError
from py_rt.quant._arrays import real, series

_INFINITY = float("inf")

USUAL: dict[str, Any] = {
    "bounds": (0, 1), "risk_aversion": 1.0, "risk_free": 0.0, "budgets": None, "budget": 1.0,
    "groups": None, "target_return": None, "gross": None, "previous": None, "turnover": None,
    "costs": 0.0,
}  # fmt: skip


# All of them side by side, and the types that comparing at once is safe with.
_FLAT = (*USUAL["bounds"], *list(USUAL.values())[1:])
_COMPARED = frozenset({int, float, type(None)})


def is_usual(given: tuple[Any, ...]) -> bool:
    """Say whether nothing but the defaults is asked for: the fast road needs no lists.

    The values stand in the order of `USUAL`.
    """
    bounds, *others = given
    if type(bounds) is not tuple:
        return False
    flat = (*bounds, *others)
    return _COMPARED.issuperset(map(type, flat)) and flat == _FLAT


def wanted(names: list[Any], **given: Any) -> dict[str, Any]:
    n = len(names)
    lower, upper = _bounds(given["bounds"], n)
    buy, sell = _costs(given["costs"], n)
    limit = given["turnover"]
    return {
        "lower": lower,
        "upper": upper,
        "budget": _range(given["budget"], "budget"),
        "groups": _groups(given["groups"] or {}, names),
        "target_return": _optional(given["target_return"], "target_return", -_INFINITY),
        "gross": _positive(given["gross"], "gross"),
        "previous": None if given["previous"] is None else _each(given["previous"], "previous", n),
        "turnover": _positive(limit, "turnover"),
        "buy": buy,
        "sell": sell,
        "budgets": None if given["budgets"] is None else _each(given["budgets"], "budgets", n),
        "risk_aversion": real(given["risk_aversion"], "risk_aversion", 0.0),
        "risk_free": real(given["risk_free"], "risk_free"),
    }


def _optional(value: Any, name: str, default: float) -> float:
    return default if value is None else real(value, name)


def _positive(value: Any, name: str) -> float:
    number = _optional(value, name, _INFINITY)
    if number < 0.0:
        raise ParameterError(f"{name} is negative", field=name, remedy="pass zero or more")
    return number


def _each(values: Any, name: str, n: int) -> list[float]:
    numbers = series(values, name)
    if numbers.shape != (n,) or not np.isfinite(numbers).all():
        raise ParameterError(
            f"{name} must be {n} finite numbers, not {numbers.size}",
            field=name,
            remedy="pass one an asset, in the order of the columns",
        )
    told: list[float] = numbers.tolist()
    return told


def _end(value: Any, default: float) -> float:
    if value is None:
        return default
    number = float(value)
    if np.isnan(number):
        raise ParameterError("a bound is NaN", field="bounds", remedy="pass None for no bound")
    return number


def _bounds(bounds: Any, n: int) -> tuple[list[float], list[float]]:
    if bounds is None:
        return [-_INFINITY] * n, [_INFINITY] * n
    try:
        pairs = [tuple(pair) for pair in bounds] if np.ndim(bounds[0]) else [tuple(bounds)] * n
        lower = [_end(low, -_INFINITY) for low, _ in pairs]
        upper = [_end(high, _INFINITY) for _, high in pairs]
    except (TypeError, ValueError, IndexError, KeyError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(
            f"bounds is {bounds!r}", field="bounds", remedy="pass (low, high), or one pair an asset"
        ) from None
    if len(pairs) != n:
        raise ParameterError(
            f"bounds has {len(pairs)} pairs for {n} assets", field="bounds", remedy="one an asset"
        )
    return lower, upper


def _range(value: Any, name: str) -> tuple[float, float]:
    if value is None:
        return -_INFINITY, _INFINITY
    if np.ndim(value) == 0:
        number = real(value, name)
        return number, number
    low, high = value
    return real(low, name), real(high, name)


def _costs(costs: Any, n: int) -> tuple[list[float], list[float]]:
    both = costs if isinstance(costs, tuple) and len(costs) == 2 else (costs, costs)
    buy, sell = (
        _each(cost, "costs", n) if np.ndim(cost) else [real(cost, "costs")] * n for cost in both
    )
    return buy, sell


def _groups(
    groups: Mapping[str, Any], names: list[Any]
) -> list[tuple[str, list[int], float, float]]:
    told = []
    for name, (members, low, high) in groups.items():
        at = []
        for member in members:
            if member in names:
                at.append(names.index(member))
            else:
                raise ParameterError(
                    f"group {name!r} names {member!r}, which is no asset",
                    field="groups",
                    remedy=f"choose among {names[:10]}",
                )
        ends = (_optional(low, "groups", -_INFINITY), _optional(high, "groups", _INFINITY))
        if ends[0] > ends[1]:
            raise ParameterError(
                f"group {name!r}: {ends[0]} is above {ends[1]}", field="groups", remedy="exchange"
            )
        told.append((str(name), at, *ends))
    return told

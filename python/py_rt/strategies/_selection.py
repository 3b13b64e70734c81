"""Which symbols of a run a strategy works on, and quantities as lots."""

from __future__ import annotations

from py_rt.errors import ParameterError
from py_rt.strategy import Context

__all__ = ["affordable", "lots", "selected"]

_LOT_NOISE = 1e-6


def selected(ctx: Context, symbol: str) -> list[str]:
    """Return ``symbol`` alone, or every symbol of the run when it is empty."""
    if not symbol:
        return list(ctx.symbols)
    if symbol not in ctx.symbols:
        raise ParameterError(
            f"symbol is {symbol!r}, which the run does not have",
            field="symbol",
            remedy=f"use one of {', '.join(ctx.symbols)}, or '' for all",
        )
    return [symbol]


def lots(field: str, qty: float, lot_size: float) -> int:
    """Return a positive quantity in lots, or raise when it does not lie on the lot."""
    count = round(qty / lot_size) if 0 < qty < float("inf") else 0
    if count < 1 or abs(qty / lot_size - count) > _LOT_NOISE:
        raise ParameterError(
            f"{field} is {qty}", field=field, remedy=f"use a positive multiple of {lot_size}"
        )
    return count


def affordable(
    ctx: Context, symbol: str, side: int, gross: float, price: float
) -> tuple[float, str]:
    """Return the signed quantity in whole lots that is worth at most ``gross``, and why it is 0."""
    if side == 0:
        return 0.0, ""
    instrument = ctx.instrument(symbol)
    if side < 0 and not instrument.shortable:
        return 0.0, f"{symbol} cannot be sold short"
    worth = price * instrument.multiplier
    qty = ctx.round_qty(symbol, gross / worth) if worth > 0.0 else 0.0
    if qty < instrument.min_qty or qty * worth < instrument.min_notional or not qty > 0.0:
        return 0.0, f"{gross:g} is too little for a lot of {symbol}"
    return side * qty, ""

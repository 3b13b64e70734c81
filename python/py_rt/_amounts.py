"""Numbers as a person writes them, exact and inside their range, or an error that helps.

Floats are read by their text: what is written is what counts.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from py_rt.errors import ParameterError

__all__ = ["LARGEST", "Number", "decimal", "one_of", "plain", "text", "whole"]

Number: TypeAlias = int | float | str | Decimal
LARGEST = Decimal(10) ** 18


def decimal(
    value: Any,
    name: str,
    *,
    least: int | None = None,
    above: int | None = None,
    most: Decimal = LARGEST,
) -> Decimal:
    low = f"at least {least}" if least is not None else f"above {above}"
    span = f"a number {low}" + (f" and at most {plain(most)}" if most < LARGEST else "")
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ParameterError(f"{value!r} is not a number", field=name, remedy=f"use {span}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ParameterError(
            f"{value!r} is not a number", field=name, remedy=f"use {span}"
        ) from None
    if not number.is_finite():
        raise ParameterError(f"{value!r} is not a finite number", field=name, remedy=f"use {span}")
    too_low = number < least if least is not None else number <= (above or 0)
    if too_low or number > most:
        nearest = most if number > most else least
        hint = f"the nearest is {nearest}" if nearest is not None else "or leave it out"
        raise ParameterError(f"{value} is out of range", field=name, remedy=f"use {span}; {hint}")
    if -int(number.as_tuple().exponent) > 18:
        raise ParameterError(
            f"{value} has more than 18 decimals", field=name, remedy="round it to 18 decimals"
        )
    return number


def whole(value: Any, name: str, *, least: int, most: int) -> int:
    number = decimal(value, name, least=least, most=Decimal(most))
    if number != int(number):
        raise ParameterError(
            f"{value} is not a whole number",
            field=name,
            remedy=f"use {least} to {most}; the nearest is {round(number)}",
        )
    return int(number)


def one_of(value: Any, name: str, known: tuple[str, ...]) -> None:
    if value not in known:
        words = ", ".join(repr(word) for word in known)
        raise ParameterError(f"{value!r} is not known", field=name, remedy=f"use one of {words}")


def text(value: Any, name: str) -> str:
    return plain(decimal(value, name, least=-int(LARGEST)))


def plain(number: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text

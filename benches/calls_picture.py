"""The picture of docs/grpc.md: microseconds a call over numbers in it, way by way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["picture"]

COLOURS = ("#1f6feb", "#54aeff", "#1a7f37", "#8250df", "#bf8700", "#d1495b", "#6e7781")
LEFT, TOP, WIDE, HIGH = 70, 46, 420, 300
# Powers of ten: numbers in a call, and microseconds.
ACROSS, UP = (1, 6), (1, 7)


def _spot(n: float, micros: float) -> tuple[float, float]:
    x = (math.log10(n) - ACROSS[0]) / (ACROSS[1] - ACROSS[0])
    y = (math.log10(micros) - UP[0]) / (UP[1] - UP[0])
    return LEFT + WIDE * x, TOP + HIGH * (1 - y)


def _power(power: int) -> str:
    return f'10<tspan dy="-5" font-size="9">{power}</tspan>'


def _frame() -> list[str]:
    parts = [f'<text x="{LEFT}" y="28" font-weight="bold">microseconds a call</text>']
    for power in range(UP[0], UP[1] + 1):
        _, y = _spot(10, 10.0**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}h{WIDE}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_power(power)}</text>'
        )
    for power in range(ACROSS[0], ACROSS[1] + 1):
        x, _ = _spot(10.0**power, 10)
        parts.append(f'<path d="M{x:.1f} {TOP}v{HIGH}" stroke="#ddd"/>')
        label = _power(power)
        parts.append(f'<text x="{x:.1f}" y="{TOP + HIGH + 20}" text-anchor="middle">{label}</text>')
    middle = LEFT + WIDE / 2
    parts.append(f'<text x="{middle}" y="{TOP + HIGH + 42}" text-anchor="middle">numbers</text>')
    return parts


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """Return a curve a way as SVG, both axes logarithmic; unequal answers have no dot."""
    style = 'font-family="sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 400" {style}>',
        '<rect width="760" height="400" fill="white"/>',
        *_frame(),
    ]
    for place, way in enumerate(dict.fromkeys(row["way"] for row in rows)):
        colour = COLOURS[place % len(COLOURS)]
        spots = [_spot(r["n"], r["us"]) for r in rows if r["way"] == way and r["equal"]]
        path = " L".join(f"{x:.1f} {y:.1f}" for x, y in spots)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in spots)
        line = f'<path d="M{path}" fill="none" stroke-width="1.5"/>'
        parts.append(f'<g stroke="{colour}" fill="{colour}">{line}{dots}</g>')
        y = TOP + 14 + 22 * place
        parts.append(f'<circle cx="{LEFT + WIDE + 24}" cy="{y - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + WIDE + 36}" y="{y}">{way}</text>')
    return "\n".join([*parts, "</svg>\n"])

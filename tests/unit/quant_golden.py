"""What other libraries answered (tools/make_portfolio_golden.py), and inputs that nobody likes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

PLACE = Path(__file__).resolve().parents[1] / "golden" / "quant_portfolio.json"


@cache
def golden() -> dict[str, Any]:
    """Read the file once."""
    told: dict[str, Any] = json.loads(PLACE.read_text(encoding="utf-8"))
    return told


def unwieldy(values: Any) -> dict[str, Any]:
    """The same numbers in the shapes in which people hold them."""
    plain = np.array(values, dtype=np.float64)
    wide = np.zeros((*plain.shape[:-1], 2 * plain.shape[-1]))
    wide[..., ::2] = plain
    frozen = plain.copy()
    frozen.flags.writeable = False
    return {
        "strided": wide[..., ::2],
        "fortran": np.asfortranarray(plain),
        "read-only": frozen,
        "list": plain.tolist(),
        "big-endian": plain.astype(">f8"),
    }

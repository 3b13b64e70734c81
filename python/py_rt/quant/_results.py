"""What every result has in common: a short repr and plain values on request."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"array{value.shape}" if value.size > 6 else np.array2string(value, precision=6)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict) and value:
        return "{" + ", ".join(f"{name!r}: {_short(v)}" for name, v in value.items()) + "}"
    if isinstance(value, list) and len(value) > 4:
        return f"[{len(value)} entries]"
    return repr(value)


class Result:
    """A frozen result; its fields are its face."""

    def __repr__(self) -> str:
        shown = (f"{f.name}={_short(getattr(self, f.name))}" for f in fields(self) if f.repr)  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(shown)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name; arrays stay NumPy arrays."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.repr}  # type: ignore[arg-type]


def plotly() -> Any:
    """Import plotly's graph objects, or say how to get them."""
    try:
        import plotly.graph_objects as graph
    except ImportError:
        raise ImportError("plots need plotly: pip install 'py-rt[plot]'") from None
    return graph

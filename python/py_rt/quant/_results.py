"""What every result has in common: a short repr and plain values on request."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Self

import numpy as np

_new, _set = object.__new__, object.__setattr__


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
        shown = (f"{name}={_short(value)}" for name, value in self.to_dict().items())
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def made(cls, values: dict[str, Any]) -> Self:
        """Make one from all its fields at once: a frozen class sets them one by one."""
        result = _new(cls)
        _set(result, "__dict__", values)
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name; arrays stay NumPy arrays."""
        shown = fields(self)  # type: ignore[arg-type]
        return {f.name: getattr(self, f.name) for f in shown if f.repr}


def plotly() -> Any:
    """Import plotly's graph objects, or say how to get them."""
    try:
        import plotly.graph_objects as graph
    except ImportError:
        raise ImportError("plots need plotly: pip install 'py-rt[plot]'") from None
    return graph

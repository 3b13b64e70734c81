"""Libraries that are imported when they are used, and the words when one is missing."""

from __future__ import annotations

import importlib
from typing import Any

from py_rt.errors import DataError

__all__ = ["require"]


def require(library: str, what: str) -> Any:
    """Import a library of the extra ``data``.

    Raises
    ------
    DataError
        It is not installed; the remedy names the extra.
    """
    try:
        return importlib.import_module(library)
    except ImportError:
        package = library.partition(".")[0].replace("_", "-")
        raise DataError(
            f"{what} needs {package}, which is not installed",
            remedy="pip install 'py-rt[data]'",
        ) from None

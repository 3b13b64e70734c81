"""Books, matching, queues. Private: import from `py_rt` instead."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["last_levels", "sample_books"]

_Step: TypeAlias = tuple[int, int]
_Ints: TypeAlias = npt.NDArray[np.int64]

def sample_books(
    rows: npt.NDArray[np.uint8],
    instrument: int,
    depth: int,
    units: tuple[_Step, _Step],
    times: tuple[bool, int | None, _Ints | None],
) -> dict[str, npt.NDArray[np.generic]]:
    """Return the best levels of one instrument as flat columns."""

def last_levels(
    rows: npt.NDArray[np.uint8], instrument: int
) -> tuple[tuple[npt.NDArray[np.int8], _Ints, _Ints], bool]:
    """Return side, ticks and lots of every level behind the last row, and whether it is valid."""

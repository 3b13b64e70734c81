"""Books, matching, queues. Private: import from `py_rt` instead."""

import numpy as np
import numpy.typing as npt

_Step = tuple[int, int]
_Ints = npt.NDArray[np.int64]

def sample_books(
    rows: npt.NDArray[np.uint8],
    instrument: int,
    depth: int,
    units: tuple[_Step, _Step],
    recv: bool,
    every: int | None = None,
    at: _Ints | None = None,
) -> dict[str, npt.NDArray[np.generic]]:
    """Return the best levels of one instrument as flat columns."""

def last_levels(
    rows: npt.NDArray[np.uint8], instrument: int
) -> tuple[tuple[npt.NDArray[np.int8], _Ints, _Ints], bool]:
    """Return side, ticks and lots of every level behind the last row, and whether it is valid."""

"""Ehlers' cycle measurements (Hilbert transform); early values lean on the start, as in TA-Lib."""

from __future__ import annotations

from typing import Self

import py_rt._core.indicators as _core
from py_rt.indicators._columns import Floats, OfValue

__all__ = ["HT_DCPERIOD", "HT_DCPHASE", "HT_PHASOR", "HT_SINE", "HT_TRENDMODE"]


class HT_DCPERIOD(OfValue[float, Floats]):
    """Period of the dominant cycle, 6 to 50 bars.

    Ready after 33 values.

    References
    ----------
    Ehlers 2001, Rocket Science for Traders.

    Examples
    --------
    >>> from py_rt.indicators import HT_DCPERIOD
    >>> import numpy as np
    >>> HT_DCPERIOD().batch(np.sin(np.arange(200.0) / 4.0))[-1].round(3)
    np.float64(25.133)
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "HT_DCPERIOD")


class HT_DCPHASE(OfValue[float, Floats]):
    """Phase of the dominant cycle in degrees, -45 to 315.

    Ready after 64 values.

    References
    ----------
    Ehlers 2001, Rocket Science for Traders.

    Examples
    --------
    >>> from py_rt.indicators import HT_DCPHASE
    >>> import numpy as np
    >>> HT_DCPHASE().batch(np.sin(np.arange(200.0) / 4.0))[-1].round(3)
    np.float64(-28.387)
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "HT_DCPHASE")


class HT_PHASOR(OfValue[_core.PhasorValue, _core.PhasorArrays]):
    """Parts of the dominant cycle.

    Lines: ``in_phase``, ``quadrature``. Ready after 33 values.

    References
    ----------
    Ehlers 2001, Rocket Science for Traders.

    Examples
    --------
    >>> from py_rt.indicators import HT_PHASOR
    >>> import numpy as np
    >>> HT_PHASOR().batch(np.sin(np.arange(200.0) / 4.0)).in_phase[-1].round(3)
    np.float64(-0.626)
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "HT_PHASOR")


class HT_SINE(OfValue[_core.SineValue, _core.SineArrays]):
    """Sine of the phase of the dominant cycle, and of the phase 45 degrees on.

    Lines: ``sine``, ``lead_sine``. Ready after 64 values.

    References
    ----------
    Ehlers 2001, Rocket Science for Traders.

    Examples
    --------
    >>> from py_rt.indicators import HT_SINE
    >>> import numpy as np
    >>> HT_SINE().batch(np.sin(np.arange(200.0) / 4.0)).sine[-1].round(3)
    np.float64(-0.475)
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "HT_SINE")


class HT_TRENDMODE(OfValue[float, Floats]):
    """Whether the market trends (1.0) or cycles (0.0).

    Ready after 64 values.

    References
    ----------
    Ehlers 2001, Rocket Science for Traders.

    Examples
    --------
    >>> from py_rt.indicators import HT_TRENDMODE
    >>> import numpy as np
    >>> HT_TRENDMODE().batch(np.sin(np.arange(200.0) / 4.0))[-1].round(3)
    np.float64(1.0)
    """

    __slots__ = ()

    def __new__(cls) -> Self:
        return super().__new__(cls, "HT_TRENDMODE")

"""Microstructure features: what books and trades say beside the price.

Every feature has the face of an indicator: ``update(...)`` takes one row in and returns the value,
``batch(...)`` runs a fresh copy over columns, equal to the last bit; none looks ahead, and before
there is something to tell a value is NaN. Features of books take the arrays of ``data.books()``, or
the object itself.
"""

from py_rt.features.books import MicroPrice, OrderFlowImbalance, QueueImbalance, WeightedMid
from py_rt.features.returns import (
    Amihud,
    BipowerVariation,
    JumpShare,
    RealizedVariance,
    Roll,
    TwoScaleVariance,
    realized_kernel,
)
from py_rt.features.trades import (
    VPIN,
    EffectiveSpread,
    HawkesIntensity,
    KyleLambda,
    PriceImpact,
    RealizedSpread,
)

__all__ = [
    "VPIN",
    "Amihud",
    "BipowerVariation",
    "EffectiveSpread",
    "HawkesIntensity",
    "JumpShare",
    "KyleLambda",
    "MicroPrice",
    "OrderFlowImbalance",
    "PriceImpact",
    "QueueImbalance",
    "RealizedSpread",
    "RealizedVariance",
    "Roll",
    "TwoScaleVariance",
    "WeightedMid",
    "realized_kernel",
]

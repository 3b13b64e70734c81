"""What a run may do: the risk limits.

They keep what was written, check it at once, and turn it into the exact form that the kernel takes.
A wrong value is a `ParameterError` that names the field, its range and the nearest value that is
allowed.
"""

from py_rt._amounts import Number
from py_rt._guards import GreekLimit, GroupLimit, InstrumentLimit, VarLimit
from py_rt._limits import Mode, ResolvedLimits, RiskLimits

__all__ = [
    "GreekLimit",
    "GroupLimit",
    "InstrumentLimit",
    "Mode",
    "Number",
    "ResolvedLimits",
    "RiskLimits",
    "VarLimit",
]

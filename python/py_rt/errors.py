"""Every error that py_rt raises on purpose, in one tree.

::

    TradingError            root; .code .remedy .field .where .exit_code
    ├── ConfigError         "config"         a setting is wrong or unknown
    ├── ParameterError      "parameter"      a bad argument; also a ValueError
    ├── DataError           "data"           the data are wrong; names column and row
    │   └── Degenerate      "degenerate"     constant, collinear or zero-volatility input
    ├── StrategyError       "strategy"       the user's strategy raised or asked for nonsense
    ├── VenueError          "venue"          the venue refused or answered nonsense
    │   └── ConnectionLost  "connection"     the venue cannot be reached
    ├── RiskHalted          "risk"           a limit stopped trading
    ├── Fenced              "fenced"         another session has the account
    ├── JournalError        "journal"        the journal is damaged, locked or of another run
    ├── Infeasible          "infeasible"     no solution satisfies the constraints
    ├── NotConverged        "not_converged"  an iteration stopped early; .residual
    ├── ServerUnavailable   "unavailable"    no server answers; also a ConnectionError
    ├── DeadlineExceeded    "deadline"       a call took longer than it may; also a TimeoutError
    └── AccessDenied        "access"         the server does not let this caller; PermissionError

Each carries what went wrong, where, and what to do about it. ``str(error)`` joins the three with
semicolons, in that order.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AccessDenied",
    "ConfigError",
    "ConnectionLost",
    "DataError",
    "DeadlineExceeded",
    "Degenerate",
    "Fenced",
    "Infeasible",
    "JournalError",
    "NotConverged",
    "ParameterError",
    "RiskHalted",
    "ServerUnavailable",
    "StrategyError",
    "TradingError",
    "VenueError",
]


class TradingError(Exception):
    """Root of all errors of py_rt: what went wrong, where, and what to do.

    Parameters
    ----------
    what : str
        What is wrong, without a full stop.
    field : str, optional
        The column, key or argument that is wrong.
    remedy : str, optional
        What the reader should do now.
    **where
        Anything that locates the fault: ``row=17``, ``symbol="AAPL"``, ``file="x.csv"``.
        None values are left out.

    Attributes
    ----------
    code : str
        Stable name of the kind of error, for programs.
    exit_code : int
        What the ``py-rt`` command exits with: 1 run, 2 usage or configuration, 3 data, 4 venue,
        5 risk.
    where : dict
        The locating facts, in the order given; ``field`` first.

    Examples
    --------
    >>> from py_rt.errors import DataError
    >>> error = DataError("price is NaN", field="close", row=17, remedy="drop the row")
    >>> str(error)
    'price is NaN; field close, row 17; drop the row'
    >>> error.code, error.remedy
    ('data', 'drop the row')
    """

    code: str = "trading"
    exit_code: int = 1

    def __init__(
        self, what: str, *, field: str | None = None, remedy: str | None = None, **where: Any
    ) -> None:
        located = {"field": field, **where}
        self.what = what
        self.field = field
        self.remedy = remedy or ""
        self.where: dict[str, Any] = {k: v for k, v in located.items() if v is not None}
        super().__init__(what)

    def __str__(self) -> str:
        place = ", ".join(f"{name} {value}" for name, value in self.where.items())
        return "; ".join(part for part in (self.what, place, self.remedy) if part)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.what, self.where, self.remedy), self.__dict__)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain values, for JSON.

        Examples
        --------
        >>> from py_rt.errors import ConfigError
        >>> ConfigError("unknown key", field="sybols", remedy="did you mean symbols?").to_dict()
        {'code': 'config', 'what': 'unknown key', 'where': {'field': 'sybols'}, \
'remedy': 'did you mean symbols?'}
        """
        return {
            "code": self.code,
            "what": self.what,
            "where": dict(self.where),
            "remedy": self.remedy,
        }


def _rebuilt(
    kind: type[TradingError], what: str, where: dict[str, Any], remedy: str
) -> TradingError:
    return kind(what, remedy=remedy or None, **where)


class ConfigError(TradingError):
    """A setting is wrong, missing or unknown."""

    code = "config"
    exit_code = 2


class ParameterError(TradingError, ValueError):
    """An argument is outside its range; names the argument and the range."""

    code = "parameter"
    exit_code = 2


class DataError(TradingError):
    """The data cannot be used as they are: names the column and the row."""

    code = "data"
    exit_code = 3


class Degenerate(DataError):
    """The input tells nothing of the kind asked for: constant, collinear, zero volatility."""

    code = "degenerate"


class StrategyError(TradingError):
    """A strategy raised an exception or asked for something that cannot be done."""

    code = "strategy"


class VenueError(TradingError):
    """The venue refused, or answered something that cannot be right."""

    code = "venue"
    exit_code = 4


class ConnectionLost(VenueError):
    """The venue cannot be reached; what was in flight is UNKNOWN until the venue is asked."""

    code = "connection"


class RiskHalted(TradingError):
    """A risk limit stopped the run; only reductions and cancels pass."""

    code = "risk"
    exit_code = 5


class Fenced(TradingError):
    """Another session has the account; nothing more was sent by this one."""

    code = "fenced"
    exit_code = 5


class JournalError(TradingError):
    """The journal is damaged, locked by another process, or belongs to another run."""

    code = "journal"


class Infeasible(TradingError):
    """No solution satisfies the constraints."""

    code = "infeasible"


class NotConverged(TradingError):
    """An iteration stopped before its tolerance was met.

    Examples
    --------
    >>> from py_rt.errors import NotConverged
    >>> NotConverged("lasso stopped early", residual=1e-3, iterations=1000).residual
    0.001
    """

    code = "not_converged"

    @property
    def residual(self) -> float | None:
        """The residual at the last iteration, when it is known."""
        value = self.where.get("residual")
        return None if value is None else float(value)


class ServerUnavailable(TradingError, ConnectionError):
    """No server answers at the address, or it has no room for the call."""

    code = "unavailable"
    exit_code = 4


class DeadlineExceeded(TradingError, TimeoutError):
    """A call took longer than it was given."""

    code = "deadline"
    exit_code = 4


class AccessDenied(TradingError, PermissionError):
    """The server does not know the caller, or does not let it make this call."""

    code = "access"
    exit_code = 4

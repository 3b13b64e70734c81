"""What a strategy is, and what it sees and asks through its context.

A strategy is a class with callbacks. It is a function of what it is given: no clock, no unseeded
randomness, no file; the same data then give the same orders, in a backtest, on paper and in a
replay. Asking happens through ``ctx``; what is asked is checked and sent when the callback returns.
"""

from __future__ import annotations

import difflib
import inspect
from typing import Any, Literal, Protocol, Self

import py_rt._core as _core
from py_rt._parameters import (
    checked,
    equal,
    own_copy,
    parameter_defaults,
    parameter_types,
    unknown_name,
)
from py_rt.errors import StrategyError
from py_rt.execution import Algorithm, Consolidated

__all__ = ["Book", "CompiledStrategy", "Context", "InstrumentView", "Position", "Strategy"]

CALLBACKS = (
    "on_start",
    "on_trade",
    "on_quote",
    "on_book",
    "on_bar",
    "on_order",
    "on_fill",
    "on_timer",
    "on_stop",
    "on_action",
    "on_parent",
)
_WITHOUT_EVENT = ("on_start", "on_stop")
_RESERVED = frozenset({"adopt", "fresh", "params"})


class Strategy:
    """Base class of strategies: callbacks below, parameters as annotated class attributes.

    A class attribute with an annotation and a value is a parameter, also when a base class has it;
    keywords of the constructor override it. Names with a leading underscore, ``ClassVar`` and
    annotations without a value are not parameters.

    Parameters
    ----------
    **params
        Values of parameters, checked against their annotations: an int is a float too, nothing else
        is converted.

    Attributes
    ----------
    name : str
        The name of the class.
    params : dict
        Every parameter and its value.

    Raises
    ------
    ParameterError
        A keyword is no parameter, or its value is of another type. Names the nearest parameter.

    Notes
    -----
    A run never works on the object that it is given but on ``fresh()``, so that one object gives
    equal orders in every run.

    Examples
    --------
    >>> from py_rt.strategy import Strategy
    >>> class EveryBar(Strategy):
    ...     order_qty: float = 1
    ...     def on_bar(self, ctx, bar):
    ...         ctx.buy(bar.symbol, self.order_qty)
    >>> EveryBar(order_qty=5).params
    {'order_qty': 5.0}
    """

    _made_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **keywords: Any) -> Self:
        """Remember the arguments, for ``fresh()``, whatever ``__init__`` a subclass has."""
        made = super().__new__(cls)
        object.__setattr__(made, "_made_with", (args, keywords))
        for name, default in parameter_defaults(cls, Strategy).items():
            setattr(made, name, default)
        return made

    def __init__(self, **params: Any) -> None:
        known = parameter_defaults(type(self), Strategy)
        hints = parameter_types(type(self), Strategy)
        for name, value in params.items():
            if name not in known:
                raise unknown_name(type(self).__name__, name, known)
            setattr(self, name, checked(name, value, hints[name]))

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Refuse at definition what would silently never be called."""
        super().__init_subclass__(**keywords)
        for name, member in vars(cls).items():
            if name in CALLBACKS and inspect.iscoroutinefunction(member):
                raise StrategyError(
                    f"{cls.__name__}.{name} is async", field=name, remedy="write it with plain def"
                )
            if name in CALLBACKS and inspect.isfunction(member):
                _check_arguments(cls.__name__, name, member)
            if name.startswith("on_") and name not in CALLBACKS and callable(member):
                near = difflib.get_close_matches(name, CALLBACKS, n=1, cutoff=0.8)
                if near:
                    raise StrategyError(
                        f"{cls.__name__}.{name} would never be called",
                        field=name,
                        remedy=f"did you mean {near[0]}?",
                    )
        for name in _RESERVED & vars(cls).keys() & inspect.get_annotations(cls).keys():
            raise StrategyError(
                f"{cls.__name__} cannot have a parameter {name}", field=name, remedy="rename it"
            )

    @property
    def name(self) -> str:
        """The name under which orders of this strategy are booked."""
        return type(self).__name__

    @property
    def params(self) -> dict[str, Any]:
        """Every parameter and its value."""
        return {name: getattr(self, name) for name in parameter_defaults(type(self), Strategy)}

    def fresh(self) -> Self:
        """Return a new instance for one run.

        It is constructed again from the arguments of the first time, so an ``__init__`` of your own
        runs again and nothing has to be copyable; parameters that were assigned later are assigned
        again. Arguments themselves are shared, but lists, dicts and sets are copied.

        Examples
        --------
        >>> from py_rt.strategy import Strategy
        >>> class Counter(Strategy):
        ...     limit: int = 3
        ...     def __init__(self, **params):
        ...         super().__init__(**params)
        ...         self.seen = 0
        >>> one = Counter(limit=7)
        >>> one.seen = 4
        >>> two = one.fresh()
        >>> two.seen, two.limit
        (0, 7)
        """
        args, keywords = self._made_with
        made = type(self)(
            *(own_copy(value) for value in args),
            **{name: own_copy(v) for name, v in keywords.items()},
        )
        hints = parameter_types(type(self), Strategy)
        for name, value in self.params.items():
            if not equal(getattr(made, name), value):
                setattr(made, name, checked(name, own_copy(value), hints[name]))
        return made

    def adopt(self, run: Strategy) -> None:
        """Take over what a finished run of ``fresh()`` left in its attributes, to be read.

        Parameters stay as they are, and ``fresh()`` never looks at the rest, so the next run begins
        as this one did.
        """
        kept = {*parameter_defaults(type(self), Strategy), "_made_with"}
        self.__dict__.update({k: v for k, v in vars(run).items() if k not in kept})

    def on_start(self, ctx: Context) -> None:
        """Run begins; books may still be empty."""

    def on_trade(self, ctx: Context, trade: Any) -> None:
        """Receive a trade in the market."""

    def on_quote(self, ctx: Context, quote: Any) -> None:
        """Receive a change of the best price or quantity of a book."""

    def on_book(self, ctx: Context, event: Any) -> None:
        """Receive the end of every message that changed a book."""

    def on_bar(self, ctx: Context, bar: Any) -> None:
        """Receive a closed bar."""

    def on_order(self, ctx: Context, order: Any) -> None:
        """Receive a change of an own order, also its rejection, with the reason."""

    def on_fill(self, ctx: Context, fill: Any) -> None:
        """Receive an execution of an own order."""

    def on_timer(self, ctx: Context, timer: Any) -> None:
        """Receive a timer that was set with ``ctx.set_timer``; ``timer.name`` says which."""

    def on_action(self, ctx: Context, action: Any) -> None:
        """Receive a split or dividend that was applied: positions and orders are in new shares.

        ``action`` has ``kind symbol ratio amount before_qty position_qty cash ts``.
        """

    def on_parent(self, ctx: Context, parent: Any) -> None:
        """Receive a change of a parent order or stop of ours, also its rejection.

        ``parent`` is as those of ``ctx.parents()``.
        """

    def on_stop(self, ctx: Context) -> None:
        """Run ends."""

    def _overridden(self) -> tuple[str, ...]:
        """Return the callbacks that the class overrides; only these are called."""
        mine = type(self)
        return tuple(
            name for name in CALLBACKS if getattr(mine, name) is not getattr(Strategy, name)
        )

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.name}({inner})"


def _check_arguments(owner: str, name: str, callback: Any) -> None:
    """Refuse a callback that cannot be called as the engine calls it."""
    given = ("self", "ctx") if name in _WITHOUT_EVENT else ("self", "ctx", "event")
    try:
        inspect.signature(callback).bind(*given)
    except TypeError:
        raise StrategyError(
            f"{owner}.{name} cannot be called with ({', '.join(given)})",
            field=name,
            file=callback.__code__.co_filename,
            line=callback.__code__.co_firstlineno,
            remedy=f"write it as: def {name}({', '.join(given)})",
        ) from None


class CompiledStrategy(Strategy):
    """Handle of a strategy that is compiled into the engine; Python is never called for it.

    Parameters
    ----------
    compiled_name : str
        Its registered name, such as ``"sma_cross"``.
    **params
        Values of its parameters; the others keep their defaults.

    Raises
    ------
    ParameterError
        No such strategy, no such parameter, or a value of another type.

    Examples
    --------
    >>> from py_rt.strategy import CompiledStrategy
    >>> CompiledStrategy("sma_cross", fast=5)
    sma_cross(symbol='', fast=5, slow=30, order_qty=100.0)
    """

    def __init__(self, compiled_name: str, /, **params: Any) -> None:
        super().__init__()
        listed = {str(entry["name"]): entry for entry in _core.compiled_strategies()}
        if compiled_name not in listed:
            raise unknown_name("the engine", compiled_name, listed, what="compiled strategy")
        self.compiled_name = compiled_name
        self._callbacks = tuple(listed[compiled_name].get("callbacks", ()))
        self._values: dict[str, Any] = dict(listed[compiled_name]["params"])
        for name, value in params.items():
            if name not in self._values:
                raise unknown_name(compiled_name, name, self._values)
            self._values[name] = checked(name, value, type(self._values[name]))

    @property
    def name(self) -> str:
        """The registered name."""
        return self.compiled_name

    @property
    def params(self) -> dict[str, Any]:
        """Every parameter and its value."""
        return dict(self._values)

    def fresh(self) -> Self:
        """Return a handle of its own for one run; the state lives in the engine."""
        return type(self)(self.compiled_name, **self._values)

    def _overridden(self) -> tuple[str, ...]:
        """Return the callbacks that the engine serves for it, so that their data are made."""
        return self._callbacks


class Book(Protocol):
    """The order book of one symbol, as ``ctx.book(symbol)`` shows it during the callback.

    Prices in units of the currency, quantities in units of the instrument, both floats.
    """

    best_bid: float
    """Best bid price; NaN when there is none."""
    best_ask: float
    """Best ask price; NaN when there is none."""
    bid_qty: float
    """Quantity at the best bid; 0 when there is none."""
    ask_qty: float
    """Quantity at the best ask; 0 when there is none."""
    mid: float
    """Middle of best bid and best ask; NaN when one is missing."""
    spread: float
    """Best ask less best bid; NaN when one is missing."""
    valid: bool
    """Whether the book may be believed: a snapshot arrived, and no gap since."""

    def levels(self, side: Literal["buy", "sell"], n: int = 10, /) -> list[tuple[float, float]]:
        """Return the first ``n`` levels of a side, best first, as (price, quantity)."""


class Position(Protocol):
    """A position as it was when it was asked for."""

    qty: float
    """Signed quantity; below 0 when short."""
    avg_price: float
    """Average price paid; NaN when flat."""
    unrealized_pnl: float
    """Value at the mark less what was paid."""
    realized_pnl: float
    """Profit realised so far, before fees."""


class InstrumentView(Protocol):
    """What is traded, with its steps as floats."""

    symbol: str
    tick_size: float
    order_tick_size: float
    lot_size: float
    min_qty: float
    min_notional: float
    multiplier: float
    currency: str
    shortable: bool
    """Whether the position may go below zero."""
    sessions: bool
    """Whether the venue has sessions; False where it never closes."""


class Context(Protocol):
    """What a callback sees of the run, and how it asks for something.

    The object that callbacks get is the engine's; it is valid during the callback only. Prices and
    quantities are floats that must lie on tick and lot (float noise is forgiven).
    """

    now: int
    """Time of the callback, nanoseconds UTC. There is no other clock."""
    cash: float
    """Cash in the account's currency."""
    equity: float
    """Cash and positions at their marks."""
    symbols: list[str]
    """Symbols of the run, in the order of its instruments."""
    tradable: bool
    """False while the venue was not asked yet how things stand, and while risk has halted."""

    def cash_in(self, currency: str) -> float:
        """Return the cash of the account in one currency."""

    def book(self, symbol: str) -> Book:
        """Return the order book of a symbol."""

    def consolidated(self, product: str, max_age: int | str | None = None) -> Consolidated:
        """Return the books of a product at all its venues, by price after the taker's fee."""

    def position(self, symbol: str) -> Position:
        """Return the position in a symbol."""

    def instrument(self, symbol: str) -> InstrumentView:
        """Return tick, lot and rules of a symbol."""

    def orders(self, symbol: str | None = None) -> list[Any]:
        """Return open orders, oldest first, also those that this callback asked for."""

    def buy(
        self,
        symbol: str,
        qty: float,
        limit_price: float | None = None,
        tif: Literal["DAY", "GTC", "IOC", "FOK"] | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        tag: str | None = None,
        stop_price: float | None = None,
        trail: float | None = None,
        trigger: Literal["last_trade", "touch", "venue"] = "last_trade",
    ) -> str:
        """Ask for a buy order, at the market without a price, and return its client_order_id.

        ``tif=None`` is DAY where the venue has sessions and GTC where it never closes. A refusal is
        told to ``on_order`` with its reason.

        With ``stop_price`` or ``trail`` it is a stop that the kernel holds: once the last trade, or
        the touch, is at ``stop_price`` or beyond, the order leaves, with its ``limit_price`` or at
        the market. ``trail`` is the distance at which the stop follows the best price. Until then
        it is among ``ctx.parents()``, its states are told to ``on_parent``, and it counts against
        the limits as if it were on its way. ``trigger="venue"`` sends the stop at once, as an order
        like any other: the venue holds it, also while this process is down.
        """

    def sell(
        self,
        symbol: str,
        qty: float,
        limit_price: float | None = None,
        tif: Literal["DAY", "GTC", "IOC", "FOK"] | None = None,
        post_only: bool = False,
        reduce_only: bool = False,
        tag: str | None = None,
        stop_price: float | None = None,
        trail: float | None = None,
        trigger: Literal["last_trade", "touch", "venue"] = "last_trade",
    ) -> str:
        """Ask for a sell order; see ``buy``."""

    def execute(
        self,
        symbol: str,
        side: Literal["buy", "sell"],
        qty: float,
        algorithm: Algorithm,
        limit_price: float | None = None,
        reduce_only: bool = False,
        tag: str | None = None,
    ) -> str:
        """Ask for a parent order, worked by the kernel as ``algorithm`` says; return its id.

        ``limit_price`` holds for every child. The id is good for ``cancel`` and ``replace``.
        """

    def parents(self, symbol: str | None = None) -> list[Any]:
        """Return parent orders and stops that have not ended, oldest first."""

    def cancel(self, client_order_id: str) -> None:
        """Ask for the end of an order, or of a parent order with all its children."""

    def cancel_all(self, symbol: str | None = None) -> None:
        """Ask for the end of all orders, or of those of one symbol."""

    def replace(
        self, client_order_id: str, qty: float | None = None, limit_price: float | None = None
    ) -> None:
        """Ask for another total quantity, limit price or both; refused while one is pending."""

    def target(self, symbol: str, qty: float) -> None:
        """Work the position towards ``qty`` at the market; idempotent while orders are open.

        The newest word counts: an order of your own in that symbol, or a cancel, ends what was
        wanted before, and so does a stop at the venue that is reached.
        """

    def close(self, symbol: str) -> None:
        """Work the position towards nothing."""

    def set_timer(self, name: str, at: int | None = None, every: int | str | None = None) -> None:
        """Ring at a time, and then every so often; setting a name again replaces it.

        ``every`` is nanoseconds or text such as ``"10ms"``; without ``at`` it counts from now.
        """

    def signal(self, symbol: str, value: float, confidence: float = 1.0) -> None:
        """Publish a number for those who watch; it moves no order."""

    def round_price(
        self, symbol: str, price: float, direction: Literal["nearest", "down", "up"] = "nearest"
    ) -> float:
        """Return the valid price next to ``price``."""

    def round_qty(self, symbol: str, qty: float) -> float:
        """Return the largest valid quantity that is not above ``qty``."""

"""Trade in real time: on a venue by configuration, or on a paper venue of our own."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from py_rt._amounts import Number
from py_rt.backtest.lineup import Lineup, Strategies, check_limited, line_up
from py_rt.config import RiskLimits
from py_rt.errors import ConfigError, JournalError, ParameterError
from py_rt.strategy import Strategy
from py_rt.trade.addresses import Addresses
from py_rt.trade.cache import followed_by_cache
from py_rt.trade.config import Credentials, TradeConfig, read_config
from py_rt.trade.control import is_alive
from py_rt.trade.database import parse_store
from py_rt.trade.guard import GuardProcess
from py_rt.trade.ib.process import reached
from py_rt.trade.journal import Journal
from py_rt.trade.secrets import Secret
from py_rt.trade.signals import StopBySignal
from py_rt.trade.store import figures_by_strategy
from py_rt.trade.venue import venue_symbol
from py_rt.trade.venue_process import VenueProcess

__all__ = ["PaperPlan", "SessionResult", "paper", "trade"]

_MINUTE_NS = 60_000_000_000
OnEvent = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class SessionResult:
    """How a session ended.

    Attributes
    ----------
    orders, fills, rejected : int
        Over the whole life of the state directory, sessions before a crash included.
    position : dict
        Quantity by symbol, decimal text.
    cash : str
        Decimal text.
    order_hash : str
        32 hexadecimal digits over all orders.
    journal : str
        Where it lies; ``rt.replay`` takes it.
    recovered : dict
        ``from_journal adopted_orders booked_fills`` of this start.
    reconciled : bool
        Whether our books and the venue's agreed at the end.
    reason : str
        Why the session ended: stopped, seconds, killed, refused, or what halted it.
    halted : bool
        Whether a limit or the strategy's failure ended it.
    state_dir : str
    root : str
        What the chain of the journal has come to, 64 hexadecimal digits: note it elsewhere, and
        ``py-rt journal verify --root`` says whether the journal still holds what it held. Empty
        where the journal cannot be read.
    strategies : dict
        Of several strategies, each one's ``orders fills rejected position realized_pnl`` by name.
    """

    orders: int
    fills: int
    rejected: int
    position: dict[str, str]
    cash: str
    order_hash: str
    journal: str
    recovered: dict[str, Any]
    reconciled: bool
    reason: str
    halted: bool
    state_dir: str = field(repr=False)
    root: str = field(default="", repr=False)
    strategies: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def from_core(cls, raw: Mapping[str, Any], state_dir: str) -> SessionResult:
        """Build the result from what the driver returned."""
        return cls(
            orders=int(raw["orders"]),
            fills=int(raw["fills"]),
            rejected=int(raw["rejected"]),
            position={str(k): str(v) for k, v in raw["position"].items()},
            cash=str(raw["cash"]),
            order_hash=str(raw["order_hash"]),
            journal=str(raw["journal"]),
            recovered=dict(raw["recovered"]),
            reconciled=bool(raw["reconciled"]),
            reason=str(raw["reason"]),
            halted=bool(raw["halted"]),
            state_dir=state_dir,
        )

    @property
    def store(self) -> Path:
        """Where orders, fills and positions lie as SQLite."""
        return Path(self.state_dir) / "store.sqlite"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values."""
        return asdict(self)


def trade(
    strategy: Strategies,
    config: TradeConfig | str | os.PathLike[str],
    on_event: OnEvent | None = None,
    on_note: Callable[[str], None] | None = None,
    *,
    limits: Mapping[str, RiskLimits] | None = None,
) -> SessionResult:
    """Trade on the venue of a configuration until it says stop, time is up, or Ctrl-C.

    What the venue was told is in the journal before it leaves. After a crash the same call replays
    the journal, asks the venue what happened meanwhile, and only then trades.

    Parameters
    ----------
    strategy : Strategy, list of Strategy, or dict of name to Strategy
        Its parameters hold; ``[strategy]`` of the configuration is applied by the command line.
        Several share the account: each hears of its own orders and has limits of its own.
    config : TradeConfig or path
        Of a TOML file.
    on_event : callable, optional
        Called with each event of the kernel as a dict; must return quickly.
    on_note : callable, optional
        Called with a line for the log.
    limits : dict of name to RiskLimits, optional
        What one of several may do by itself, beside the limits of the account; what is left out
        takes the safe default of the mode. By default ``[limits.NAME]`` of the configuration.

    Returns
    -------
    SessionResult

    Raises
    ------
    ConfigError
        The configuration is wrong, or the mode is not what the venue says it is.
    VenueError
        The venue refuses; ``ConnectionLost`` when it cannot be reached.
    JournalError
        Another process uses the state directory, or the journal is of another run.
    RiskHalted
        A limit stopped trading.
    Fenced
        Another session has the account, or took it over.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.trade(rt.StrategyFactory.create("sma_cross"), "trade.toml")  # doctest: +SKIP
    """
    resolved = config if isinstance(config, TradeConfig) else read_config(config)
    own = resolved.own_limits if limits is None else limits
    lineup = line_up(strategy, own, lambda one: one.resolve(resolved.mode, resolved.cash))
    return _run(lineup, resolved, on_event, on_note)


def _run(
    lineup: Lineup,
    config: TradeConfig,
    on_event: OnEvent | None,
    on_note: Callable[[str], None] | None,
) -> SessionResult:
    import py_rt._core as _core

    check_limited([config.limits, *lineup.limits.values()], config.symbols)
    config.state_dir.mkdir(parents=True, exist_ok=True)
    with reached(config, config.state_dir, trades=True) as (found, lifeline):
        core = found.to_core() | _strategy_keys(lineup)
        seconds = config.dead_man_seconds
        guard = GuardProcess.start(core, seconds, lifeline) if seconds > 0 else None
        try:
            with followed_by_cache(config), StopBySignal(config.state_dir) as stop:
                raw = _core.trade(core, lineup.hosted, on_event, on_note)
        finally:
            if guard is not None:
                guard.leave()
    result = SessionResult.from_core(raw, str(config.state_dir))
    each = figures_by_strategy(result.store, lineup.strategies) if lineup.several else {}
    result = replace(result, root=_root_of(result.journal), strategies=each)
    return replace(result, reason="stopped") if stop.asked else result


def _root_of(journal: str) -> str:
    """Return what the chain came to: the last segment holds what it began with."""
    try:
        return Journal(journal).verify().root
    except (JournalError, OSError):
        return ""


def _strategy_keys(lineup: Lineup) -> dict[str, Any]:
    """Return what the journal keeps of who trades, so that a replay can make them again."""
    described = lineup.described()
    codes = [str(one.get("sha256") or "") for one in described.get("several", [described])]
    return {
        "strategy_name": lineup.name,
        "parameters": json.dumps(described, sort_keys=True),
        "code_hash": codes[0] if len(codes) == 1 else sha256("".join(codes).encode()).hexdigest(),
        "names": list(lineup.strategies) if lineup.several else [],
        "own_limits": [own.to_core() for own in lineup.limits.values()],
        "bar_interval_ns": _MINUTE_NS if "on_bar" in lineup.callbacks else 0,
    }


@dataclass(frozen=True)
class PaperPlan:
    """What a paper session on recorded data needs to know.

    Attributes
    ----------
    data : str
        What ``rt.data.load`` takes.
    speed : float
        Virtual seconds per real second.
    seconds : float or None
        Real seconds; None for the length of the recording.
    state_dir : str or path
        Holds ``session/`` (journal, store) and ``venue.json``.
    cash : number [money]
        What the paper account starts with.
    risk : RiskLimits or None
    seed : int
    store : str
        "sqlite", or the address of a PostgreSQL database that follows it.
    dialect : {"alpaca", "binance"}
        What session and venue speak. Binance is for recordings of coins.
    """

    data: str = "sample:btcusdt_l2"
    speed: float = 10.0
    seconds: float | None = None
    state_dir: str | os.PathLike[str] = "paper-state"
    cash: Number = 1_000_000
    risk: RiskLimits | None = None
    seed: int = 0
    store: str = "sqlite"
    dialect: Literal["alpaca", "binance"] = "alpaca"


def paper(
    strategy: Strategies,
    config: TradeConfig | str | os.PathLike[str] | None = None,
    *,
    on_event: OnEvent | None = None,
    on_note: Callable[[str], None] | None = None,
    limits: Mapping[str, RiskLimits] | None = None,
    **plan: Any,
) -> SessionResult:
    """Trade on paper; without a configuration, on a venue of our own that replays a recording.

    Parameters
    ----------
    strategy : Strategy, list of Strategy, or dict of name to Strategy
        As in `trade`. A parameter that holds a recorded symbol (``BTCUSDT``) is given the venue's
        (``BTC/USD``).
    config : TradeConfig or path, optional
        Trade on the venue that it names instead; its mode must be paper.
    on_event : callable, optional
        Called with each event of the kernel as a dict.
    on_note : callable, optional
        Called with a line for the log, and when a venue is found again or a symbol exchanged.
    limits : dict of name to RiskLimits, optional
        As in `trade`.
    **plan
        ``data speed seconds state_dir cash risk seed store dialect``; see `PaperPlan`.

    Returns
    -------
    SessionResult

    Raises
    ------
    ConfigError
        The configuration is not for paper.
    DataError
        The recording cannot be used.
    VenueError
        The venue did not start.

    Notes
    -----
    A session that was killed is taken up by the same call: its venue waits ten minutes.

    Examples
    --------
    >>> import py_rt as rt
    >>> rt.paper(rt.StrategyFactory.create("market_maker"), speed=20)  # doctest: +SKIP
    """
    if config is not None:
        resolved = config if isinstance(config, TradeConfig) else read_config(config)
        if resolved.mode != "paper":
            raise ParameterError(
                "the configuration trades live", field="mode", remedy='use py-rt trade, or "paper"'
            )
        return trade(strategy, resolved, on_event, on_note, limits=limits)
    wanted = PaperPlan(**plan)
    return _on_own_venue(strategy, limits, wanted, (on_event, on_note or _silent))


def _silent(text: str) -> None:
    """Say nothing."""
    del text


def _on_own_venue(
    given: Strategies,
    limits: Mapping[str, RiskLimits] | None,
    plan: PaperPlan,
    told: tuple[OnEvent | None, Callable[[str], None]],
) -> SessionResult:
    on_event, say = told
    cash = Decimal(str(plan.cash))
    account = (plan.risk or RiskLimits()).resolve("paper", cash)
    lineup = line_up(given, limits, lambda own: own.resolve("paper", cash))
    root = Path(plan.state_dir).resolve()
    _refuse_second_session(root)
    from py_rt.data import load

    data = load(plan.data)
    names = {known.symbol: venue_symbol(known, plan.dialect) for known in data.instruments}
    venue = VenueProcess.find(root)
    if venue is None:
        _put_aside(root, say)
        options = ["--data", plan.data, "--speed", str(plan.speed), "--seed", str(plan.seed)]
        options += ["--cash", str(plan.cash), "--end-with", str(root), "--dialect", plan.dialect]
        venue = VenueProcess.start(options, root)
    elif venue.dialect != plan.dialect:
        raise ConfigError(
            f"the session here speaks {venue.dialect}",
            field="dialect",
            file=str(root),
            remedy="go on with that dialect, or give this session another --state-dir",
        )
    else:
        say(f"the paper venue of an earlier session is still running: going on at {venue.address}")
    (root / "session.pid").write_text(str(os.getpid()), encoding="utf-8")
    length_s = ((data.end or 0) - (data.start or 0)) / 1e9 / plan.speed
    session = TradeConfig(
        symbols=tuple(names.values()),
        state_dir=root / "session",
        dialect=plan.dialect,
        addresses=Addresses.at(venue.address, list(names.values()), plan.dialect),
        credentials=Credentials(Secret(venue.key), Secret(venue.secret)),
        limits=account.renamed(names),
        cash=cash,
        seconds=length_s if plan.seconds is None else plan.seconds,
        database=parse_store(plan.store),
    )
    running = {name: _renamed(one, names, say) for name, one in lineup.strategies.items()}
    try:
        return _run(lineup.renamed(running, names), session, on_event, say)
    finally:
        for name, one in lineup.strategies.items():
            one.adopt(running[name])
        venue.stop()


def _renamed(strategy: Strategy, names: Mapping[str, str], say: Callable[[str], None]) -> Strategy:
    """Return the strategy with recorded symbols in its parameters exchanged for the venue's."""
    made = strategy.fresh()
    for name, value in strategy.params.items():
        if isinstance(value, str) and names.get(value, value) != value:
            say(f"{name}: {value} is {names[value]} at the venue")
            setattr(made, name, names[value])
        elif isinstance(value, list | tuple) and any(entry in names for entry in value):
            setattr(made, name, type(value)(names.get(entry, entry) for entry in value))
    return made


def _refuse_second_session(root: Path) -> None:
    """Two sessions cannot share a venue and a journal."""
    try:
        holder = int((root / "session.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if holder != os.getpid() and is_alive(holder):
        raise ConfigError(
            f"process {holder} trades on paper here",
            field="state_dir",
            file=str(root),
            remedy="stop it (py-rt kill), or give this session another --state-dir",
        )


def _put_aside(root: Path, say: Callable[[str], None]) -> None:
    """Move away a session whose venue is gone: a new venue knows nothing of its orders."""
    session = root / "session"
    if not session.exists():
        return
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    kept = root / f"session-{stamp}"
    session.rename(kept)
    say(f"the session before this one is kept in {kept}")

"""``py-rt paper``, ``trade``, ``venue``, ``serve``, ``status`` and ``kill``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import typer

from py_rt.cli.output import Output, plain_json
from py_rt.cli.team import gather, params_of, title
from py_rt.config import RiskLimits
from py_rt.errors import ConfigError
from py_rt.trade import (
    SessionResult,
    kill,
    paper,
    read_config,
    read_status,
    read_venue_config,
    trade,
    venue_on_data,
)
from py_rt.trade.control import KillLevel
from py_rt.trade.database import deliver_store, parse_store
from py_rt.trade.rules import Rules, merged, read_rules
from py_rt.trade.secrets import forbid_dumps
from py_rt.trade.venue import serve as serve_venue
from py_rt.trade.venue_process import end_with_session

__all__ = [
    "run_kill",
    "run_paper",
    "run_serve",
    "run_status",
    "run_store",
    "run_trade",
    "run_venue",
]

_CALM_S = 10.0
_STATUS_ORDER = ("running", "kill", "orders", "open_orders", "fills", "positions", "state_dir")


def run_trade(
    who: Sequence[str],
    params: Sequence[str],
    config: Path,
    changed: Mapping[str, Any],
    output: Output,
) -> None:
    """Trade by configuration; ``--set`` goes before ``[strategy]``."""
    overrides = {name: value for name, value in changed.items() if value is not None}
    forbid_dumps()
    resolved = read_config(config, {**overrides, "params": params_of(params)})
    team = gather(who, resolved.params)
    _say_beginning(title(team), resolved.mode, str(resolved.state_dir), output)
    _finish(trade(team, resolved, on_note=Calm(output.note)), output)


def run_paper(
    who: Sequence[str],
    params: Sequence[str],
    plan: Mapping[str, Any],
    state_dir: Path | None,
    config: Path | None,
    output: Output,
) -> None:
    """Trade on paper, on our own venue or on the one that a configuration names."""
    rules = read_rules(config) if config is not None else None
    if config is not None and rules is not None and rules.has_venue:
        overrides: dict[str, Any] = {"params": params_of(params)}
        overrides |= {"state_dir": state_dir} if state_dir else {}
        overrides |= {"seconds": plan["seconds"]} if plan["seconds"] is not None else {}
        overrides |= {"store": plan["store"]} if plan["store"] != "sqlite" else {}
        resolved = read_config(config, overrides)
        if resolved.mode != "paper":
            raise ConfigError(
                "the configuration trades live",
                field="venue.mode",
                file=str(config),
                remedy='use py-rt trade, or write mode = "paper"',
            )
        team = gather(who, resolved.params)
        _say_beginning(title(team), "paper", str(resolved.state_dir), output)
        _finish(trade(team, resolved, on_note=Calm(output.note)), output)
        return
    asked = dict(plan)
    limits: dict[str, RiskLimits] = {}
    if rules is not None:
        _refuse_besides(rules, str(config))
        asked["risk"], limits = rules.risk, rules.limits
    team = gather(who, merged(rules.params if rules else {}, params_of(params)))
    folder = state_dir or Path("paper-state")
    _say_beginning(title(team), "paper", str(folder), output)
    say = Calm(output.note)
    _finish(paper(team, on_note=say, limits=limits or None, state_dir=folder, **asked), output)


def _refuse_besides(rules: Rules, file: str) -> None:
    if rules.besides:
        raise ConfigError(
            "says how to trade on a venue, and none is named",
            field=rules.besides[0],
            file=file,
            remedy="add [venue], or leave only [strategy], [risk] and [limits] and use options",
        )


def run_venue(
    options: Mapping[str, Any], config: Path | None, end_with: Path | None, output: Output
) -> None:
    """Serve until Ctrl-C; the ready line is the only thing on stdout."""
    if config is not None:
        resolved = read_venue_config(config)
    else:
        given = dict(options)
        resolved = venue_on_data(given.pop("source"), **given)
    if end_with is not None:
        end_with_session(end_with)

    def announce(ready: dict[str, Any]) -> None:
        sys.stdout.write(plain_json(ready) + "\n")
        sys.stdout.flush()
        places = " and ".join(ready[name] for name in ("alpaca", "binance") if name in ready)
        output.note(f"listing {', '.join(resolved.symbols)} at {places}; Ctrl-C ends it")

    serve_venue(resolved, announce)


def run_serve(given: Mapping[str, Any], market: Mapping[str, Any], output: Output) -> None:
    """Serve until Ctrl-C; the ready line is the only thing on stdout."""
    from py_rt.server import ServeConfig, serve
    from py_rt.server.market import market_of, market_of_session

    if market["session"] is not None and market["data"] is not None:
        raise ConfigError("--session and --data go apart", field="session", remedy="choose one")
    if market["session"] is not None:
        shown = market_of_session(market["session"])
    else:
        source = market["data"] or "sample:btcusdt_l2"
        shown = market_of(source, speed=market["speed"], repeat=market["repeat"])

    def announce(ready: dict[str, Any]) -> None:
        sys.stdout.write(plain_json(ready) + "\n")
        sys.stdout.flush()
        output.note(f"serving py_rt.v1 at {ready['grpc']}; Ctrl-C ends it")

    serve(ServeConfig(**given), shown, announce)


def run_status(state_dir: Path, output: Output) -> None:
    """Show what the session wrote and what its store holds."""
    status = read_status(state_dir)
    if output.result(status):
        first = [name for name in _STATUS_ORDER if name in status]
        rest = [name for name in status if name not in first]
        rows = [(name, _shown(status[name])) for name in (*first, *rest)]
        output.table("session", rows)


def run_store(state_dir: Path, url: str, seconds: float, output: Output) -> None:
    """Bring the rows there; exit code 4 when some are left."""
    database = parse_store(url)
    if database is None:
        raise ConfigError(
            "names no database", field="store", remedy="give postgresql://user@host:port/database"
        )
    delivery = {"url": str(database), **deliver_store(state_dir, database, seconds)}
    if output.result(delivery):
        output.table("store", [(name, _shown(value)) for name, value in delivery.items()])
    if delivery["error"] or delivery["waiting"] != 0:
        raise typer.Exit(4)


def run_kill(
    state_dir: Path, level: str, by: str | None, config: Path | None, output: Output
) -> None:
    """Write the kill file, or act without the session."""
    done = kill(state_dir, cast("KillLevel", level), by=by, config=config)
    if output.result(done):
        if config is None:
            output.note(f"asked for {level}: {done['file']}")
            return
        output.table("without the session", [(name, _shown(done[name])) for name in done])
    if done.get("open_orders") or (level == "flatten" and done.get("positions")):
        raise typer.Exit(5)


class Calm:
    """Passes notes on, but the same one only every ten seconds, with how often it came."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._heard: dict[str, tuple[float, int]] = {}

    def __call__(self, text: str) -> None:
        """Say it, or count it."""
        now = time.monotonic()
        said_at, withheld = self._heard.get(text, (-_CALM_S, 0))
        if now - said_at < _CALM_S:
            self._heard[text] = (said_at, withheld + 1)
            return
        self._heard[text] = (now, 0)
        self._say(f"{text} ({withheld} more times)" if withheld else text)


def _say_beginning(name: str, mode: str, state_dir: str, output: Output) -> None:
    output.note(f"{name}: {mode} session in {state_dir}; Ctrl-C ends it")


def _finish(result: SessionResult, output: Output) -> None:
    """Show the summary and choose the exit code."""
    if output.result(result.to_dict()):
        rows = [
            ("orders", str(result.orders)),
            ("fills", str(result.fills)),
            ("rejected", str(result.rejected)),
            ("position", _shown(result.position)),
            ("cash", result.cash),
            ("recovered", _shown(result.recovered)),
            ("reconciled", _shown(result.reconciled)),
            ("ended because", result.reason),
            ("order_hash", result.order_hash),
            ("journal", result.journal),
            ("root", result.root or "-"),
            ("store", str(result.store)),
        ]
        output.table("session", rows)
        if result.strategies:
            _show_each(result, output)
    if not result.reconciled or result.reason == "refused":
        raise typer.Exit(4)
    if result.halted:
        raise typer.Exit(5)


def _show_each(result: SessionResult, output: Output) -> None:
    columns = ("strategy", "orders", "fills", "rejected", "position", "realized_pnl")
    rows = [[name, *(_shown(own[column]) for column in columns[1:])]
            for name, own in result.strategies.items()]  # fmt: skip
    output.table("by strategy", rows, columns)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {v}" for k, v in value.items()) or "-"
    return "-" if value is None else str(value)

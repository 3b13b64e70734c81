"""``py-rt backtest``, ``replay`` and ``verify``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from py_rt.backtest import backtest, verify
from py_rt.cli.output import Output, number
from py_rt.cli.team import gather, params_of
from py_rt.data import load
from py_rt.errors import ConfigError
from py_rt.trade import replay
from py_rt.trade.rules import merged, read_rules

if TYPE_CHECKING:
    from py_rt.backtest import BacktestResult
    from py_rt.market import MarketData

__all__ = ["load_source", "run_backtest", "run_replay", "run_verify"]

_SHARES = frozenset(
    {"total_return", "cagr", "max_drawdown", "volatility", "win_rate", "exposure", "var_95"}
    | {"es_975", "psr"}
)


def load_source(source: Mapping[str, str | None], **how: Any) -> MarketData:
    """Load what ``--data --symbols --start --end`` name; ``how`` goes to ``load``."""
    wanted = source["symbols"]
    symbols = [part.strip() for part in wanted.split(",") if part.strip()] if wanted else None
    return load(source["data"], symbols=symbols, start=source["start"], end=source["end"], **how)


def run_backtest(
    who: Sequence[str],
    params: Sequence[str],
    source: Mapping[str, str | None],
    account: Mapping[str, Any],
    files: Mapping[str, Path | None],
    output: Output,
) -> None:
    """Run, write what was asked for, and show the statistics."""
    _refuse_folders({name: files[name] for name in ("report", "receipt")})
    rules = read_rules(files["config"]) if files["config"] else None
    if rules is not None and (rules.besides or rules.has_venue):
        passed = ", ".join(f"[{name}]" for name in ("venue",) * rules.has_venue + rules.besides)
        output.note(f"{files['config']}: {passed} say nothing about a backtest")
    written = rules.params if rules else {}
    team = gather(who, merged(written, params_of(params)))
    data = load_source(source)
    whole = source["start"] is None and source["end"] is None and source["symbols"] is None
    known = source["data"] if whole else None
    result = backtest(
        team,
        data,
        risk=rules.risk if rules else None,
        limits=(rules.limits if rules else None) or None,
        cash=account["cash"],
        seed=account["seed"],
        progress=not (output.quiet or output.as_json),
    )
    if known and not result.receipt["data"]["source"].startswith("sample:"):
        result.receipt["data"]["source"] = str(Path(known).resolve())
    report = result.report(files["report"]) if files["report"] else None
    if files["receipt"]:
        write_json(files["receipt"], result.receipt)
    several = isinstance(team, dict)
    shown = {
        "stats": result.stats.to_dict(),
        **({"by_strategy": _figures(result)} if several else {}),
        "events": result.events,
        "elapsed_s": result.elapsed_s,
        "events_per_s": result.events_per_s,
        "order_hash": result.order_hash,
        "receipt": result.receipt,
        "report": str(report) if report else None,
    }
    if output.result(shown):
        _show(result, {"report": report, "receipt": files["receipt"]}, output)


def _figures(result: BacktestResult) -> dict[str, Any]:
    """Return what each of several strategies did, on an account of the same cash of its own."""
    return {
        name: {
            "params": own.params,
            "stats": own.stats.to_dict(),
            "profit": float(own.equity_arrays["equity"][-1]) - own.cash,
            "denied": own.denied,
        }
        for name, own in result.by_strategy.items()
    }


def run_replay(journal: Path, who: Sequence[str], params: Sequence[str], output: Output) -> None:
    """Replay, show the hash, and exit 1 when the orders differ."""
    team = gather(who, params_of(params)) if who else None
    result = replay(journal, team)
    if output.result(result.to_dict()):
        rows = [("order_hash", result.order_hash), ("equal", "yes" if result.equal else "no")]
        if result.diverged_at is not None:
            rows.append(("diverged at record", number(result.diverged_at)))
        output.table("replay", rows)
    if not result.equal:
        raise typer.Exit(1)


def run_verify(receipt: Path, output: Output) -> None:
    """Rerun, compare, and exit 1 when anything differs."""
    found = verify(receipt)
    if output.result(found.to_dict()):
        rows = [
            ("equal", "yes" if found.equal else "no"),
            ("order_hash", found.order_hash),
            ("expected", found.expected_hash),
            ("differs in", ", ".join(found.differences) or "-"),
        ]
        output.table("verify", rows)
    if not found.equal:
        raise typer.Exit(1)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2, default=str) + "\n", encoding="utf-8")


def _refuse_folders(files: Mapping[str, Path | None]) -> None:
    """Find out before the run, not after it, that a file cannot be written."""
    for name, path in files.items():
        if path is not None and path.is_dir():
            raise ConfigError(
                f"{path} is a folder",
                field=f"--{name}",
                remedy=f"name a file in it, such as {path / name}",
            )


def _show(result: BacktestResult, files: Mapping[str, Path | None], output: Output) -> None:
    rows = [
        (name, number(value, "%" if name in _SHARES else ""))
        for name, value in result.stats.items()
    ]
    rows.append(("events", number(result.events)))
    if result.events_per_s:
        rows.append(("events a second", number(int(result.events_per_s))))
    rows.append(("order_hash", result.order_hash))
    rows += [(name, str(path)) for name, path in files.items() if path]
    output.table(f"{result.strategy} on {result.data.name or 'data'}", rows)
    if result.by_strategy.keys() != {result.strategy}:
        _show_each(result, output)
    for name, reason in result.stats.reasons.items():
        if result.stats[name] is None:
            output.note(f"{name}: {reason}")


def _show_each(result: BacktestResult, output: Output) -> None:
    columns = ("strategy", "profit", "max_drawdown", "sharpe", "orders", "fills", "fees", "denied")
    rows = []
    for name, own in result.by_strategy.items():
        stats = own.stats
        profit = number(float(own.equity_arrays["equity"][-1]) - own.cash)
        risk = (number(stats.max_drawdown, "%"), number(stats.sharpe))
        counts = (stats.n_orders, stats.n_fills, stats.fees, own.denied)
        rows.append([name, profit, *risk, *(number(value) for value in counts)])
    output.table("by strategy", rows, columns)

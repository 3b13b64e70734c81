"""``py-rt demo``: the whole road on real data, and what happened, in one table."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import typer

import py_rt.strategies.market_maker as market_maker
import py_rt.strategies.sma_cross as sma_cross
from py_rt._strategy_files import load_strategy
from py_rt.backtest import backtest
from py_rt.cli.output import Output, number
from py_rt.cli.rehearsal import Rehearsal, rehearse, when_orders_are_open
from py_rt.cli.research import write_json
from py_rt.data import sample
from py_rt.trade import replay

__all__ = ["run_demo"]

_SMA_CROSS = f"{sma_cross.__file__}:SmaCross"
_MARKET_MAKER = f"{market_maker.__file__}:MarketMaker"
_RUNS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("sma_cross", _SMA_CROSS, "us_minute", {"order_qty": 10.0}),
    ("market_maker", _MARKET_MAKER, "btcusdt_l2", {}),
)
_SPEED = 10.0


def run_demo(out: Path, output: Output) -> None:
    """Backtest, trade on paper, kill, recover, compare, replay; exit 1 when anything is lost."""
    begun = time.monotonic()
    folder = out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    backtests = [_backtest(run, folder, output) for run in _RUNS]
    paper, found = _paper(folder, output)
    summary = {
        "backtests": backtests,
        "paper": paper,
        "elapsed_s": round(time.monotonic() - begun, 3),
    }
    write_json(folder / "summary.json", summary)
    if output.result(summary):
        _show(summary, found, folder, output)
    if not (paper["ledger_equal"] and paper["order_hash"] == paper["replay_hash"]):
        for text in found.diff.differences:
            output.note(text)
        raise typer.Exit(1)


def _backtest(
    run: tuple[str, str, str, dict[str, Any]], folder: Path, output: Output
) -> dict[str, Any]:
    name, reference, data, params = run
    output.note(f"backtest: {name} on {data}")
    strategy = load_strategy(reference, params)
    result = backtest(strategy, sample(data), progress=not (output.quiet or output.as_json))
    report = result.report(folder / f"{name}.html")
    receipt = folder / f"{name}.receipt.json"
    write_json(receipt, result.receipt)
    rate = result.events_per_s
    output.note(
        f"  {result.events:,} events, {result.stats.n_orders:,} orders, "
        f"{result.stats.n_fills:,} fills in {result.elapsed_s:.2f} s"
    )
    return {
        "name": name,
        "events": result.events,
        "events_per_s": None if rate is None else round(rate),
        "sharpe": result.stats.sharpe,
        "max_drawdown": result.stats.max_drawdown,
        "n_orders": result.stats.n_orders,
        "n_fills": result.stats.n_fills,
        "order_hash": result.order_hash,
        "receipt": str(receipt),
        "report": str(report),
    }


def _paper(folder: Path, output: Output) -> tuple[dict[str, Any], Rehearsal]:
    place = folder / "paper"
    if place.exists():
        shutil.rmtree(place)
    output.note("paper: the same market maker through sockets; killed in the middle, started again")
    found = rehearse(
        place,
        _MARKET_MAKER,
        kill_at=[when_orders_are_open(4.0, 15.0)],
        finish_s=8.0,
        speed=_SPEED,
        note=lambda text: output.note(f"  {text}"),
    )
    summary, diff = found.summary, found.diff
    output.note("replay: the journal once more, in virtual time")
    again = replay(summary["journal"])
    return {
        "orders": summary["orders"],
        "fills": summary["fills"],
        "kills": found.kills,
        "lost": diff.lost,
        "duplicated": diff.duplicated,
        "unresolved": diff.unresolved,
        "ledger_equal": diff.equal,
        "order_hash": summary["order_hash"],
        "replay_hash": again.order_hash,
        "journal": summary["journal"],
    }, found


def _show(summary: dict[str, Any], found: Rehearsal, folder: Path, output: Output) -> None:
    runs = [
        (
            run["name"],
            number(run["events"]),
            number(run["events_per_s"]),
            number(run["n_orders"]),
            number(run["n_fills"]),
            number(run["sharpe"]),
            number(run["max_drawdown"], "%"),
        )
        for run in summary["backtests"]
    ]
    columns = ("backtest", "events", "a second", "orders", "fills", "sharpe", "drawdown")
    output.table("in virtual time", runs, columns)
    paper = summary["paper"]
    same = paper["order_hash"] == paper["replay_hash"]
    recovered = found.summary["recovered"]
    rows = [
        ("orders, fills", f"{paper['orders']:,}, {paper['fills']:,}"),
        ("killed", f"{paper['kills']} time, {found.open_at_kill[-1]} orders open"),
        ("recovered", ", ".join(f"{name} {value}" for name, value in recovered.items())),
        ("lost, duplicated, unresolved",
         f"{paper['lost']}, {paper['duplicated']}, {paper['unresolved']}"),
        ("venue's ledger and our books", "equal" if paper["ledger_equal"] else "DIFFERENT"),
        ("cash", f"{found.ledger['cash']} at the venue, {found.summary['cash']} in our books"),
        ("replay of the journal", "the same orders" if same else "DIFFERENT"),
    ]  # fmt: skip
    output.table("in real time, through sockets", rows)
    output.table(
        f"files ({summary['elapsed_s']:.0f} s)",
        [
            *((f"report of {run['name']}", run["report"]) for run in summary["backtests"]),
            ("summary", str(folder / "summary.json")),
            ("journal", paper["journal"]),
            ("store", str(found.folder / "session" / "store.sqlite")),
        ],
    )

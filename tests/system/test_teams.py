"""Several strategies share one account in a session, through a kill too."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade.control import write_kill
from py_rt.trade.store import read_table

pytestmark = pytest.mark.system
SCRIPT = Path(__file__).with_name("team.py")
NAMES = {"near", "far"}


def start(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(folder), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(child: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = child.communicate(timeout=150)
    assert child.returncode == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def whose(folder: Path, table: str) -> set[str]:
    return {str(row["strategy"]) for row in read_table(folder / "session" / "store.sqlite", table)}


def wait_for_both(folder: Path, child: subprocess.Popen[str]) -> None:
    """Return when the orders of both stand in the store."""
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        if (folder / "session" / "status.json").is_file() and whose(folder, "orders") == NAMES:
            return
        time.sleep(0.05)
    raise AssertionError(f"no orders of both; exit {child.poll()}")


def test_two_strategies_through_a_kill(tmp_path: Path) -> None:
    first = start(tmp_path)
    wait_for_both(tmp_path, first)
    first.kill()
    first.communicate()
    found = ended(start(tmp_path, "stop"))
    assert found["reconciled"]
    assert found["reason"] == "killed"
    assert found["recovered"]["from_journal"] > 0
    assert whose(tmp_path, "orders") == NAMES
    assert whose(tmp_path, "positions") <= NAMES
    held: dict[str, float] = {}
    for row in read_table(tmp_path / "session" / "store.sqlite", "positions"):
        held[row["symbol"]] = held.get(row["symbol"], 0.0) + float(row["qty"])
    told = {symbol: float(qty) for symbol, qty in found["position"].items()}
    assert {s: q for s, q in held.items() if abs(q) > 1e-12} == pytest.approx(told)
    again = rt.replay(found["journal"])
    assert again.equal
    assert again.order_hash == found["order_hash"]


def test_limits_need_a_name_of_the_session(tmp_path: Path) -> None:
    one = rt.StrategyFactory.create("market_maker")
    for given, field in ((one, "limits"), ([one, one], "strategy"), ({"a": one}, "limits")):
        with pytest.raises(rt.ParameterError) as caught:
            rt.paper(given, state_dir=tmp_path, limits={"b": rt.RiskLimits()})
        assert caught.value.field == field


def test_a_limit_of_one_goes_by_the_recorded_symbol_too(tmp_path: Path) -> None:
    small = rt.RiskLimits(instruments={"BTCUSDT": rt.InstrumentLimit(max_order_qty="0.001")})
    team = {name: rt.StrategyFactory.create("market_maker") for name in ("held", "free")}
    seen: dict[str, set[str]] = {"Rejected": set(), "New": set()}

    def note(event: dict[str, Any]) -> None:
        if event["kind"] == "order" and event["order"].status in seen:
            seen[event["order"].status].add(event["order"].client_order_id)
        if all(seen.values()):
            write_kill(tmp_path, "stop")

    result = rt.paper(
        team, state_dir=tmp_path, speed=20, seconds=60, on_event=note, limits={"held": small}
    )
    assert result.reason == "killed"
    owner = {row["client_order_id"]: row["strategy"] for row in read_table(result.store, "orders")}
    assert {owner[order] for order in seen["Rejected"]} == {"held"}
    assert {owner[order] for order in seen["New"]} == {"free"}
    other = rt.RiskLimits(instruments={"XRPUSDT": rt.InstrumentLimit(max_order_qty=1)})
    with pytest.raises(rt.ParameterError, match="XRPUSDT is limited and not traded"):
        rt.paper(team, state_dir=tmp_path / "other", limits={"held": other})


def test_the_command_takes_several_with_limits_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "team.toml").write_text(
        "[strategy.slow]\norder_qty = 0.01\n[risk]\nmax_orders_per_second = 100\n"
        "[limits.slow]\nmax_order_qty = 0.005\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "py_rt.cli", "paper", "market_maker", "slow=market_maker"]
    command += ["--config", "team.toml", "--set", "market_maker.order_qty=0.02", "--seconds", "3"]
    command += ["--speed", "20", "--state-dir", "team", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    each = found["strategies"]
    assert list(each) == ["market_maker", "slow"]
    assert each["market_maker"]["orders"] == found["orders"] > 0
    assert each["market_maker"]["fills"] == found["fills"]
    assert each["slow"]["fills"] == 0, "its own limit lets none of its orders through"
    held = {symbol: float(qty) for symbol, qty in each["market_maker"]["position"].items()}
    told = {symbol: float(qty) for symbol, qty in found["position"].items()}
    assert {s: q for s, q in held.items() if abs(q) > 1e-12} == pytest.approx(told)
    checked = rt.Journal(tmp_path / "team" / "session").verify(found["root"])
    assert checked.ok
    assert checked.root == found["root"]
    assert rt.replay(found["journal"]).equal

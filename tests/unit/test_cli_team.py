"""Several strategies in one command: names, parameters, limits of a file, figures of each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.cli.entry import run
from py_rt.trade.config import read_config
from py_rt.trade.rules import read_rules

A = """\
import py_rt as rt


class Early(rt.Strategy):
    symbol: str = "AAPL"
    order_qty: float = 1

    def on_bar(self, ctx, bar):
        if bar.symbol == self.symbol:
            ctx.target(bar.symbol, self.order_qty)
"""
B = """\
import py_rt as rt


class Late(rt.Strategy):
    symbol: str = "KO"
    order_qty: float = 2

    def on_bar(self, ctx, bar):
        if bar.symbol == self.symbol:
            ctx.target(bar.symbol, -self.order_qty)


class Other(rt.Strategy):
    pass
"""
TEAM = """\
[strategy.late]
order_qty = 3
[risk]
max_open_orders = 7
[limits.Early]
max_order_qty = 5
[limits.late]
max_order_qty = 4
"""
VENUE = """\
[run]
symbols = ["BTC/USD"]
[venue]
dialect = "alpaca"
trading_url = "http://127.0.0.1:1"
"""
DATA = ["--data", "sample:us_daily", "--symbols", "AAPL,KO", "--start", "2020-01-02"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.py").write_text(A, encoding="utf-8")
    (tmp_path / "b.py").write_text(B, encoding="utf-8")
    (tmp_path / "team.toml").write_text(TEAM, encoding="utf-8")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found["error"] if code else found


def test_a_backtest_of_two_is_that_of_the_python_call(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(
        capsys, "backtest", "a.py", "late=b.py:Late", *DATA[:2], "--config", "team.toml",
        "--set", "Early.order_qty=4", "--report", "r.html", "--receipt", "r.json",
    )  # fmt: skip
    from py_rt._strategy_files import load_strategy

    team = {
        "Early": load_strategy("a.py", {"order_qty": 4}),
        "late": load_strategy("b.py:Late", {"order_qty": 3}),
    }
    data = rt.data.sample("us_daily")
    limits = {
        "Early": rt.RiskLimits(max_order_qty=5),
        "late": rt.RiskLimits(max_order_qty=4),
    }
    risk = rt.RiskLimits(max_open_orders=7)
    result = rt.backtest(team, data, limits=limits, risk=risk, progress=False)
    assert found["order_hash"] == result.order_hash
    assert found["stats"]["n_orders"] == 2
    for name, own in result.by_strategy.items():
        mine = found["by_strategy"][name]
        assert mine["stats"]["n_fills"] == own.stats.n_fills == 1
        assert mine["stats"]["total_return"] == own.stats.total_return
        assert mine["params"] == own.params
    profits = sum(mine["profit"] for mine in found["by_strategy"].values())
    assert profits == pytest.approx(result.equity["equity"].iloc[-1] - 1_000_000)
    page = (here / "r.html").read_text(encoding="utf-8")
    for part in ('id="strategies"', 'id="strategy-0"', 'id="strategy-1"', 'href="#strategy-1"'):
        assert part in page
    assert told(capsys, "verify", "r.json")["equal"]


def test_a_limit_of_the_file_holds_its_strategy_alone(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(
        capsys, "backtest", "a.py", "late=b.py:Late", *DATA, "--config", "team.toml",
        "--set", "Early.order_qty=6", "--set", "late.order_qty=4",
    )  # fmt: skip
    assert found["by_strategy"]["Early"]["stats"]["n_fills"] == 0
    assert found["by_strategy"]["Early"]["denied"] > 0
    assert found["by_strategy"]["late"]["denied"] == 0
    assert found["by_strategy"]["late"]["stats"]["n_fills"] == 1


def test_the_table_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "a.py", "b.py:Late", *DATA]) == 0
    said = capsys.readouterr().out
    assert "Early + Late on us_daily" in said
    lines = said[said.index("by strategy") :].splitlines()
    assert [line.split()[0] for line in lines if line.split()[:1] in (["Early"], ["Late"])]


def test_one_strategy_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "backtest", "a.py", *DATA, "--set", "order_qty=2")
    assert "by_strategy" not in found
    named = told(capsys, "backtest", "a.py", *DATA, "--set", "Early.order_qty=2")
    assert named["order_hash"] == found["order_hash"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["a.py", "a.py"], 2, ["two strategies are called Early", "NAME=a.py"]),
        (["a.py", "b.py"], 2, ["2 strategy classes", "b.py:Late"]),
        (["a.py", "b.py:Late", "--set", "order_qty=2"], 2, ["order_qty is none of the strategies"]),
        (["a.py", "b.py:Late", "--set", "Eary.order_qty=2"], 2, ["did you mean Early?"]),
        (["a.py", "b.py:Late", "--set", "Early=2"], 2, ["Early.PARAMETER=2"]),
        (["a.py", "b.py:Late", "--set", "Early.qty=2"], 2, ["qty", "order_qty"]),
        (["a.py", "--set", "Late.order_qty=2"], 2, ["Late is none of the strategies"]),
        (["=a.py", "b.py:Late"], 2, ["NAME=FILE"]),
        (["a.py", "b.py:Late", "--config", "team.toml"], 2, ["late is none", "Late"]),
        (["a.py", "--config", "limits.toml"], 2, ["one strategy", "risk"]),
        (["a.py", "b.py:Late", "--config", "bad.toml"], 2, ["max_order_qyt", "max_order_qty"]),
        (["a.py", "b.py:Late", "--config", "flat.toml"], 2, ["[limits.NAME]"]),
    ],
)
def test_what_is_refused_says_what_to_write(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: list[str],
) -> None:
    (here / "limits.toml").write_text("[limits.Early]\nmax_order_qty = 1\n", encoding="utf-8")
    (here / "bad.toml").write_text("\n[limits.Early]\n\nmax_order_qyt = 1\n", encoding="utf-8")
    (here / "flat.toml").write_text("[limits]\nmax_order_qty = 1\n", encoding="utf-8")
    error = told(capsys, "backtest", *arguments, *DATA, code=code)
    text = f"{error['message']} {error['field']} {error['remedy']}"
    for word in words:
        assert word in text, text
    if "bad.toml" in arguments:
        assert error["where"]["line"] == 4


def test_a_configuration_with_a_venue_holds_the_limits_too(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "K")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "S")
    path = here / "trade.toml"
    path.write_text(VENUE + TEAM, encoding="utf-8")
    config = read_config(path, {"params": {"late": {"order_qty": 9}, "Early": {"symbol": "X"}}})
    assert config.params == {"late": {"order_qty": 9}, "Early": {"symbol": "X"}}
    assert config.own_limits["late"] == rt.RiskLimits(max_order_qty=4)
    assert config.to_dict()["limits"]["Early"] == {"max_order_qty": "5"}
    plain = here / "plain.toml"
    plain.write_text(VENUE + TEAM.partition("[limits.Early]")[0], encoding="utf-8")
    assert read_config(plain).config_hash != config.config_hash
    rules = read_rules(path)
    assert (rules.has_venue, rules.besides) == (True, ("run",))
    # A backtest reads the same file, and says what does not concern it.
    team = ["a.py", "late=b.py:Late", *DATA, "--config", "trade.toml"]
    assert run(["backtest", *team, "--json"]) == 0
    assert "[venue], [run] say nothing about a backtest" in capsys.readouterr().err
    # Nobody trades with limits of somebody who does not.
    with pytest.raises(rt.ParameterError, match="there is no strategy 'Early'"):
        rt.trade([rt.StrategyFactory.create("sma_cross")], path)


def test_a_table_without_a_venue_does_not_say_how_to_trade(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "half.toml").write_text(TEAM + "[store]\nurl = 'sqlite'\n", encoding="utf-8")
    error = told(capsys, "paper", "a.py", "--config", "half.toml", code=2)
    assert error["field"] == "store"
    assert "[venue]" in error["remedy"]

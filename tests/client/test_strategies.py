"""Strategies of the user's own files, run by name over gRPC."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import py_rt as rt
from client.serving import port_of, server
from py_rt.client import GrpcConfig, TradingGrpcClient
from py_rt.server.strategies import register_strategies

BUYS = '''"""Buys once."""
import py_rt as rt


class BuysOnce(rt.Strategy):
    lots: int = 10

    def on_bar(self, ctx, bar):
        ctx.target(bar.symbol, self.lots)
'''
TWO = """import py_rt as rt


class _Base(rt.Strategy):
    pass


class Idle(_Base):
    def on_bar(self, ctx, bar):
        pass


class RSI2Fails(_Base):
    def on_bar(self, ctx, bar):
        raise RuntimeError("as it was planned")
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "buys.py", tmp_path / "two.py"
    first.write_text(BUYS, encoding="utf-8")
    second.write_text(TWO, encoding="utf-8")
    return first, second


@pytest.mark.system
def test_callers_run_strategies_of_several_files(files: tuple[Path, Path]) -> None:
    options = [word for file in files for word in ("--strategies", str(file))]
    with server(*options) as (_, ready):
        assert ready["strategies"] == ["buys_once", "idle", "rsi2_fails"]
        with TradingGrpcClient(GrpcConfig(port=port_of(ready), timeout=60)) as client:
            told = client.run_backtest("buys_once", "us_minute", {"lots": 20})
            from_file = subprocess.run(
                [
                    *(sys.executable, "-m", "py_rt.cli", "backtest", str(files[0]), "--json"),
                    *("--data", "sample:us_minute", "--set", "lots=20"),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            assert f'"order_hash": "{told["order_hash"]}"' in from_file.stdout
            assert client.run_backtest("idle", "us_minute")["stats"]["n_orders"] == 0
            with pytest.raises(rt.StrategyError, match="as it was planned") as caught:
                client.run_backtest("rsi2_fails", "us_minute")
            assert caught.value.where["file"] == str(files[1])
            assert caught.value.where["line"] == 15
            with pytest.raises(rt.ParameterError, match="buys_once"):
                client.run_backtest("buys_onec", "us_minute")
            with pytest.raises(rt.ParameterError, match="lots"):
                client.run_backtest("buys_once", "us_minute", {"lost": 1})


@pytest.mark.system
def test_a_server_with_a_wrong_file_does_not_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("import py_rt as rt\n\nclass A(rt.Strategy)\n    pass\n", encoding="utf-8")
    command = [sys.executable, "-m", "py_rt.cli", "serve", "--port", "0"]
    ended = subprocess.run(
        [*command, "--strategies", str(broken)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == rt.StrategyError.exit_code
    assert not ended.stdout
    assert f"{broken}" in ended.stderr
    assert "line 3" in ended.stderr


def test_what_a_file_may_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("py_rt.factory._registered", {})

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    def refused(*references: str | Path) -> rt.TradingError:
        with pytest.raises(rt.TradingError) as caught:
            register_strategies(references)
        assert caught.value.remedy
        return caught.value

    empty = written("empty.py", "x = 1\n")
    assert refused(empty).where["file"] == str(empty)
    assert "no Python file" in refused("sma_cross").what
    assert "no strategy class Nobody" in refused(f"{written('buys.py', BUYS)}:Nobody").what

    taken = written("taken.py", "import py_rt as rt\n\n\nclass SmaCross(rt.Strategy):\n    pass\n")
    error = refused(taken)
    assert isinstance(error, rt.ConfigError)
    assert error.where == {"field": "FILE", "file": str(taken), "line": 4}
    assert "sma_cross is taken" in error.what

    one, other = (written(name, BUYS.replace("BuysOnce", "Twofold")) for name in ("a.py", "b.py"))
    error = refused(one, other)
    assert error.where["file"] == str(other)
    assert str(one) in error.what
    assert register_strategies([one, f"{one}:Twofold"]) == ("twofold",)

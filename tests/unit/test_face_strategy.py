"""Strategies as a newcomer writes them wrong: what is said, and where it points."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import py_rt as rt
from py_rt.backtest.progress import StopBySecondLook
from py_rt.cli.entry import run
from py_rt.trade.signals import StopBySignal

HEAD = "import py_rt as rt\n\n\nclass Wrong(rt.Strategy):\n"
BARS = """\
ts,open,high,low,close,volume
2024-03-04T14:30:00Z,10.00,10.10,9.90,10.05,100
2024-03-04T14:31:00Z,10.05,10.15,10.00,10.10,100
2024-03-04T14:32:00Z,10.10,10.20,10.05,10.15,100
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ABC.csv").write_text(BARS)
    return tmp_path


def complaint(
    capsys: pytest.CaptureFixture[str], body: str, *options: str
) -> tuple[int, dict[str, Any]]:
    Path("wrong.py").write_text(HEAD + body)
    code = run(["backtest", "wrong.py", "--data", "ABC.csv", "--json", *options])
    said = capsys.readouterr().out
    assert said.count("\n") == 1, said
    return code, json.loads(said)["error"]


@pytest.mark.parametrize(
    "asked",
    [
        'ctx.buy("NOPE", 1)',
        'ctx.buy("ABC", float("nan"))',
        'ctx.cancel("rt-nope-1")',
        'rt.indicators.SMA(3).update("x")',
        "ctx.byu(bar.symbol, 1)",
        "1 / 0",
        "raise SystemExit(0)",
        'raise BaseException("odd")',
    ],
)
def test_what_fails_in_a_callback_names_the_line_and_exits_1(
    capsys: pytest.CaptureFixture[str], here: Path, asked: str
) -> None:
    code, error = complaint(capsys, f"    def on_bar(self, ctx, bar):\n        {asked}\n")
    assert (code, error["code"]) == (1, "strategy")
    assert error["where"]["file"] == str(here / "wrong.py")
    assert error["where"]["line"] == 6


def test_a_wrong_parameter_stays_a_matter_of_configuration(
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = "    n: int = 1\n    def __init__(self, **params):\n        super().__init__(**params)\n"
    code, error = complaint(capsys, body, "--set", "n=x")
    assert (code, error["code"], error["field"]) == (2, "parameter", "n")


def test_a_folder_for_the_report_is_refused_before_the_run(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    body = "    def on_bar(self, ctx, bar):\n        1 / 0\n"
    code, error = complaint(capsys, body, "--report", str(here))
    assert (code, error["code"], error["field"]) == (2, "config", "--report")


def test_no_command_after_data_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data"]) == 2
    assert capsys.readouterr().err.startswith("error: no command was given after py-rt data")


def test_a_callback_with_other_arguments_is_refused_at_its_definition(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, error = complaint(capsys, "    def on_bar(self, ctx):\n        pass\n")
    assert (code, error["code"], error["where"]["line"]) == (1, "strategy", 5)
    assert error["remedy"] == "write it as: def on_bar(self, ctx, event)"


def test_callbacks_may_name_their_arguments_freely_and_have_more() -> None:
    class Fine(rt.Strategy):
        def on_start(self, c: Any, *rest: Any) -> None:
            pass

        def on_bar(self, *everything: Any) -> None:
            pass

        def on_fill(self, ctx: Any, fill: Any, more: int = 3) -> None:
            pass

        @staticmethod
        def on_stop(*everything: Any) -> None:
            pass

    assert Fine().name == "Fine"


class Seen(rt.Strategy):
    symbol: str = "ABC"

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.seen: list[float] = []

    def on_bar(self, ctx: Any, bar: Any) -> None:
        self.seen.append(bar.close)
        self.symbol = "changed"
        if len(self.seen) == 1:
            ctx.buy(bar.symbol, 1)


def test_what_a_run_recorded_can_be_read_and_changes_no_later_run() -> None:
    strategy = Seen()
    first = rt.backtest(strategy, "ABC.csv", progress=False)
    assert strategy.seen == [10.05, 10.10, 10.15]
    assert strategy.symbol == "ABC"
    second = rt.backtest(strategy, "ABC.csv", progress=False)
    assert strategy.seen == [10.05, 10.10, 10.15]
    assert first.order_hash == second.order_hash


def test_what_a_failed_run_recorded_can_be_read_too() -> None:
    class Fails(Seen):
        def on_bar(self, ctx: Any, bar: Any) -> None:
            super().on_bar(ctx, bar)
            if len(self.seen) == 2:
                raise ValueError("enough")

    strategy = Fails()
    with pytest.raises(ValueError, match="enough"):
        rt.backtest(strategy, "ABC.csv", progress=False)
    assert strategy.seen == [10.05, 10.10]


def interrupt_during(seconds: float) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(seconds)


def test_a_swallowed_interrupt_comes_again() -> None:
    with StopBySecondLook() as stop:
        stop.look()
        with pytest.raises(KeyboardInterrupt):
            interrupt_during(5)
        with pytest.raises(KeyboardInterrupt):
            stop.look()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_ends_a_callback_that_hangs(here: Path) -> None:
    begun = time.monotonic()
    with StopBySignal(here), pytest.raises(rt.StrategyError, match="interrupt_during did not"):
        interrupt_during(20)
    assert time.monotonic() - begun < 2
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_ctrl_c_leaves_short_callbacks_and_the_engine_alone(here: Path) -> None:
    def on_trade() -> None:
        time.sleep(0.01)

    with StopBySignal(here) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        until = time.monotonic() + 0.9
        while time.monotonic() < until:
            on_trade()
        time.sleep(0.3)
    assert stop.asked


def test_nothing_of_the_future_shows_before_a_cut() -> None:
    times = pd.date_range("2024-03-04T14:30", periods=60, freq="1min", tz="UTC")
    close = [10 + ((i * 7) % 11) / 100 for i in range(60)]
    table = pd.DataFrame({"ts": times, "open": close, "high": 10.2, "low": 9.9, "close": close})

    class Trace(rt.Strategy):
        def on_start(self, ctx: Any) -> None:
            self.trace: list[Any] = []

        def on_bar(self, ctx: Any, bar: Any) -> None:
            assert ctx.now >= bar.ts_close
            self.trace.append((ctx.now, bar.close, ctx.equity, len(ctx.orders())))
            ctx.target(bar.symbol, 1 if bar.close > 10.05 else 0)

        def on_fill(self, ctx: Any, fill: Any) -> None:
            self.trace.append((ctx.now, fill.last_price))

    whole, part = Trace(), Trace()
    rt.backtest(whole, table, progress=False)
    data = rt.data.load(table).slice(end=times[31])
    rt.backtest(part, data, progress=False)
    known = [entry for entry in part.trace if entry[0] < data.end]
    assert known
    assert known == whole.trace[: len(known)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"venue": "fast"}, r"'fast' is no SimVenue; field venue; pass rt.SimVenue"),
        ({"risk": {"max_order_qty": 1}}, r"is no RiskLimits; field risk"),
        ({"seed": "x"}, r"'x' is not a number; field seed"),
        ({"seed": -1}, r"-1 is out of range; field seed"),
    ],
)
def test_arguments_of_another_kind_are_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(rt.ParameterError, match=said):
        rt.backtest(Seen(), "ABC.csv", progress=False, **wrong)

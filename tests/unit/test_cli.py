"""The command line without sockets: exit codes, one JSON object, errors that help."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from patience import assert_within
from py_rt.cli.entry import run

COMMANDS = ["demo", "new", "backtest", "paper", "trade", "venue", "replay", "verify", "status",
            "kill", "doctor", "data list", "data check", "data load"]  # fmt: skip
BOOM = """\
import py_rt as rt


class Boom(rt.Strategy):
    def on_bar(self, ctx, bar):
        raise ValueError("bad thing")
"""
TWO = """\
import py_rt as rt


class One(rt.Strategy):
    pass


class Two(rt.Strategy):
    pass
"""
SLOW = """\
import time

import py_rt as rt


class Slow(rt.Strategy):
    def on_bar(self, ctx, bar):
        open("begun", "w").close()
        time.sleep(0.01)
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    said = capsys.readouterr().out
    assert said.count("\n") == 1, said
    found: dict[str, Any] = json.loads(said)
    return found


def child(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "py_rt.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize("form", [["--json"], []])
def test_a_reader_that_has_seen_enough_is_no_error(form: list[str]) -> None:
    unread, end = os.pipe()
    os.close(unread)
    command = [sys.executable, "-m", "py_rt.cli", "data", "list", *form]
    with os.fdopen(end, "w") as closed:
        done = subprocess.run(
            command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    for word in ("Example:", f"py-rt {command}", "--json", "--quiet", "--debug"):
        assert word in text


def test_help_is_quick_and_nothing_heavy_is_imported() -> None:
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert child("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(took) < 1.0, "of a processor, whatever else runs"
    heavy = "import sys, py_rt; print({'typer', 'rich', 'pandas', 'click'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True)
    assert found.stdout.strip() == "set()"


def test_a_backtest_prints_one_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["backtest", "sma_cross", "--data", "sample:us_minute", "--set", "fast=5"]
    arguments += ["--set", "order_qty=1", "--report", "out/r.html", "--receipt", "out/r.json"]
    assert run([*arguments, "--json"]) == 0
    found = one_json(capsys)
    promised = {"stats", "events", "elapsed_s", "events_per_s", "order_hash", "receipt", "report"}
    assert promised <= found.keys()
    assert Path(found["report"]).is_file()
    assert len(found["order_hash"]) == 32
    assert run(["verify", "out/r.json", "--json"]) == 0
    assert one_json(capsys)["order_hash"] == found["order_hash"]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["backtest", "sma_cross", "--data", "sample:us_minute", "-q"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_slice_and_some_symbols(capsys: pytest.CaptureFixture[str]) -> None:
    source = ["--symbols", "AZO,BKNG", "--start", "2024-01-03", "--end", "2024-01-05T00:00:00Z"]
    assert run(["data", "load", "sample:us_minute", *source, "--json"]) == 0
    found = one_json(capsys)
    assert found["symbols"] == ["AZO", "BKNG"]
    assert found["start"] >= "2024-01-03"
    assert found["end"] <= "2024-01-05T00:00:00Z"


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "field"),
    [
        (["backtest", "sma_cross"], 2, "usage", "data"),
        (["backtset"], 2, "usage", None),
        (["backtest", "sma_cross", "--dat", "x"], 2, "usage", "--dat"),
        (["venue", "--port", "99999"], 2, "usage", "port"),
        (["backtest", "no.py", "--data", "sample:us_daily"], 2, "config", "FILE"),
        (["backtest", "no_such", "--data", "sample:us_daily"], 2, "config", "FILE"),
        (["backtest", "two.py", "--data", "sample:us_daily"], 2, "config", "FILE"),
        (["backtest", "two.py:Three", "--data", "sample:us_daily"], 2, "config", "FILE"),
        (["backtest", "broken.py", "--data", "sample:us_daily"], 1, "strategy", None),
        (["backtest", "sma_cross", "--data", "sample:us_daly"], 3, "data", "name"),
        (["backtest", "sma_cross", "--data", "none.csv"], 3, "data", None),
        (["backtest", "sma_cross", "--data", "sample:us_daily", "--set", "fst=1"], 2, "parameter",
         "fst"),
        (["backtest", "sma_cross", "--data", "sample:us_daily", "--set", "fast"], 2, "config",
         "--set"),
        (["backtest", "sma_cross", "--data", "sample:us_daily", "--cash", "x"], 2, "parameter",
         "cash"),
        (["backtest", "sma_cross", "--data", "sample:us_daily", "--start", "2020-01-01T10:00"], 2,
         "parameter", "start"),
        (["backtest", "boom.py", "--data", "sample:us_daily"], 1, "strategy", None),
        (["trade", "sma_cross", "--config", "no.toml"], 2, "config", None),
        (["venue", "--config", "no.toml"], 2, "config", None),
        (["venue", "--data", "sample:us_daily"], 3, "data", "data"),
        (["status", "nowhere"], 1, "journal", None),
        (["kill", "nowhere"], 1, "journal", None),
        (["replay", "nowhere"], 1, "journal", None),
        (["verify", "nowhere.json"], 3, "data", None),
        (["new", "1st"], 2, "config", "NAME"),
        (["sim-faults", "--dialect", "french"], 2, "parameter", "--dialect"),
    ],
)  # fmt: skip
def test_errors_are_one_object_with_the_promised_code(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    kind: str,
    field: str | None,
) -> None:
    (here / "two.py").write_text(TWO, encoding="utf-8")
    (here / "boom.py").write_text(BOOM, encoding="utf-8")
    (here / "broken.py").write_text("def (\n", encoding="utf-8")
    assert run([*arguments, "--json"]) == code
    error = one_json(capsys)["error"]
    assert {"code", "message", "field", "remedy"} <= error.keys()
    assert (error["code"], error["field"]) == (kind, field)
    assert error["message"]
    assert error["remedy"]
    assert run(arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "Traceback" not in said.err


def test_an_exception_of_the_strategy_names_its_line(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "boom.py").write_text(BOOM, encoding="utf-8")
    assert run(["backtest", "boom.py", "--data", "sample:us_minute", "--json"]) == 1
    error = one_json(capsys)["error"]
    assert (error["where"]["line"], Path(error["where"]["file"]).name) == (6, "boom.py")
    assert error["message"] == "ValueError: bad thing"
    assert run(["backtest", "boom.py", "--data", "sample:us_minute", "--debug"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.rstrip().endswith("remedy: correct the strategy at this line")


def test_debug_keeps_the_exit_code(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = {
        2: ["paper", "sma_cross", "--config", "none.toml"],
        3: ["backtest", "sma_cross", "--data", "none.csv"],
    }
    for code, arguments in cases.items():
        for more in ([], ["--json"]):
            assert run([*arguments, "--debug", *more]) == code
            said = capsys.readouterr()
            assert "Traceback" in said.err
            assert ('"error"' in said.out) == bool(more)


def test_broken_data_say_where(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bars.csv").write_text(
        "symbol,ts,open,high,low,close,volume\n"
        "A,2024-01-02T09:30:00Z,1,1,1,1,5\nA,2024-01-02T09:31:00Z,1,1,1,nan,5\n",
        encoding="utf-8",
    )
    assert run(["data", "check", "bars.csv", "--json"]) == 3
    assert not one_json(capsys)["ok"]
    assert run(["backtest", "sma_cross", "--data", "bars.csv", "--json"]) == 3
    error = one_json(capsys)["error"]
    assert error["where"]["row"] == 1


def test_new_runs_as_it_is(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["new", "my_idea", "--json"]) == 0
    assert one_json(capsys)["class"] == "MyIdea"
    assert run(["new", "my_idea"]) == 2
    assert "exists already" in capsys.readouterr().err
    strategy = "my_idea/strategy.py"
    assert run(["backtest", strategy, "--data", "sample:us_minute", "--json"]) == 0
    assert one_json(capsys)["stats"]["n_fills"] > 0
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "my_idea"]
    found = subprocess.run(tests, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout
    assert "3 passed" in found.stdout


def test_the_new_configuration_is_whole(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from py_rt.trade import read_config

    assert run(["new", "my_idea", "-q"]) == 0
    monkeypatch.setenv("APCA_API_KEY_ID", "k")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "s")
    config = read_config("my_idea/trade.toml")
    assert config.state_dir == here / "my_idea" / "state"
    assert config.params == {"fast": 10, "slow": 30}


@pytest.mark.parametrize(
    ("dialect", "spoken"),
    [("alpaca", ["alpaca"]), ("binance", ["binance"]), ("both", ["alpaca", "binance"])],
)
def test_faults_are_simulated_in_the_dialects_that_are_asked_for(
    dialect: str, spoken: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["sim-faults", "--seeds", "2", "--dialect", dialect, "--json"]
    assert run(asked) == 0
    found = one_json(capsys)
    assert list(found["probes"]) == spoken
    assert (found["seeds"], found["findings"]) == (2 * len(spoken), [])


def test_doctor_finds_this_machine_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    found = one_json(capsys)
    assert found["ok"]
    assert len(found["checks"]) >= 8


def test_samples_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "list", "--json"]) == 0
    names = {entry["name"] for entry in one_json(capsys)["samples"]}
    assert {"us_minute", "btcusdt_l2"} <= names
    assert run(["data", "list"]) == 0
    assert "btcusdt_l2" in capsys.readouterr().out


def test_ctrl_c_stops_a_backtest_within_a_second(here: Path) -> None:
    (here / "slow.py").write_text(SLOW, encoding="utf-8")
    assert_within(1.0, lambda: interrupted_backtest(here / "begun"))


def interrupted_backtest(begun: Path) -> float:
    begun.unlink(missing_ok=True)
    command = [sys.executable, "-m", "py_rt.cli", "backtest", "slow.py"]
    running = subprocess.Popen(
        [*command, "--data", "sample:us_minute", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONFAULTHANDLER": "1"},
    )
    until = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    sent = time.perf_counter()
    out, err = running.communicate(timeout=10)
    took = time.perf_counter() - sent
    assert running.returncode == 1
    assert json.loads(out)["error"]["code"] == "interrupted"
    assert "Traceback" not in err
    return took


def test_a_catalog_from_the_shell(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyarrow")
    assert run(["data", "load", "sample:us_minute", "--into", "kept", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == 27_745
    assert run(["data", "list", "kept", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["coverage"]
    assert [row["symbol"] for row in listed][:2] == ["AZO", "BKNG"]
    assert sum(row["rows"] for row in listed) == 27_745
    assert run(["data", "list", "kept"]) == 0
    assert "KiB" in capsys.readouterr().out
    assert run(["backtest", "sma_cross", "--data", "kept", "--json"]) == 0
    assert here.joinpath("kept", "catalog.json").is_file()

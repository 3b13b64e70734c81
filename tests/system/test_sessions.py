"""Paper sessions through the command line and through Python: they end cleanly and add up."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import py_rt.strategies.market_maker as market_maker
from patience import assert_within
from py_rt.strategies import MarketMaker
from py_rt.trade import paper, read_status, replay, write_kill
from py_rt.trade.control import is_alive

pytestmark = pytest.mark.system

MARKET_MAKER = f"{market_maker.__file__}:MarketMaker"
PROMISED = {"orders", "fills", "rejected", "position", "cash", "order_hash", "journal",
            "recovered", "reconciled", "reason"}  # fmt: skip


@contextlib.contextmanager
def running(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "py_rt.cli", "paper", MARKET_MAKER, "--json", "--quiet"]
    child = subprocess.Popen(
        [*command, "--state-dir", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()
        stop_venue(folder)


def stop_venue(folder: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(json.loads((folder / "venue.json").read_text(encoding="utf-8"))["pid"], 9)


def wait_until_trading(folder: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(Exception):
            if read_status(folder).get("orders"):
                return
        time.sleep(0.1)
    pytest.fail("the session sent no order")


def finish(child: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = child.communicate(timeout=20)
    assert child.returncode == 0, out + err
    assert out.count("\n") == 1
    found: dict[str, Any] = json.loads(out)
    assert found.keys() >= PROMISED
    assert found["reconciled"]
    return found


def test_a_session_ends_by_itself(tmp_path: Path) -> None:
    with running(tmp_path, "--seconds", "4", "--speed", "20") as child:
        found = finish(child)
        assert found["reason"] == "seconds"
        assert found["orders"] > 0
        assert replay(tmp_path).order_hash == found["order_hash"]
        venue = json.loads((tmp_path / "venue.json").read_text(encoding="utf-8"))
        assert not is_alive(venue["pid"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_within_a_second(tmp_path: Path, number: signal.Signals) -> None:
    def ended() -> float:
        with running(folder := Path(tempfile.mkdtemp(dir=tmp_path))) as child:
            wait_until_trading(folder)
            child.send_signal(number)
            begun = time.perf_counter()
            found = finish(child)
            assert found["reason"] == "stopped"
            return time.perf_counter() - begun

    assert_within(1.5, ended)


def test_the_kill_file_ends_it(tmp_path: Path) -> None:
    with running(tmp_path) as child:
        wait_until_trading(tmp_path)
        assert read_status(tmp_path)["running"]
        write_kill(tmp_path, "stop")
        assert finish(child)["reason"] == "killed"
        assert not read_status(tmp_path)["running"]


def test_the_same_command_goes_on_after_a_kill(tmp_path: Path) -> None:
    with running(tmp_path) as child:
        wait_until_trading(tmp_path)
        child.kill()
        child.communicate()
        with running(tmp_path, "--seconds", "3") as second:
            found = finish(second)
    assert found["recovered"]["from_journal"] > 0


def test_two_sessions_do_not_share_a_folder(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        wait_until_trading(tmp_path)
        with running(tmp_path) as second:
            out, _ = second.communicate(timeout=20)
            assert second.returncode == 2
            assert json.loads(out)["error"]["code"] == "config"
            assert first.poll() is None
            first.send_signal(signal.SIGINT)
            finish(first)


def test_paper_from_python(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []

    def end_it(event: dict[str, Any]) -> None:
        seen.append(event)
        write_kill(tmp_path, "stop")

    result = paper(MarketMaker(), state_dir=tmp_path, speed=20, seconds=60, on_event=end_it)
    assert result.reconciled
    assert result.reason == "killed"
    assert result.orders > 0
    assert seen
    assert result.store.is_file()


@pytest.mark.slow
def test_the_demo_holds_what_it_promises(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "py_rt.cli", "demo", "--out", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found == json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert [run["name"] for run in found["backtests"]] == ["sma_cross", "market_maker"]
    for run in found["backtests"]:
        assert set(run) == {"name", "events", "events_per_s", "sharpe", "max_drawdown", "n_orders",
                            "n_fills", "order_hash", "receipt", "report"}  # fmt: skip
        assert run["n_fills"] > 0
        assert Path(run["report"]).is_file()
    session = found["paper"]
    assert (session["lost"], session["duplicated"], session["unresolved"]) == (0, 0, 0)
    assert session["ledger_equal"]
    assert session["kills"] >= 1
    assert session["fills"] > 0
    assert session["order_hash"] == session["replay_hash"]
    assert found["elapsed_s"] < 90

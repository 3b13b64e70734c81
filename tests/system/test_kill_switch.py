"""The kill switch against a real paper venue: flatten, without the session, and the dead man's."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade import read_ledger, read_status
from system import hanging_strategy
from system.rig import FINAL, STOCKS, Rig, rig

pytestmark = pytest.mark.system


def _wait(what: str, holds: Callable[[], bool], longest_s: float = 30.0) -> None:
    until = time.monotonic() + longest_s
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def _held(made: Rig) -> dict[str, Any]:
    ledger = read_ledger(made.venue.admin)
    return {symbol: qty for symbol, qty in ledger["positions"].items() if float(qty) != 0}


def _working(made: Rig) -> list[dict[str, Any]]:
    orders = read_ledger(made.venue.admin)["orders"]
    return [order for order in orders if order["status"] not in FINAL]


def _has_both(made: Rig) -> bool:
    return bool(_working(made)) and bool(_held(made))


@contextlib.contextmanager
def _killed_at_the_end(child: Any) -> Any:
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        child.communicate()


def test_flatten_ends_flat_and_holds_until_a_person_resumes(tmp_path: Path) -> None:
    with rig(tmp_path, STOCKS[:1], 1.0) as made:
        made.strategy = str(hanging_strategy.__file__)
        with _killed_at_the_end(made.start(0)) as child:
            _wait("nothing traded", lambda: _has_both(made))
            rt.kill(tmp_path / "session", "flatten", by="ada")
            _wait("not flat", lambda: not _working(made) and not _held(made))
            status = read_status(tmp_path / "session")
            assert status["kill"] == "flatten"
            rt.kill(tmp_path / "session", "stop", by="ada")
            said, _ = child.communicate(timeout=30)
        assert child.returncode == 0, said
        log = (tmp_path / "session.log").read_text(encoding="utf-8")
        assert "flat: no order works, nothing is held" in log
        again = made.start(1)
        said, _ = again.communicate(timeout=40)
        before = len(read_ledger(made.venue.admin)["orders"])
        rt.kill(tmp_path / "session", "resume", by="ada")
        made.assert_equal(made.finish(3))
        assert "ada resumed trading" in (tmp_path / "session.log").read_text(encoding="utf-8")
        assert len(read_ledger(made.venue.admin)["orders"]) > before, "it trades again"


@pytest.mark.parametrize("how", ["stopped", "hanging", "dead"])
def test_the_switch_needs_no_session(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "hanging":
        monkeypatch.setenv("HANG", "native")
    with rig(tmp_path, STOCKS[:1], 1.0) as made:
        made.strategy, made.watchdog_s = str(hanging_strategy.__file__), 0
        with _killed_at_the_end(made.start(0)) as child:
            _wait("nothing traded", lambda: _has_both(made))
            if how == "stopped":
                child.send_signal(signal.SIGSTOP)
            elif how == "dead":
                child.kill()
            else:
                status = tmp_path / "session" / "status.json"
                _wait("it does not hang", lambda: time.time() - status.stat().st_mtime > 3)
            monkeypatch.setenv("APCA_API_KEY_ID", made.venue.key)
            monkeypatch.setenv("APCA_API_SECRET_KEY", made.venue.secret)
            done = rt.kill(
                tmp_path / "session", "flatten", by="ada", config=tmp_path / "trade.toml"
            )
            assert (done["open_orders"], done["positions"]) == (0, []), done
            assert done["canceled"] >= 1
            assert done["closing_orders"] >= 1
            assert not _working(made)
            assert not _held(made)
            again = rt.kill(
                tmp_path / "session", "flatten", by="ada", config=tmp_path / "trade.toml"
            )
            assert (again["canceled"], again["closing_orders"]) == (0, 0), "twice is once"
            if how == "stopped":
                child.send_signal(signal.SIGCONT)
                _wait(
                    "it went on", lambda: read_status(tmp_path / "session")["trading"] == "halted"
                )
        monkeypatch.delenv("HANG", raising=False)
        rt.kill(tmp_path / "session", "resume", by="ada")
        made.assert_equal(made.finish(2))


@pytest.mark.parametrize("how", ["stopped", "dead"])
def test_a_session_that_falls_silent(tmp_path: Path, how: str) -> None:
    with rig(tmp_path, STOCKS[:1], 1.0) as made:
        made.strategy, made.dead_man_s = str(hanging_strategy.__file__), 1.0
        with _killed_at_the_end(made.start(0)) as child:
            _wait("nothing traded", lambda: _has_both(made))
            child.send_signal(signal.SIGSTOP if how == "stopped" else signal.SIGKILL)
            _wait("orders still work", lambda: not _working(made))
            guard_log = tmp_path / "session" / "guard.log"
            _wait("nothing told", lambda: "was silent" in guard_log.read_text(encoding="utf-8"))
        assert read_status(tmp_path / "session")["kill"] == "halt"
        rt.kill(tmp_path / "session", "resume", by="ada")
        made.assert_equal(made.finish(2))

"""A callback that hangs: its session is stopped, its orders are cancelled, the next start waits."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from py_rt.trade import read_ledger, read_status, write_kill
from system import hanging_strategy
from system.rig import FINAL, STOCKS, rig

pytestmark = pytest.mark.system


@pytest.mark.parametrize("where", ["python", "native"])
def test_a_callback_that_hangs(tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    native = where == "native"
    monkeypatch.setenv("HANG", where)
    with rig(tmp_path, STOCKS[:1], 1.0) as made:
        made.strategy, made.watchdog_s = str(hanging_strategy.__file__), 0.5
        child = made.start(0)
        said, _ = child.communicate(timeout=30)
        log = (tmp_path / "session.log").read_text(encoding="utf-8")
        assert child.returncode == (-signal.SIGKILL if native else 1), said + log
        assert "a callback has not returned for 0.5 s: reduce-only" in log
        assert "the venue was told to cancel every open order" in log
        assert ("on_timer did not return" in said + log) is not native
        orders = read_ledger(made.venue.admin)["orders"]
        assert sorted(order["status"] for order in orders) == ["canceled", "filled"]

        assert read_status(tmp_path / "session")["kill"] == "halt", "the next start waits"
        write_kill(tmp_path / "session", "resume", "ada")
        monkeypatch.delenv("HANG")
        made.assert_equal(made.finish(2))
        assert {order["status"] for order in read_ledger(made.venue.admin)["orders"]} <= FINAL

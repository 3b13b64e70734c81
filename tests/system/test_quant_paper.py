"""Strategies built from rt.quant trade on paper as they are, and a replay gives equal orders."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import py_rt as rt
from py_rt.trade import paper, replay
from py_rt.trade.control import write_kill
from py_rt.trade.venue_process import VenueProcess

pytestmark = pytest.mark.system

VENUE = """\
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = 300.0
seed = 7
alpaca_port = 0
admin_port = 0
[[account]]
dialect = "alpaca"
key = "K1"
secret = "S1"
cash = "1000000"
"""
INSTRUMENT = """\
[[instrument]]
symbol = "{}"
asset_class = "us_equity"
[instrument.market]
kind = "synthetic"
price = "{}"
depth_qty = "500"
volatility = 0.001
events_per_s = 1.0
"""
SESSION = """\
[run]
symbols = ["AAPL", "MSFT", "KO"]
state_dir = "{folder}/session"
seconds = 90
[venue]
dialect = "alpaca"
mode = "paper"
trading_url = "{http}"
account_stream_url = "{ws}/stream"
market_stream_url = "{ws}/v2/iex"
key_env = "QUANT_PAPER_KEY"
secret_env = "QUANT_PAPER_SECRET"
"""
HOLES: dict[str, Any] = {"gaps": 0.5}
"""Bars here are a tenth of a second long: on a busy machine every window lacks one."""
RUNS: dict[str, dict[str, Any]] = {
    "pairs": {"window": 12, "refit": 6, "fdr": 0.999, "entry": 0.7, "exit": 0.3, **HOLES},
    "sparse_meanrev": {"window": 12, "refit": 6, "k": 2, "entry": 0.4, "half_life": 1e6, **HOLES},
    "adaptive_meanrev": {"window": 20, "refit": 5, "n_regimes": 1, "lookback": 5, "entry": 0.7},
    "regime_momentum": {"window": 20, "refit": 5, "lookback": 3, "turbulent": 1.0},
    "stat_arb_portfolio": {"window": 15, "lookback": 12, "n_factors": 1, "half_life": 1e6, **HOLES},
}


@pytest.mark.parametrize("name", RUNS)
def test_a_paper_session(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = zip(("AAPL", "MSFT", "KO"), ("190.00", "300.00", "60.00"), strict=True)
    monkeypatch.setattr(sys.modules["py_rt.trade.run"], "_MINUTE_NS", 100_000_000)

    def stop_at_first_fill(event: dict[str, Any]) -> None:
        if event["kind"] == "fill":
            write_kill(tmp_path / "session", "stop")

    text = VENUE + "".join(INSTRUMENT.format(*one) for one in listed)
    (tmp_path / "venue.toml").write_text(text, encoding="utf-8")
    venue = VenueProcess.start(["--config", str(tmp_path / "venue.toml")], tmp_path)
    try:
        monkeypatch.setitem(os.environ, "QUANT_PAPER_KEY", venue.key)
        monkeypatch.setitem(os.environ, "QUANT_PAPER_SECRET", venue.secret)
        ws = venue.address.replace("http", "ws", 1)
        config = SESSION.format(folder=tmp_path, http=venue.address, ws=ws)
        (tmp_path / "trade.toml").write_text(config, encoding="utf-8")
        strategy = rt.StrategyFactory.create(name, **RUNS[name], gross=3000.0)
        found = paper(strategy, tmp_path / "trade.toml", on_event=stop_at_first_fill)
    finally:
        venue.stop()
    assert found.reconciled
    assert found.reason == "killed"
    assert found.fills > 0
    again = replay(found.journal)
    assert again.order_hash == found.order_hash

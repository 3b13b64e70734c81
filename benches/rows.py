"""The rows of the table: what is run, beside which peer, towards which goal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["ROWS", "Row"]


@dataclass(frozen=True)
class Row:
    """One line of the table: a job of ours and, where there is one, the same job of a peer."""

    name: str
    what: str
    job: str
    goal: str
    unit: str = "M events/s"
    environment: str = ""
    worker: str = ""
    peer_name: str = ""
    peer_job: str = ""
    n: int = 5_000_000
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def is_on_bars(self) -> bool:
        """Say whether the row runs on W3 rather than on W1."""
        return self.job.startswith("bars")


HFT = {"environment": "bt", "worker": "hftbacktest_worker.py", "peer_name": "hftbacktest"}
VBT = {"environment": "vbt", "worker": "vectorbt_worker.py", "peer_name": "vectorbt"}
NEXT_OPEN = {"bar_fill": "next_open"}
NEXT_CLOSE = {"bar_fill": "next_close"}
BACKTESTING: dict[str, Any] = {
    "unit": "M bars/s",
    "environment": "bt",
    "worker": "backtesting_worker.py",
    "peer_name": "backtesting.py",
    "n": 200_000,
    "options": NEXT_OPEN,
}

ROWS = (
    Row(
        "P1",
        "W1, every row into the venue's book and the local book, no strategy",
        "l2:none",
        "ratio >= 3; first floor 20 M events/s",
        **HFT,
    ),
    Row(
        "P2.touch",
        "W1 with distinct stamps, a compiled strategy reads the touch on every row",
        "l2:bench_touch",
        "ratio >= 4",
        options={"distinct": True},
        **HFT,
    ),
    Row(
        "P2.maker_10ms",
        "W1, a compiled maker looks each 10 ms",
        "l2:bench_maker_10ms",
        "ratio >= 3",
        **HFT,
    ),
    Row(
        "P2.maker",
        "W1 with distinct stamps, a compiled maker looks on every row",
        "l2:bench_maker",
        "ratio >= 5",
        options={"distinct": True},
        **HFT,
    ),
    Row(
        "P3.callback",
        "W1, an empty Python callback on every row (on_book, on_trade)",
        "l2:python",
        "first floor 3 M callbacks/s; aim at 8",
        unit="M callbacks/s",
    ),
    Row(
        "P3.nautilus2",
        "500,000 rows of W1, empty Python callback; the peer gets the touch as a quote a row",
        "l2:python",
        "ratio >= 8",
        unit="M callbacks/s",
        environment="nt2",
        worker="nautilus_worker.py",
        peer_name="nautilus_trader 2",
        peer_job="quotes",
        n=500_000,
    ),
    Row(
        "P3.nautilus1",
        "500,000 rows of W1, empty Python callback; the peer gets the touch as a quote a row",
        "l2:python",
        "ratio >= 30",
        unit="M callbacks/s",
        environment="nt1",
        worker="nautilus_worker.py",
        peer_name="nautilus_trader 1",
        peer_job="quotes",
        n=500_000,
    ),
    Row(
        "P4.python",
        "W3, SMA 10/50 cross, strategy in Python; the peer takes NumPy signals",
        "bars:python",
        "ratio >= 3; first floor 1.5 M bars/s",
        unit="M bars/s",
        n=1_000_000,
        options=NEXT_CLOSE,
        **VBT,
    ),
    Row(
        "P4.compiled",
        "W3, SMA 10/50 cross, compiled strategy; the peer takes NumPy signals",
        "bars:compiled",
        "ratio >= 3",
        unit="M bars/s",
        n=1_000_000,
        options=NEXT_CLOSE,
        **VBT,
    ),
    Row(
        "P4.ma_run",
        "the same, compiled; the peer takes its own MA.run",
        "bars:compiled",
        "ratio >= 3",
        unit="M bars/s",
        n=1_000_000,
        peer_job="ma_run",
        options=NEXT_CLOSE,
        **VBT,
    ),
    Row(
        "P4.many",
        "500 symbols of 2,000 bars, compiled, one account; the peer takes NumPy signals",
        "bars:many",
        "ratio >= 3",
        unit="M bars/s",
        n=1_000_000,
        peer_job="many",
        options=NEXT_CLOSE,
        **VBT,
    ),
    Row(
        "P4.backtesting",
        "200,000 bars of W3, SMA 10/50 cross, compiled, orders at the next open",
        "bars:compiled",
        "ratio >= 100",
        **BACKTESTING,
    ),
    Row(
        "P4.both_python",
        "the same with both strategies in Python",
        "bars:python",
        "none: its callback alone takes longer than a hundredth of the peer",
        **BACKTESTING,
    ),
)

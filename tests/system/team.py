"""A paper session of two strategies on one account, as a script: STATE_DIR [stop].

With "stop" it ends by itself once each has been told of an order in this process.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import py_rt as rt
from py_rt.trade.control import write_kill

QTY = {"near": 0.01, "far": 0.02}


def main(folder: str, *, stops: bool) -> None:
    """Run the session; print its result."""
    seen: set[float] = set()

    def note(event: dict[str, Any]) -> None:
        if event["kind"] == "order":
            seen.add(float(event["order"].order_qty))
        if stops and seen >= set(QTY.values()):
            write_kill(folder, "stop")

    team = {
        name: rt.StrategyFactory.create("market_maker", order_qty=qty) for name, qty in QTY.items()
    }
    limits = {"near": rt.RiskLimits(max_order_qty=1)}
    result = rt.paper(team, state_dir=folder, speed=20, seconds=120, on_event=note, limits=limits)
    sys.stdout.write(json.dumps(result.to_dict()))


if __name__ == "__main__":
    main(sys.argv[1], stops="stop" in sys.argv[2:])

"""Tick-to-order over loopback: ours, bare sockets and the usual client, one after the other."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import peers
from measure import settle

__all__ = ["tick_to_order_rows"]

HERE = Path(__file__).resolve().parent
TICKS, GAP_NS = 3_000, 300_000


def tick_to_order_rows(*, quick: bool, with_peers: bool) -> list[dict[str, Any]]:
    """Measure the rows of W11: p50 and p99 beside bare sockets, p50 beside the usual client."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return [_row("P6.bare", "goal", note="not measured: no C compiler")]
    with tempfile.TemporaryDirectory() as place:
        for name in ("exchange", "bare"):
            source, program = str(HERE / f"{name}.c"), f"{place}/{name}"
            subprocess.run([compiler, "-O3", "-o", program, source], check=True)
        clients = {
            "ours": [sys.executable, str(HERE / "ours.py"), "PORT", "spin"],
            "bare": [f"{place}/bare", "PORT"],
        }
        missing = "--no-peers" if not with_peers else ""
        if with_peers and not peers.installed("net"):
            missing = peers.why_missing("net")
        if not missing:
            clients["peer"] = [str(peers.PEERS["net"].python), str(HERE / "peer.py"), "PORT"]
        rounds: dict[str, list[dict[str, int]]] = {name: [] for name in clients}
        reasons: dict[str, str] = {}
        for _ in range(2 if quick else 5):
            for name, command in clients.items():
                told = _one_round(f"{place}/exchange", command)
                if "p50_ns" in told:
                    rounds[name].append(told)
                else:
                    reasons[name] = f"{name}: {told.get('reason', 'sent no order')}"
    return _summary(rounds, reasons, missing)


def _one_round(exchange: str, command: list[str]) -> dict[str, Any]:
    """Run the exchange on one core and a client on the other."""
    cores = sorted(os.sched_getaffinity(0))
    first, last = cores[0], cores[-1]
    venue = subprocess.Popen(
        [exchange, str(TICKS), str(GAP_NS)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: settle(first),  # noqa: PLW1509
    )
    assert venue.stdout is not None
    port = str(json.loads(venue.stdout.readline())["port"])
    client = subprocess.Popen(
        [port if word == "PORT" else word for word in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: settle(last),  # noqa: PLW1509
    )
    try:
        told, _ = venue.communicate(timeout=30)
        answer: dict[str, Any] = json.loads(told)
    except subprocess.TimeoutExpired:
        answer = {}
    finally:
        venue.kill()
        client.kill()
        _, said = client.communicate()
    if "p50_ns" not in answer:
        lines = [line for line in said.strip().splitlines() if line.strip()]
        answer["reason"] = lines[-1] if lines else "the client never subscribed"
    return answer


def _summary(
    rounds: dict[str, list[dict[str, int]]], reasons: dict[str, str], missing: str
) -> list[dict[str, Any]]:
    rows = []
    note = "; ".join(reasons.values())
    for share in ("p50", "p99"):
        key = f"{share}_ns"
        ours = [told[key] / 1e3 for told in rounds["ours"]]
        bare = [told[key] / 1e3 for told in rounds["bare"]]
        goal = "<= 60 us above bare sockets" if share == "p50" else "none: host theft; shown only"
        what = f"W11, quote frame out to whole order read, {share}, 300 us apart, driver spins"
        above = [mine - floor for mine, floor in zip(ours, bare, strict=False)]
        said = f"above bare sockets: {statistics.median(above):.1f} us" if above else ""
        said = "; ".join(filter(None, (said, note)))
        rows.append(_row(f"P6.{share}", what, ours, bare, goal, "bare sockets (C)", said))
    if missing:
        note = "; ".join(filter(None, (note, f"peer not measured: {missing}")))
    ours = [told["p50_ns"] / 1e3 for told in rounds["ours"]]
    peer = [told["p50_ns"] / 1e3 for told in rounds.get("peer", [])]
    what = "W11, p50, beside aiohttp + websockets + orjson on uvloop"
    rows.append(_row("P6.client", what, ours, peer, "ratio >= 4", "aiohttp", note))
    rows[-1]["peer_version"] = peers.version_of("net", "aiohttp")
    for row in rows:
        row["facts"] = {name: _extremes(told) for name, told in rounds.items() if told}
        beside = "peer" if row["row"] == "P6.client" else "bare"
        _withhold_unequal(row, rounds.get("ours", []) + rounds.get(beside, []))
    return rows


def _withhold_unequal(row: dict[str, Any], told: list[dict[str, int]]) -> None:
    """Take the ratio away where a side did not answer every tick."""
    row["equal_results"] = all(one["orders"] == TICKS for one in told) if told else None
    if row["equal_results"] is False:
        row["ratio"] = row["ratio_min"] = row["ratio_max"] = None
        said = "results differ: a side left ticks without an order"
        row["note"] = "; ".join(filter(None, (row["note"], said)))


def _extremes(told: list[dict[str, int]]) -> dict[str, Any]:
    return {
        "orders": [one["orders"] for one in told],
        "least_us": min(one["min_ns"] for one in told) / 1e3,
        "most_us": max(one["max_ns"] for one in told) / 1e3,
    }


def _row(
    name: str,
    what: str,
    ours: list[float] | None = None,
    peer: list[float] | None = None,
    goal: str = "",
    peer_name: str | None = None,
    note: str = "",
) -> dict[str, Any]:
    ratios = [b / a for a, b in zip(ours or [], peer or [], strict=False)]
    return {
        "row": name,
        "what": what,
        "ours": round(statistics.median(ours), 2) if ours else None,
        "peer": round(statistics.median(peer), 2) if peer else None,
        "peer_name": peer_name,
        "peer_version": None,
        "unit": "us",
        "ratio": round(statistics.median(ratios), 2) if ratios else None,
        "goal": goal,
        "equal_results": None,
        "runs": len(ours or []),
        "ratio_min": round(min(ratios), 2) if ratios else None,
        "ratio_max": round(max(ratios), 2) if ratios else None,
        "note": note,
    }

"""Measure what a call costs: in process, over TCP and a unix socket, compressed, streamed, shared.

python benches/calls.py [--quick] [--plot FILE]

The same question (CalculateMeanReversion) goes to the engine in this process, to `py-rt serve`, and
to servers in grpcio and in C++. Writes bench-out/calls.json and prints the tables of docs/grpc.md.
A row with unequal answers gets no figure; what needs a compiler that is not there says so.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from calls_native import measure_native
from calls_picture import picture
from calls_servers import grpcio_server, port_of, py_rt_server
from run import OUT, describe_commit, describe_machine
from workers.grpcio_server import messages

import py_rt as rt
from py_rt.client import GrpcConfig, LocalTradingClient, TradingGrpcClient
from py_rt.client.sync import path

SIZES = (20, 1_000, 10_000, 100_000, 1_000_000)
PROCESSES = (1, 2, 4, 8)
LOOKBACK = 20
ROUNDS = 7


def _prices(n: int) -> Any:
    return 100.0 + np.cumsum(np.random.default_rng(1).normal(size=n))


def _timed(call: Callable[[Any], Any], x: Any, seconds: float) -> list[float]:
    """Return the times of some calls [us]."""
    begun, times = time.perf_counter(), []
    while not times or time.perf_counter() - begun < seconds:
        before = time.perf_counter()
        call(x)
        times.append(1e6 * (time.perf_counter() - before))
    return times


def _table_of_ways(seconds: float) -> list[dict[str, Any]]:
    """Ask in every way in turns, so that all of them see the same machine."""
    rows = []
    with ExitStack() as stack:
        ways = _ways(stack)
        for n in SIZES:
            x = _prices(n)
            wanted = ways["client, in process"](x)["zscore"]
            told = {name: way(x) for name, way in ways.items()}
            times: dict[str, list[float]] = {name: [] for name in ways}
            # A call with a million numbers takes long enough by itself.
            rounds = ROUNDS if n < 100_000 else 3
            for _ in range(rounds):
                for name, way in ways.items():
                    times[name] += _timed(way, x, seconds / rounds)
            for name, answer in told.items():
                score = answer["zscore"] if isinstance(answer, dict) else answer.zscore
                middle = statistics.median(times[name])
                rows.append({"way": name, "n": n, "us": middle, "equal": score == wanted})
    return rows


def _ways(stack: ExitStack) -> dict[str, Callable[[Any], Any]]:
    socket = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "s.sock"
    port = port_of(stack.enter_context(py_rt_server("--unix", str(socket))))
    peer = stack.enter_context(grpcio_server())

    def connected(**config: Any) -> Any:
        client = TradingGrpcClient(GrpcConfig(timeout=120, **config))
        return stack.enter_context(client).calculate_mean_reversion

    return {
        "rt.quant, in process": lambda x: rt.quant.mean_reversion_signal(x, 2.0, LOOKBACK),
        "client, in process": LocalTradingClient().calculate_mean_reversion,
        "gRPC, unix socket": connected(unix=socket),
        "gRPC, TCP": connected(port=port),
        "gRPC, TCP, compressed": connected(port=port, compression=True),
        "grpcio server, our client": connected(port=peer),
        "grpcio server and client": stack.enter_context(_usual_client(peer)),
    }


@contextmanager
def _usual_client(port: int) -> Iterator[Callable[[Any], Any]]:
    """Call with Google's classes, as a generated client does."""
    known = messages()
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
        ask = channel.unary_unary(
            path("CalculateMeanReversion"),
            known["CalculateMeanReversionRequest"].SerializeToString,
            known["CalculateMeanReversionResponse"].FromString,
        )
        request = known["CalculateMeanReversionRequest"]
        yield lambda x: ask(request(prices=x, threshold=2.0, lookback=LOOKBACK))


def _calls_in(port: int, seconds: float) -> int:
    x = _prices(1_000)
    count = 0
    with TradingGrpcClient(GrpcConfig(port=port, timeout=60)) as client:
        client.calculate_mean_reversion(x)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            client.calculate_mean_reversion(x)
            count += 1
    return count


def _table_of_processes(seconds: float) -> list[dict[str, Any]]:
    rows = []
    with py_rt_server() as ready, grpcio_server() as peer:
        for count in PROCESSES:
            row: dict[str, Any] = {"processes": count}
            for name, at in (("ours", port_of(ready)), ("grpcio", peer)):
                with ProcessPoolExecutor(count) as pool:
                    done = list(pool.map(_calls_in, [at] * count, [seconds] * count))
                row[name] = sum(done) / seconds
            rows.append(row)
    return rows


def _show(found: dict[str, Any]) -> None:
    ways = list(dict.fromkeys(row["way"] for row in found["ways"]))
    print("\n| microseconds a call, n numbers | " + " | ".join(f"{n:,}" for n in SIZES) + " |")
    print("|---|" + "---|" * len(SIZES))
    for way in ways:
        cells = [row for row in found["ways"] if row["way"] == way]
        shown = [f"{row['us']:,.0f}" if row["equal"] else "unequal" for row in cells]
        print(f"| {way} | " + " | ".join(shown) + " |")
    print(
        "\n| Python processes at one server, calls/s | ours | grpcio | ratio |\n|---|---|---|---|"
    )
    for row in found["processes"]:
        ratio = row["ours"] / row["grpcio"]
        print(f"| {row['processes']} | {row['ours']:,.0f} | {row['grpcio']:,.0f} | {ratio:.1f} |")
    print("\n| native | ours | peer | ratio [least..most] |\n|---|---|---|---|")
    for row in found["native"]:
        if "note" in row:
            print(f"| {row['what']} | {row['note']} | | |")
            continue
        ours, peer = (f"{row[side]:,.{row['digits']}f} {row['unit']}" for side in ("ours", "peer"))
        print(f"| {row['what']} | {ours} | {peer} | {row['ratio']:.2f} {row['range']} |")
    print("\n| stream of a market | changes/s |\n|---|---|")
    for row in found["streams"]:
        print(f"| {row['reader']} | {row['ticks_per_s']:,.0f} |")


def main(words: list[str]) -> int:
    """Measure, write, show."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    parser.add_argument("--plot", type=Path, help="write a picture of the ways (SVG)")
    asked = parser.parse_args(words)
    seconds = 0.1 if asked.quick else 1.0
    OUT.mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    found: dict[str, Any] = {
        "machine": describe_machine(),
        "commit": describe_commit(),
        "grpcio": grpc.__version__,
        "load_before": load,
    }
    print(f"{found['machine']} | commit {found['commit']} | load {load:.2f}", flush=True)
    found["ways"] = _table_of_ways(seconds)
    found["processes"] = _table_of_processes(2 * seconds)
    found["native"], found["streams"] = measure_native(3 if asked.quick else 11)
    found["load_after"] = os.getloadavg()[0]
    (OUT / "calls.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    _show(found)
    if asked.plot:
        asked.plot.write_text(picture(found["ways"]), encoding="utf-8")
    print(f"\nload {load:.2f} before, {found['load_after']:.2f} after")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

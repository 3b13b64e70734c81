"""What compiled programs measure: a C++ client at our server and at one in C++, and calls into C.

All are built on the spot. Sides alternate; the ratio is the median of the ratios of pairs.
"""

from __future__ import annotations

import importlib.util
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from calls_servers import port_of, py_rt_server, serving

import py_rt as rt
from py_rt._core import quant as core
from py_rt.client import GrpcConfig, TradingGrpcClient

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from test_clients import OUT as BUILT
from test_clients import Missing, build_cpp

__all__ = ["measure_native"]

HERE = Path(__file__).parent
# Recorded seconds a second: some 750,000 changes a second, more than any reader takes.
SPEED = "30000"
CALLS = 200_000


def measure_native(pairs: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of calls beside their peers, and those of streams."""
    calls, streams = _into_c(pairs), _python_streams()
    try:
        BUILT.mkdir(parents=True, exist_ok=True)
        client = build_cpp()
        server = build_cpp(HERE / "calls_peer" / "server.cpp", "cpp-server")
    except (Missing, subprocess.CalledProcessError) as error:
        return [*calls, {"what": "C++ client", "note": f"not measured: {error}"}], streams
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options = ("--speed", SPEED, "--unix", str(folder / "ours.sock"))
        ready = stack.enter_context(py_rt_server(*options))
        peers = [stack.enter_context(serving([server, a])) for a in ("0", f"unix:{folder}/p.sock")]
        ours = [ready["grpc"], f"unix:{folder}/ours.sock"]
        for way, mine, theirs in zip(("TCP", "unix socket"), ours, peers, strict=True):
            both = [_runner(client, at, "calls") for at in (mine, theirs)]
            calls.append(_row(f"call, C++ client, {way}", "us", *_alternate(*both, pairs)))
        for way, mine, theirs in zip(("TCP", "unix socket"), ours, peers, strict=True):
            alone = _alternate(
                _runner(client, mine, "stream"), _runner(client, theirs, "stream"), min(pairs, 3)
            )
            for name, side in zip(("ours", "C++ server"), alone, strict=True):
                told = {"reader": f"C++, {way}, {name}", "ticks_per_s": statistics.median(side)}
                streams.append(told)
            together = statistics.median(
                _runner(client, mine, "stream", "1024")() for _ in range(min(pairs, 3))
            )
            streams.append({"reader": f"C++, {way}, ours, batches", "ticks_per_s": together})
    return calls, streams


def _runner(*command: str | Path) -> Callable[[], float]:
    def run() -> float:
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    return run


def _alternate(
    ours: Callable[[], float], peer: Callable[[], float], pairs: int
) -> tuple[list[float], list[float]]:
    seen = [(ours(), peer()) for _ in range(pairs)]
    return [one for one, _ in seen], [other for _, other in seen]


def _row(what: str, unit: str, ours: list[float], peer: list[float]) -> dict[str, Any]:
    """Put pairs of times together; the ratio is ours to the peer's, so small is good."""
    ratios = [a / b for a, b in zip(ours, peer, strict=True)]
    return {
        "what": what,
        "unit": unit,
        "digits": 1,
        "ours": statistics.median(ours),
        "peer": statistics.median(peer),
        "ratio": statistics.median(ratios),
        "range": f"[{min(ratios):.2f}..{max(ratios):.2f}]",
    }


def _into_c(pairs: int) -> list[dict[str, Any]]:
    """Time two numbers in and one out, beside an extension in C that does as little."""
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "trivial.so"
        include = sysconfig.get_paths()["include"]
        command = ["gcc", "-O2", "-shared", "-fPIC", f"-I{include}"]
        try:
            subprocess.run([*command, HERE / "calls_peer" / "trivial.c", "-o", built], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            return [{"what": "call into C", "note": f"not measured: {error}"}]
        spec = importlib.util.spec_from_file_location("trivial", built)
        assert spec is not None
        assert spec.loader is not None
        trivial: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(trivial)
    ours = {
        "expected_maximum_sharpe(1, 1)": (core.expected_maximum_sharpe, (1.0, 1.0)),
        "SMA(20).update(x)": (rt.indicators.SMA(20).update, (1.0,)),
    }
    least = partial(_nanoseconds, trivial.larger, (1.0, 1.0))
    return [
        _row(
            f"{what} beside max(a, b) in C",
            "ns",
            *_alternate(partial(_nanoseconds, *call), least, pairs),
        )
        for what, call in ours.items()
    ]


def _nanoseconds(call: Callable[..., Any], given: tuple[float, ...]) -> float:
    """Return the processor time of a call without that of the loop around it."""
    a, b = given[0], given[-1]
    rounds = range(CALLS)
    begin = time.process_time()
    if len(given) == 2:
        for _ in rounds:
            call(a, b)
    else:
        for _ in rounds:
            call(a)
    end = time.process_time()
    for _ in rounds:
        pass
    return 1e9 * (2 * end - begin - time.process_time()) / CALLS


def _python_streams() -> list[dict[str, Any]]:
    with (
        py_rt_server("--speed", SPEED) as ready,
        TradingGrpcClient(GrpcConfig(port=port_of(ready))) as client,
    ):
        rates = [_rate(client.stream_market_data("BTCUSDT"), 2.0) for _ in range(3)]
    return [{"reader": "Python, TCP", "ticks_per_s": statistics.median(rates)}]


def _rate(stream: Iterator[Any], seconds: float) -> float:
    next(stream)
    count, begin = 0, time.perf_counter()
    for _tick in stream:
        count += 1
        if count % 1024 == 0 and time.perf_counter() > begin + seconds:
            break
    return count / (time.perf_counter() - begin)

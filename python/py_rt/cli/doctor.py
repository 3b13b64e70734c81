"""``py-rt doctor``: is this machine fit, is this installation whole."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import typer

from py_rt.cli.output import Output

__all__ = ["run_doctor"]

_YEAR_2024_S = 1_704_067_200
_ROOM_MB_LEAST = 200
_NEEDED = ("numpy", "pandas", "rich", "typer")


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one check found; ``ok`` None is a warning."""

    detail: str
    ok: bool | None = True
    remedy: str = ""


def run_doctor(output: Output) -> None:
    """Run every check; exit 1 when one fails."""
    findings = {name: _careful(check) for name, check in _CHECKS.items()}
    fit = all(found.ok is not False for found in findings.values())
    listed = [
        {"name": name, "ok": found.ok is not False, "detail": found.detail, "remedy": found.remedy}
        for name, found in findings.items()
    ]
    if output.result({"ok": fit, "checks": listed}):
        words = {True: "ok", None: "note", False: "WRONG"}
        rows = [
            (
                name,
                words[found.ok],
                "; ".join(part for part in (found.detail, found.remedy) if part),
            )
            for name, found in findings.items()
        ]
        output.table("doctor", rows, ("check", "", "what was found"))
    if not fit:
        raise typer.Exit(1)


def _careful(check: Callable[[], _Finding]) -> _Finding:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - a check that breaks is a finding
        return _Finding(f"{type(error).__name__}: {error}", False, "reinstall py-rt")


def _python() -> _Finding:
    return _Finding(f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}")


def _engine() -> _Finding:
    import py_rt._core as _core

    return _Finding(f"version {_core.__version__} at {Path(_core.__file__).name}")


def _packages() -> _Finding:
    return _Finding(", ".join(f"{name} {version(name)}" for name in _NEEDED))


def _samples() -> _Finding:
    from py_rt.data import sample, samples

    names = [entry.name for entry in samples()]
    if not names:
        return _Finding("none", False, "reinstall py-rt: the samples come inside the package")
    rows = sum(len(sample(name)) for name in names)
    return _Finding(f"{len(names)} readable, {rows:,} rows: {', '.join(names)}")


def _round_trip() -> _Finding:
    from py_rt.backtest import backtest
    from py_rt.factory import StrategyFactory

    strategy = StrategyFactory.create("sma_cross")
    begun = time.perf_counter()
    hashes = {backtest(strategy, "sample:us_minute", progress=False).order_hash for _ in range(2)}
    spent = time.perf_counter() - begun
    if len(hashes) > 1:
        return _Finding("two backtests differ", False, "report it: this must never happen")
    return _Finding(f"two backtests, the same orders, {spent:.1f} s")


def _folder() -> _Finding:
    here = Path.cwd()
    if not os.access(here, os.W_OK):
        return _Finding(f"cannot write to {here}", False, "change to a folder of your own")
    room_mb = shutil.disk_usage(here).free // 2**20
    if room_mb < _ROOM_MB_LEAST:
        return _Finding(f"{room_mb} MB left in {here}", None, "journals grow: make room")
    return _Finding(f"{here} is writable, {room_mb:,} MB left")


def _durable() -> _Finding:
    with tempfile.NamedTemporaryFile(dir=Path.cwd(), prefix=".py-rt-doctor-") as file:
        begun = time.perf_counter()
        file.write(b"x" * 4096)
        file.flush()
        os.fsync(file.fileno())
        spent_ms = (time.perf_counter() - begun) * 1e3
    return _Finding(f"a synced write takes {spent_ms:.1f} ms")


def _ports() -> _Finding:
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
        with socket.create_connection(one.getsockname(), timeout=2):
            pass
        return _Finding(f"loopback works, free ports such as {other.getsockname()[1]}")


def _clock() -> _Finding:
    wall, steady = time.time(), time.monotonic()
    time.sleep(0.05)
    drift_s = abs((time.time() - wall) - (time.monotonic() - steady))
    shown = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall))
    if wall < _YEAR_2024_S:
        return _Finding(f"{shown} is in the past", False, "set the clock; run an NTP client")
    if drift_s > 0.01:
        return _Finding(f"{shown}, but it jumps", None, "run an NTP client that slews")
    return _Finding(f"{shown}, steady")


def _certificates() -> _Finding:
    count = ssl.create_default_context().cert_store_stats()["x509_ca"]
    paths = ssl.get_default_verify_paths()
    folder = Path(paths.capath) if paths.capath else None
    found = count or (len(list(folder.glob("*"))) if folder and folder.is_dir() else 0)
    if not found:
        return _Finding(
            "no CA certificates: live venues cannot be reached (paper here can)",
            None,
            "install the package ca-certificates, or set SSL_CERT_FILE",
        )
    return _Finding(f"{found} CA certificates")


_CHECKS: dict[str, Callable[[], _Finding]] = {
    "python": _python,
    "engine": _engine,
    "packages": _packages,
    "samples": _samples,
    "same orders twice": _round_trip,
    "folder": _folder,
    "disk": _durable,
    "ports": _ports,
    "clock": _clock,
    "certificates": _certificates,
}

"""``py-rt sim-faults``: seeds of trouble, and the rules that must hold through all of it."""

from __future__ import annotations

import os
from typing import Any

import typer

import py_rt._core as _core
from py_rt.backtest.progress import Progress
from py_rt.cli.output import Output
from py_rt.errors import ParameterError

__all__ = ["run_sim_faults"]

_FINDINGS_MAX = 3
_TRAIL_SHOWN = 12
_SUMS = ("seeds", "orders", "fills")
_DIALECTS = {
    "both": ("alpaca", "binance"),
    "alpaca": ("alpaca",),
    "binance": ("binance",),
}


def run_sim_faults(first: int, seeds: int, dialect: str, output: Output) -> None:
    """Run the seeds, show what happened in them, and end with 1 when a rule broke."""
    if seeds < 1:
        raise ParameterError("the number of seeds must be 1 or more", field="--seeds")
    if first < 0:
        raise ParameterError("a seed is 0 or more", field="--from")
    dialects = _DIALECTS.get(dialect)
    if dialects is None:
        raise ParameterError(
            f"`{dialect}` is no dialect that the simulated venue speaks",
            field="--dialect",
            remedy=f"write one of {', '.join(_DIALECTS)}",
        )
    reports = {one: _run(one, first, seeds, output) for one in dialects}
    findings = [finding for report in reports.values() for finding in report["findings"]]
    whole: dict[str, Any] = {
        "from": first,
        **{name: sum(report[name] for report in reports.values()) for name in _SUMS},
        "probes": {one: report["probes"] for one, report in reports.items()},
        "findings": findings,
    }
    if output.result(whole):
        _show(whole, output)
    for finding in findings:
        again = f"py-rt sim-faults --seeds 1 --from {finding['seed']}"
        output.note(f"seed {finding['seed']} broke {finding['invariant']}: {finding['what']}")
        output.note(f"  again:  {again} --dialect {finding['dialect']}")
        output.note(f"  plan:   {finding['plan']}")
        for line in finding["trail"][-_TRAIL_SHOWN:]:
            output.note(f"  {line}")
    if findings:
        raise typer.Exit(1)


def _run(dialect: str, first: int, seeds: int, output: Output) -> dict[str, Any]:
    """Run the seeds of one dialect."""
    quiet = output.quiet or output.as_json
    jobs = os.cpu_count() or 1
    with Progress(not quiet, f"fault simulation: {dialect}", unit="seeds") as progress:
        tell = progress.update
        report = _core.simulate_faults((first, seeds), _FINDINGS_MAX, jobs, dialect, tell)
    for finding in report["findings"]:
        finding["dialect"] = dialect
    return report


def _show(report: dict[str, Any], output: Output) -> None:
    broke = len(report["findings"])
    rows = [
        ("seeds", f"{report['seeds']:,}"),
        ("orders sent", f"{report['orders']:,}"),
        ("executions", f"{report['fills']:,}"),
        ("rules broken", f"{broke:,}"),
    ]
    output.table("fault simulation", rows)
    for dialect, probes in report["probes"].items():
        counts = ((name, f"{n:,}") for name, n in probes.items())
        output.table(f"what happened: {dialect}", counts)

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


def run_sim_faults(first: int, seeds: int, output: Output) -> None:
    """Run the seeds, show what happened in them, and end with 1 when a rule broke."""
    if seeds < 1:
        raise ParameterError("the number of seeds must be 1 or more", field="--seeds")
    if first < 0:
        raise ParameterError("a seed is 0 or more", field="--from")
    quiet = output.quiet or output.as_json
    jobs = os.cpu_count() or 1
    with Progress(not quiet, "fault simulation", unit="seeds") as progress:
        report = _core.simulate_faults(first, seeds, _FINDINGS_MAX, jobs, progress.update)
    if output.result({"from": first, **report}):
        _show(report, output)
    for finding in report["findings"]:
        again = f"py-rt sim-faults --seeds 1 --from {finding['seed']}"
        output.note(f"seed {finding['seed']} broke {finding['invariant']}: {finding['what']}")
        output.note(f"  again:  {again}")
        output.note(f"  plan:   {finding['plan']}")
        for line in finding["trail"][-_TRAIL_SHOWN:]:
            output.note(f"  {line}")
    if report["findings"]:
        raise typer.Exit(1)


def _show(report: dict[str, Any], output: Output) -> None:
    broke = len(report["findings"])
    rows = [
        ("seeds", f"{report['seeds']:,}"),
        ("orders sent", f"{report['orders']:,}"),
        ("executions", f"{report['fills']:,}"),
        ("rules broken", f"{broke:,}"),
    ]
    output.table("fault simulation", rows)
    output.table("what happened", ((name, f"{n:,}") for name, n in report["probes"].items()))

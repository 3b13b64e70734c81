"""Where ``py-rt`` begins and ends: every error becomes one block and one exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from py_rt.cli.complaint import Complaint, complaint_of, tell

__all__ = ["main", "run"]

_INTERRUPTED_BY_TYPER = 130


def main() -> None:
    """Run the command line of this process and exit."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    Parameters
    ----------
    arguments : sequence of str
        Without the name of the program.

    Returns
    -------
    int
        0 done, 1 the run failed, 2 usage or configuration, 3 data, 4 venue or connection, 5 halted
        by risk.
    """
    as_json = "--json" in arguments
    try:
        from py_rt.cli.app import app

        code = app(list(arguments), prog_name="py-rt", standalone_mode=False)
    except KeyboardInterrupt:
        return _interrupted(as_json=as_json)
    except BaseException as error:  # noqa: BLE001 - also sys.exit() in a strategy
        if _is_unread(error):
            return 0
        if type(error).__name__ == "Abort":  # how a parser tells of Ctrl-C
            return _interrupted(as_json=as_json)
        if "--debug" in arguments:
            traceback.print_exception(error)
        found = complaint_of(error)
        tell(found, as_json=as_json)
        return found.exit_code
    if code == _INTERRUPTED_BY_TYPER:
        return _interrupted(as_json=as_json)
    return code if isinstance(code, int) else 0


def _is_unread(error: BaseException) -> bool:
    """Whether the reader of a pipe has seen enough; the parser makes a SystemExit of it."""
    unread = isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)
    return unread or isinstance(error, BrokenPipeError)


def _interrupted(*, as_json: bool) -> int:
    complaint = Complaint(
        "interrupted", "stopped by Ctrl-C", "run it again; nothing was left half-written"
    )
    tell(complaint, as_json=as_json)
    return complaint.exit_code

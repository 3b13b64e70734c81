"""Any error as what a person or a program needs to see: what, where, remedy, exit code."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from py_rt._user_lines import raised_in_callback, user_line
from py_rt.errors import TradingError

__all__ = ["Complaint", "complaint_of", "tell"]


@dataclass(frozen=True)
class Complaint:
    """One error, ready to be shown."""

    code: str
    message: str
    remedy: str = ""
    where: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "field": self.where.get("field"),
                "remedy": self.remedy,
                "where": {k: v if isinstance(v, int) else str(v) for k, v in self.where.items()},
            }
        }

    def to_text(self) -> str:
        """Return the block that a person reads.

        Examples
        --------
        >>> print(Complaint("data", "price is NaN", "drop the row", {"row": 17}).to_text())
        error: price is NaN
          where:  row 17
          remedy: drop the row
        """
        lines = [f"error: {self.message}"]
        if self.where:
            lines.append("  where:  " + ", ".join(f"{k} {v}" for k, v in self.where.items()))
        if self.remedy:
            lines.append(f"  remedy: {self.remedy}")
        return "\n".join(lines)


def tell(complaint: Complaint, *, as_json: bool) -> None:
    """Show it: as one JSON object on stdout, or as a block on stderr."""
    if as_json:
        sys.stdout.write(json.dumps(complaint.to_dict()) + "\n")
        sys.stdout.flush()
    else:
        sys.stderr.write(complaint.to_text() + "\n")


def complaint_of(error: BaseException) -> Complaint:
    """Turn any exception into a complaint.

    An exception that is none of ours came out of the user's strategy, or is a fault of ours; the
    last line of the traceback that lies outside this package is named. So is it when a callback
    asked for nonsense: the run failed, whatever was wrong with the argument.
    """
    if isinstance(error, TradingError):
        where = dict(error.where)
        if raised_in_callback(error):
            return Complaint("strategy", error.what, error.remedy, where | user_line(error))
        if error.code == "strategy" and "line" not in where:
            where |= user_line(error.__cause__ or error)
        return Complaint(error.code, error.what, error.remedy, where, error.exit_code)
    if _is_usage(error):
        return _usage(error)
    if isinstance(error, OSError) and error.filename:
        return Complaint(
            "file",
            f"{error.strerror}",
            "check the path and its rights",
            {"file": error.filename},
        )
    where = user_line(error)
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, SystemExit):
        message = "the strategy left the program in the middle of the run: " + message
    if where:
        return Complaint("strategy", message, "correct the strategy at this line", where)
    return Complaint(
        "internal", message, "this is a fault of py_rt: run again with --debug and report it"
    )


def _is_usage(error: BaseException) -> bool:
    """Say whether the command line itself was wrong; typer brings its own parser's classes."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _usage(error: Any) -> Complaint:
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", None) or "py-rt"
    param = getattr(error, "param", None)
    name = getattr(error, "option_name", None) or getattr(param, "name", None)
    message = str(error.format_message()).strip().rstrip(".")
    if not message or message.startswith("Usage:"):
        message = f"no command was given after {command}"
    return Complaint(
        "usage",
        message,
        f"see: {command} --help",
        {"field": name} if name else {},
        exit_code=2,
    )

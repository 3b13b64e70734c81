"""Options that many commands have, and the example that ends a command's help."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AsJson", "Debug", "Quiet", "example"]

AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes, no progress, no table.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def example(*lines: str) -> str:
    """Write the example that ends a command's help, one command a line."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)

"""The ``py-rt`` command. Nothing heavy is imported before a command asks for it."""

from py_rt.cli.entry import main

__all__ = ["main"]

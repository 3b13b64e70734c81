"""``python -m py_rt.cli`` is ``py-rt``."""

from py_rt.cli.entry import main

main()

"""The compiled statistics. Private: import from `py_rt.quant` instead."""

"""The decoders of recorded files. Private: import from `py_rt.data` instead."""

"""Books, matching, queues. Private: import from `py_rt` instead."""

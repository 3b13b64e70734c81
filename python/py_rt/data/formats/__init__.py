"""One module a format; each names its readers in ``READERS`` and is found by ``data.readers``."""

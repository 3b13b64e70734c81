"""The venue's own SDK, unmodified, against `py-rt venue`. Run by `make test-sdk`."""

"""The gRPC server: what ``py-rt serve`` runs. The server itself is compiled."""

from py_rt.server.config import ServeConfig, read_access, serve

__all__ = ["ServeConfig", "read_access", "serve"]

"""What a client needs to know: where servers are, how long to wait, how often to try."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from py_rt.errors import ConfigError

__all__ = ["GrpcConfig"]

_PORT = 50051


@dataclass(frozen=True)
class GrpcConfig:
    """Where servers are and how they are called.

    Attributes
    ----------
    host, port : str, int
        Of the server.
    timeout : float
        Seconds that a call may take, retries included; streams have no limit.
    max_retries : int
        How often a call is tried again when no server answered or had room. Only calls whose
        repetition changes nothing: backtests and streams are never repeated.
    compression : bool
        Compress requests of a kilobyte or more, and their answers. Worth it on slow networks only.
    servers : tuple of str
        Several servers, ``"host:port"``, instead of host and port: each call goes to the one with
        the fewest calls under way; one that fails is asked for its health before it is used again.
    unix : path, optional
        A unix socket on this machine instead.
    token : str, optional
        Shown to a server that knows its callers.
    ca, certificate, key : path, optional
        PEM files: whom to trust (encrypts; the system's authorities with ``tls=True``), and what to
        show to a server that asks for a certificate.
    tls : bool
        Encrypt.
    server_name : str, optional
        The name in the server's certificate, where it is not the host.

    Examples
    --------
    >>> GrpcConfig(port=6000).addresses
    ('localhost:6000',)
    >>> GrpcConfig(servers=("a:1", "b:2")).addresses
    ('a:1', 'b:2')
    """

    host: str = "localhost"
    port: int = _PORT
    timeout: float = 30.0
    max_retries: int = 3
    compression: bool = False
    servers: tuple[str, ...] = ()
    unix: str | os.PathLike[str] | None = None
    token: str | None = None
    ca: str | os.PathLike[str] | None = None
    certificate: str | os.PathLike[str] | None = None
    key: str | os.PathLike[str] | None = None
    tls: bool = False
    server_name: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.port < 65_536:
            raise ConfigError(f"port is {self.port}", field="port", remedy="use 1 to 65535")
        if not self.timeout > 0:
            raise ConfigError(
                f"timeout is {self.timeout}", field="timeout", remedy="give seconds above 0"
            )
        if self.max_retries < 0:
            raise ConfigError(
                f"max_retries is {self.max_retries}", field="max_retries", remedy="use 0 or more"
            )
        if (self.certificate is None) != (self.key is None):
            raise ConfigError(
                "certificate and key go together", field="certificate", remedy="give both"
            )

    def __repr__(self) -> str:
        return f"GrpcConfig({', '.join(self.addresses)})"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the servers are, as gRPC writes it."""
        if self.unix is not None:
            return (f"unix:{Path(self.unix).absolute()}",)
        return tuple(self.servers) or (f"{self.host}:{self.port}",)

    @property
    def encrypts(self) -> bool:
        """Whether TLS is used."""
        return self.tls or self.ca is not None or self.certificate is not None

    @classmethod
    def from_address(cls, address: str) -> GrpcConfig:
        """Return the configuration of ``host:port`` or ``unix:PATH``, commas between several.

        Examples
        --------
        >>> GrpcConfig.from_address("unix:/run/py-rt.sock").addresses
        ('unix:/run/py-rt.sock',)
        """
        if address.startswith("unix:"):
            return cls(unix=address.removeprefix("unix:").removeprefix("//"))
        parts = tuple(part.strip() for part in address.split(",") if part.strip())
        for part in parts:
            host, colon, port = part.rpartition(":")
            if not (host and colon and port.isdigit()):
                raise ConfigError(
                    f"{part!r} is no address", field="server", remedy="write host:port or unix:PATH"
                )
        if not parts:
            raise ConfigError("there is no address", field="server", remedy="write host:port")
        if len(parts) == 1:
            host, _, port = parts[0].rpartition(":")
            return cls(host=host, port=int(port))
        return cls(servers=parts)

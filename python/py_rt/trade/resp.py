"""Redis's protocol, as far as a writer needs it: commands out, replies in. RESP2, no library."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["Redis", "RedisError", "encode"]

_LONGEST_S = 2.0
_BULK_MAX = 64 << 20


class RedisError(Exception):
    """The server refused a command, or said something that is no reply."""


def encode(*words: str) -> bytes:
    r"""Return a command as bytes.

    Examples
    --------
    >>> encode("SET", "key", "é")
    b'*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$2\r\n\xc3\xa9\r\n'
    """
    raw = [word.encode() for word in words]
    return b"".join(
        [b"*%d\r\n" % len(raw), *(b"$%d\r\n%b\r\n" % (len(word), word) for word in raw)]
    )


class Redis:
    """One connection; anything that goes wrong ends it.

    Parameters
    ----------
    url : str
        ``redis://user@host:port/0``, or ``rediss://`` for TLS, without the password.
    password : str

    Raises
    ------
    OSError
        Nobody is there, or does not answer within two seconds.
    RedisError
        The password or the number of the database is refused.
    """

    def __init__(self, url: str, password: str = "") -> None:
        parts = urlsplit(url)
        host = parts.hostname or "127.0.0.1"
        plain = socket.create_connection((host, parts.port or 6379), _LONGEST_S)
        plain.settimeout(_LONGEST_S)
        self._socket = plain
        if parts.scheme == "rediss":
            import ssl

            self._socket = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        self._read = b""
        first = []
        if password:
            who = [unquote(parts.username)] if parts.username else []
            first.append(("AUTH", *who, password))
        if number := parts.path.strip("/"):
            first.append(("SELECT", number))
        try:
            self.ask(first)
        except BaseException:
            self.close()
            raise

    def ask(self, commands: Sequence[Sequence[str]]) -> list[Any]:
        """Send commands together and return their replies.

        Raises
        ------
        RedisError
            One of them is refused: the first refusal, after all replies were read.
        OSError
            The connection is lost.
        """
        if not commands:
            return []
        self._socket.sendall(b"".join(encode(*command) for command in commands))
        replies = [self._reply() for _ in commands]
        refusal = _refusal(replies)
        if refusal is not None:
            raise refusal
        return replies

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _reply(self) -> Any:
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest.decode("utf-8", "replace")
        if kind == b"-":
            return RedisError(rest.decode("utf-8", "replace"))
        try:
            number = int(rest)
        except ValueError:
            raise RedisError(f"no reply: {line[:40]!r}") from None
        if kind == b":":
            return number
        if kind == b"$":
            return None if number < 0 else self._bulk(number)
        if kind == b"*" and number <= 1 << 20:
            return [self._reply() for _ in range(number)]
        raise RedisError(f"no reply: {line[:40]!r}")

    def _line(self) -> bytes:
        while b"\r\n" not in self._read:
            if len(self._read) > 1 << 16:
                raise RedisError("a line without end")
            self._more()
        line, _, self._read = self._read.partition(b"\r\n")
        return line

    def _bulk(self, size: int) -> str:
        if size > _BULK_MAX:
            raise RedisError(f"a text of {size} bytes")
        while len(self._read) < size + 2:
            self._more()
        text, self._read = self._read[:size], self._read[size + 2 :]
        return text.decode("utf-8", "replace")

    def _more(self) -> None:
        more = self._socket.recv(1 << 16)
        if not more:
            raise ConnectionResetError("the server ended the connection")
        self._read += more


def _refusal(replies: Sequence[Any]) -> RedisError | None:
    """Return the first refusal, also of a command inside of a transaction."""
    for reply in replies:
        found = _refusal(reply) if isinstance(reply, list) else reply
        if isinstance(found, RedisError):
            return found
    return None

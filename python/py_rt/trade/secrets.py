"""Keys and secrets: from environment variables or an owner-only file, never shown."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

from py_rt.errors import ConfigError

__all__ = ["Secret", "from_environment", "from_file"]


class Secret:
    """A text that prints as stars; `reveal` is the only way to it.

    Examples
    --------
    >>> secret = Secret("s3cr3t")
    >>> secret, f"{secret}", secret.reveal()
    (Secret('***'), '***', 's3cr3t')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret('***')"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret does not leave the process")


def from_environment(variable: str, field: str) -> Secret:
    """Read a secret from an environment variable.

    Raises
    ------
    ConfigError
        The variable is not set, or empty.
    """
    text = os.environ.get(variable, "")
    if not text:
        raise ConfigError(
            f"the environment variable {variable} is not set",
            field=field,
            remedy=f"run: export {variable}=... (the file names the variable, never the secret)",
        )
    return Secret(text)


def from_file(path: Path, field: str) -> tuple[Secret, Secret]:
    """Read ``key`` and ``secret`` from a TOML file that only its owner may read.

    Raises
    ------
    ConfigError
        The file is missing, readable by others, or lacks one of the two.
    """
    where = {"field": field, "file": str(path)}
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", remedy="check the path", **where
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError("others may read it", remedy=f"run: chmod 600 {path}", **where)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        values = {}
    key, secret = values.get("key"), values.get("secret")
    if not (isinstance(key, str) and key and isinstance(secret, str) and secret):
        raise ConfigError(
            "lacks key or secret", remedy='write two lines: key = "..." and secret = "..."', **where
        )
    return Secret(key), Secret(secret)

"""Keys and secrets: from the environment, an owner-only file or a keyring; never shown."""

from __future__ import annotations

import ctypes
import importlib
import os
import stat
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from py_rt.errors import ConfigError

__all__ = [
    "Secret",
    "forbid_dumps",
    "from_environment",
    "from_file",
    "from_keyring",
    "without_secrets",
]

_SECRET_WORDS = ("KEY", "SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL")
_SET_DUMPABLE = 4


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


def from_keyring(service: str, field: str) -> tuple[Secret, Secret]:
    """Read ``key`` and ``secret`` of a service from the system's keyring.

    Raises
    ------
    ConfigError
        The extra is not installed, the keyring is locked, or lacks one of the two.
    """
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise ConfigError(
            "needs the package keyring", field=field, remedy='run: pip install "py-rt[keyring]"'
        ) from None
    found = []
    for name in ("key", "secret"):
        try:
            text = keyring.get_password(service, name)
        except Exception as error:  # noqa: BLE001 - each system's keyring has errors of its own
            raise ConfigError(
                f"the keyring does not answer ({type(error).__name__})",
                field=field,
                remedy="unlock it, or use credentials_file",
            ) from None
        if not text:
            raise ConfigError(
                f"the keyring has no {name} of {service}",
                field=field,
                remedy=f"run: keyring set {service} {name}",
            )
        found.append(Secret(text))
    return found[0], found[1]


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment for a child that needs no keys.

    Examples
    --------
    >>> without_secrets({"APCA_API_SECRET_KEY": "s", "PGPASSWORD": "p", "HOME": "/root"})
    {'HOME': '/root'}
    """
    return {
        name: value
        for name, value in environment.items()
        if not any(word in name.upper() for word in _SECRET_WORDS)
    }


def forbid_dumps() -> bool:
    """Keep this process's memory out of core dumps; say whether the system knows how.

    Notes
    -----
    Linux: nor can another process of the same user read or trace it any more.
    """
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0) == 0)

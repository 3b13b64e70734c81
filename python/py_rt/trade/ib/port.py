"""What stands between the two sides of the bridge: where TWS is, who listens, what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from py_rt.trade.beside import say
from py_rt.trade.ib.words import Execution, Standing

__all__ = ["Ears", "Heard", "Place", "Refused", "Silent", "log"]


class Silent(Exception):
    """TWS is not there, or did not answer in time: nothing is known."""


class Refused(Exception):
    """TWS refused a request."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code, self.text = code, text


@dataclass(frozen=True)
class Place:
    """Where TWS listens, who asks, and for whose account."""

    host: str
    port: int
    client_id: int
    account: str
    paper: bool


class Heard(Protocol):
    """Who is told what TWS says unasked."""

    def status(self, order: Standing) -> None:
        """Hear that an order stands so."""

    def rejected(self, order: Standing, code: int, text: str) -> None:
        """Hear that an order which TWS had taken is refused."""

    def execution(self, found: Execution) -> None:
        """Hear of an execution; its fee may be known or come later."""

    def fee(self, exec_id: str) -> None:
        """Hear that the fee of an execution is known now."""

    def hole(self, why: str) -> None:
        """Hear that something cannot be told in order: everything has to be asked."""

    def tick(self, word: str, args: tuple[Any, ...]) -> None:
        """Hear of a market."""

    def trouble(self, request: int, code: int, text: str) -> None:
        """Hear of an error that concerns no order and no question."""

    def connectivity(self, up: bool, data_lost: bool) -> None:
        """Hear that TWS lost the venue, or has it again."""


@dataclass
class Ears:
    """What `ib_async.Client` takes for its wrapper; what we do not know is dropped."""

    handlers: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.handlers.get(name, _nothing)


def _nothing(*_: Any) -> None:
    """Drop a message."""


def log(text: str) -> None:
    """Write a line of the bridge's log."""
    say("ib bridge", text)

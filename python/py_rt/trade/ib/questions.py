"""Questions to TWS and their answers: rows, and an end that says that there are no more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from py_rt.trade.ib.port import Silent

__all__ = ["ANSWER_S", "Questions"]

ANSWER_S = 4.0
"""How long TWS may take."""

_OWED_S = 30.0
"""After this an answer that did not come will not."""


class Questions:
    """What is asked of one connection; see the module.

    Most questions have a number, and their answers bear it. Some have none: of these one is asked
    at a time, and no other while the answer to one that was given up may still come. It would be
    taken for the answer to the other, and tell how things stood before that was asked.
    """

    def __init__(self, is_up: Callable[[], bool]) -> None:
        self._is_up = is_up
        self._asked: dict[Any, tuple[asyncio.Future[list[Any]], list[Any]]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._owed: dict[str, float] = {}

    def __contains__(self, key: Any) -> bool:
        return key in self._asked

    def row(self, key: Any, row: Any) -> None:
        """Take a row of an answer."""
        if key in self._asked:
            future, rows = self._asked[key]
            # Behind the end comes what was not asked for.
            if not future.done():
                rows.append(row)

    def end(self, key: Any) -> None:
        """Take the end of an answer."""
        self._owed.pop(key, None)
        if key in self._asked:
            future, rows = self._asked[key]
            if not future.done():
                future.set_result(rows)

    def fail(self, key: Any, error: Exception) -> None:
        """End a question without an answer."""
        future, _ = self._asked[key]
        if not future.done():
            future.set_exception(error)

    def fail_all(self, why: str) -> None:
        """End all questions without an answer."""
        for key in self._asked:
            self.fail(key, Silent(why))

    async def ask(self, key: Any, send: Callable[[], None]) -> list[Any]:
        """Send a question and return the rows of its answer.

        Raises
        ------
        Silent
            TWS does not answer.
        Refused
            TWS refuses the question.
        """
        if not self._is_up():
            raise Silent("TWS is not connected")
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._asked[key] = (future, [])
        try:
            send()
            return await asyncio.wait_for(future, ANSWER_S)
        except TimeoutError:
            raise Silent(f"TWS does not answer about {key}") from None
        except ConnectionError as error:
            raise Silent(str(error)) from None
        finally:
            del self._asked[key]

    async def ask_by_name(self, name: str, send: Callable[[], None]) -> list[Any]:
        """Ask what TWS answers without a number."""

        def send_once() -> None:
            if time.monotonic() < self._owed.get(name, 0.0):
                raise Silent(f"TWS still owes an answer about {name}")
            send()
            self._owed[name] = time.monotonic() + _OWED_S

        async with self._locks.setdefault(name, asyncio.Lock()):
            return await self.ask(name, send_once)

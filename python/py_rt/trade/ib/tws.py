"""One connection to TWS or IB Gateway: questions with their answers, and what it says unasked.

Only ``ib_async.Client`` and its decoder are used, not ``ib_async.IB``: that one keeps orders of its
own and gives them states that TWS never said (an order is "Cancelled" after any error about it, and
a message that repeats a state is not passed on). What is remembered here are the last words of TWS
about an order, for the text of messages, and the fees of executions; a new connection begins empty.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from py_rt.trade.ib.port import Ears, Heard, Place, Refused, Silent, log
from py_rt.trade.ib.questions import ANSWER_S, Questions
from py_rt.trade.ib.words import (
    CANCEL_REFUSED,
    NEW_REFUSED,
    REPLACE_REFUSED,
    Execution,
    Standing,
    order_of,
    plain,
    without_correction,
)

__all__ = ["FEE_WAIT_S", "Tws"]

FEE_WAIT_S = 3.0
"""How long an execution waits for its fee."""

_CONNECT_S = 6.0
_FEES_KEPT = 200_000
_OVER = ("Cancelled", "ApiCancelled", "Filled")
_ENDED = (*_OVER, "Inactive")
_MARKET_WORDS = ("tickByTickBidAsk", "tickByTickAllLast", "priceSizeTick", "tickSize", "tickString")


@dataclass
class _Waiter:
    """Who waits for what TWS says to an order, a replacement or a cancel."""

    future: asyncio.Future[Standing]
    enough: Callable[[Standing], bool]
    refused: frozenset[int]


class Tws:
    """See the module."""

    def __init__(self, place: Place, heard: Heard) -> None:
        self.place, self._heard = place, heard
        self._library = importlib.import_module("ib_async")
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.known: dict[int, Standing] = {}
        self.fees: dict[str, str] = {}
        self.prices: dict[str, str] = {}
        self._downloaded = asyncio.Event()
        self.details: dict[str, Any] = {}
        self.account = place.account
        self._questions = Questions(lambda: self.is_up)
        self._one_summary = asyncio.Lock()
        self._waiters: dict[int, list[_Waiter]] = {}
        self._fees_missing: list[tuple[set[str], asyncio.Event]] = []
        self._changed: set[int] = set()
        self._ready = self._cut_off = self.in_use = False
        self.is_throttled = False
        """Whether what is sent now would wait for the fifty messages a second of TWS."""
        self._client = importlib.import_module("ib_async.client").Client(Ears(self._handlers()))
        self._client.throttleStart += lambda: self._throttle(True)
        self._client.throttleEnd += lambda: self._throttle(False)

    def _handlers(self) -> dict[str, Any]:
        ticks = {word: self._tick(word) for word in _MARKET_WORDS}
        row, end = self._questions.row, self._questions.end
        return ticks | {
            "ib": SimpleNamespace(TimezoneTWS=""),
            "defaultTimezone": UTC,
            "connectionClosed": self._closed,
            "error": self._error,
            "nextValidId": self._next_id,
            "openOrder": self._open_order,
            "openOrderEnd": lambda: end("open"),
            "orderStatus": self._order_status,
            "completedOrder": self._completed_order,
            "completedOrdersEnd": lambda: end("completed"),
            "execDetails": self._exec_details,
            "execDetailsEnd": end,
            "commissionReport": self._commission,
            "position": lambda *told: row("positions", told),
            "positionEnd": lambda: end("positions"),
            "accountSummary": lambda request, *told: row(request, told),
            "accountSummaryEnd": end,
            "contractDetails": row,
            "contractDetailsEnd": end,
            "currentTime": self._current_time,
            "updatePortfolio": self._portfolio,
            "accountDownloadEnd": lambda _account: self._downloaded.set(),
        }

    # ------------------------------------------------------------------------- the connection

    async def connect(self) -> None:
        """Connect, and make sure whose account it is.

        Raises
        ------
        OSError, TimeoutError
            TWS cannot be reached, or the client id is in use.
        Refused
            The login is not for this account: nothing is asked of it. Code 0.
        """
        place = self.place
        await self._client.connectAsync(place.host, place.port, place.client_id, _CONNECT_S)
        accounts = list(self._client.getAccounts())
        self.account = place.account or (accounts[0] if len(accounts) == 1 else "")
        if self.account not in accounts:
            said = "several accounts" if not self.account else f"no account {self.account}"
            self.close()
            raise Refused(0, f"the login has {said}: it has {', '.join(accounts)}")
        if self.account.startswith("DU") != place.paper:
            is_paper = not place.paper
            self.close()
            kind = "a paper account" if is_paper else "no paper account"
            raise Refused(0, f"{self.account} is {kind}, and mode says otherwise")
        self._ready = True
        self._client.reqAccountUpdates(True, self.account)
        self._look_at_ours()

    def _look_at_ours(self) -> None:
        """Hear of the orders of this client. A question of its own: its end ends no other."""

        async def ask() -> None:
            with contextlib.suppress(Silent):
                await self._questions.ask_by_name("open", self._client.reqOpenOrders)

        self._looking = asyncio.ensure_future(ask())

    @property
    def is_up(self) -> bool:
        """Whether TWS is there and has the venue."""
        return self._ready and not self._cut_off

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._closed()

    def _closed(self) -> None:
        self._ready = False
        self._fail_all("the connection to TWS is lost")
        if not self.gone.done():
            self.gone.set_result(None)

    def _fail_all(self, why: str) -> None:
        self._questions.fail_all(why)
        for waiter in (one for some in self._waiters.values() for one in some):
            if not waiter.future.done():
                waiter.future.set_exception(Silent(why))

    def _throttle(self, on: bool) -> None:
        self.is_throttled = on
        if on:
            log("the fifty messages a second of TWS are used up: new orders are refused")

    def new_request(self) -> int:
        """Return a number that no request had."""
        return int(self._client.getReqId())

    # ------------------------------------------------------------------------- what TWS says

    def _next_id(self, number: int) -> None:
        self._client.updateReqId(number)

    def _current_time(self, seconds: int) -> None:
        self._questions.row("time", seconds)
        self._questions.end("time")

    def _ours(self, contract: Any, account: str) -> bool:
        stock = contract.secType == "STK" and contract.currency == "USD"
        return stock and account == self.account

    def _open_order(self, order_id: int, contract: Any, order: Any, state: Any) -> None:
        self._client.updateReqId(order_id + 1)
        if not order.permId or not self._ours(contract, order.account):
            return
        told = Standing.of(order, contract, state.status)
        told.order_id = order_id
        before = self.known.get(told.perm)
        if before is not None:
            told.filled = before.filled
        self.known[told.perm] = told
        self._questions.row("open", told.perm)
        self._wake(told)

    def _order_status(self, *said: Any) -> None:
        _, status, filled, _, _, perm = said[:6]
        told = self.known.get(perm)
        if told is None:
            return
        told.status, told.filled = status, plain(filled)
        self._wake(told)
        self._heard.status(told)

    def _wake(self, told: Standing) -> None:
        if told.client_id != self.place.client_id:
            return
        for waiter in self._waiters.get(told.order_id, ()):
            if waiter.enough(told) and not waiter.future.done():
                waiter.future.set_result(told)

    def _completed_order(self, contract: Any, order: Any, state: Any) -> None:
        if self._ours(contract, order.account):
            self._questions.row("completed", Standing.of(order, contract, state.status))

    def _exec_details(self, request: int, contract: Any, raw: Any) -> None:
        if not self._ours(contract, raw.acctNumber):
            return
        found = Execution.of(contract, raw)
        if request in self._questions:
            self._questions.row(request, found)
        else:
            self._heard.execution(found)

    def _commission(self, report: Any) -> None:
        if report.currency not in ("USD", ""):
            log(f"the fee of {report.execId} is {report.commission} {report.currency}: not booked")
            self.fees[report.execId] = "0"
        else:
            self.fees[report.execId] = plain(report.commission)
        if len(self.fees) > _FEES_KEPT:
            del self.fees[next(iter(self.fees))]
        for missing, all_here in self._fees_missing:
            missing.discard(report.execId)
            if not missing:
                all_here.set()
        self._heard.fee(report.execId)

    def _portfolio(self, contract: Any, _qty: float, price: float, *rest: Any) -> None:
        if self._ours(contract, rest[-1]) and price > 0:
            self.prices[contract.symbol] = plain(price)

    def _tick(self, word: str) -> Callable[..., None]:
        return lambda *args: self._heard.tick(word, args)

    def _error(self, request: int, code: int, text: str, _more: str = "") -> None:
        if code in (1100, 1101, 1102):
            self._cut_off = code == 1100
            if self._cut_off:
                self._fail_all("TWS has lost the venue")
            else:
                self._look_at_ours()
            self._heard.connectivity(up=not self._cut_off, data_lost=code == 1101)
        self.in_use = self.in_use or code == 326
        waiting = [one for one in self._waiters.get(request, ()) if not one.future.done()]
        refused = next((one for one in waiting if code in one.refused), None)
        if refused is not None:
            refused.future.set_exception(Refused(code, text))
        elif request in self._questions and not 2100 <= code < 2200:
            self._questions.fail(request, Refused(code, text))
        elif not waiting or code in NEW_REFUSED:
            self._stray_error(request, code, text)
        log(f"TWS says {code} about {request}: {text}")

    def _stray_error(self, request: int, code: int, text: str) -> None:
        mine = (self.place.client_id, request)
        told = next((one for one in self.known.values() if _key(one) == mine), None)
        if told is None or request < 0:
            self._heard.trouble(request, code, text)
        elif code in NEW_REFUSED and told.status not in _OVER:
            if request in self._changed or request in self._waiters:
                self._heard.hole(f"order {told.perm}, or a change or end of it, was refused")
            else:
                self._heard.rejected(told, code, text)

    # ------------------------------------------------------------------------- questions

    async def open_orders(self) -> list[Standing]:
        """Return every open order of the account, whoever placed it."""
        perms = await self._questions.ask_by_name("open", self._client.reqAllOpenOrders)
        return [self.known[perm] for perm in sorted(set(perms))]

    async def completed_orders(self) -> list[Standing]:
        """Return the orders that are over, as far back as TWS knows them."""
        found: list[Standing] = await self._questions.ask_by_name(
            "completed", lambda: self._client.reqCompletedOrders(False)
        )
        return found

    async def executions(self, since: datetime | None = None) -> list[tuple[Execution, str]]:
        """Return the day's executions with their fees, in order; corrections replace the first."""
        request = self.new_request()
        wanted = self._library.ExecutionFilter(acctCode=self.account)
        send = self._client.reqExecutions
        rows = await self._questions.ask(request, lambda: send(request, wanted))
        latest: dict[str, Execution] = {}
        for found in sorted(rows, key=lambda one: without_correction(one.exec_id)):
            latest[without_correction(found.exec_id)[0]] = found
        asked = [one for one in latest.values() if since is None or one.at >= since]
        await self._await_fees({one.exec_id for one in asked} - self.fees.keys())
        ordered = sorted(asked, key=lambda one: (one.at, one.perm, float(one.cum)))
        return [(found, self.fee_of(found)) for found in ordered]

    async def _await_fees(self, missing: set[str]) -> None:
        if not missing:
            return
        waits = (missing, asyncio.Event())
        self._fees_missing.append(waits)
        try:
            await asyncio.wait_for(waits[1].wait(), FEE_WAIT_S)
        except TimeoutError:
            return
        finally:
            self._fees_missing.remove(waits)

    def fee_of(self, found: Execution) -> str:
        """Return the fee of an execution; nothing where TWS has not told it in time."""
        fee = self.fees.get(found.exec_id)
        if fee is None:
            log(f"TWS tells no fee of {found.exec_id}: it is booked without one")
        return fee or "0"

    async def find(self, perm: int | None = None, ref: str | None = None) -> Standing | None:
        """Return an order by TWS's id or by ours: among the open, then among those that are over.

        Raises
        ------
        Silent
            TWS does not answer, or an order has executions and is in neither list yet.
        """
        for ask in (self.open_orders, self.completed_orders):
            for one in await ask():
                if one.perm == perm or (ref and one.ref == ref):
                    return one
        executed = [one for one, _ in await self.executions() if perm == one.perm or ref == one.ref]
        if not executed:
            return None
        last = executed[-1]
        if datetime.now(UTC).timestamp() - last.at.timestamp() < 60:
            raise Silent(f"order {last.perm} has executions and is in no list yet")
        action = "BUY" if last.side == "buy" else "SELL"
        terms = (last.symbol, action, last.cum, "MKT", "DAY", None, None, "Cancelled", last.cum)
        return Standing(last.perm, 0, -1, last.ref, *terms)

    async def positions(self) -> list[tuple[str, float, float]]:
        """Return symbol, quantity and average cost of what the account holds in stocks."""
        try:
            rows = await self._questions.ask_by_name("positions", self._client.reqPositions)
        finally:
            # Whatever came of it: TWS would go on telling.
            with contextlib.suppress(ConnectionError):
                self._client.cancelPositions()
        held = [row for row in rows if self._ours(row[1], row[0]) and row[2] != 0]
        if any(row[1].symbol not in self.prices for row in held):
            # They come a moment after the connection.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._downloaded.wait(), FEE_WAIT_S)
        return [(contract.symbol, qty, cost) for _, contract, qty, cost in held]

    async def summary(self) -> dict[str, str]:
        """Return the account's amounts by TWS's names; all in dollars.

        Raises
        ------
        Refused
            They are in another currency. Code 0.
        """
        request, names = self.new_request(), "TotalCashValue,NetLiquidation,BuyingPower"
        send = self._client.reqAccountSummary
        async with self._one_summary:
            try:
                rows = await self._questions.ask(request, lambda: send(request, "All", names))
            finally:
                # Whatever came of it: TWS grants two at a time.
                with contextlib.suppress(ConnectionError):
                    self._client.cancelAccountSummary(request)
        mine = [row for row in rows if row[0] == self.account]
        if others := {currency for *_, currency in mine} - {"USD"}:
            raise Refused(0, f"the account is kept in {', '.join(sorted(others))}, not in dollars")
        return {name: value for _, name, value, _ in mine}

    async def time(self) -> float:
        """Return TWS's time, in seconds since 1970."""
        rows = await self._questions.ask_by_name("time", self._client.reqCurrentTime)
        return float(rows[0])

    async def stock(self, symbol: str) -> Any:
        """Return what TWS knows of a stock: its ``ContractDetails``.

        Raises
        ------
        Refused
            There is none of this name, or more than one.
        """
        if symbol not in self.details:
            request = self.new_request()
            wanted = self._library.Stock(symbol, "SMART", "USD")
            send = self._client.reqContractDetails
            rows = await self._questions.ask(request, lambda: send(request, wanted))
            if len({row.contract.conId for row in rows}) != 1:
                raise Refused(200, f"TWS knows {len(rows)} stocks that are called {symbol}")
            self.details[symbol] = rows[0]
        return self.details[symbol]

    # ------------------------------------------------------------------------- orders

    async def _tell(self, order_id: int, waiter: _Waiter, send: Callable[[], None]) -> Standing:
        if not self.is_up:
            raise Silent("TWS is not connected")
        self._waiters.setdefault(order_id, []).append(waiter)
        try:
            send()
            return await asyncio.wait_for(waiter.future, ANSWER_S)
        except TimeoutError:
            raise Silent(f"TWS says nothing about order {order_id}") from None
        except ConnectionError as error:
            raise Silent(str(error)) from None
        finally:
            self._waiters[order_id].remove(waiter)
            if not self._waiters[order_id]:
                del self._waiters[order_id]

    def _waiter(self, enough: Callable[[Standing], bool], refused: frozenset[int]) -> _Waiter:
        return _Waiter(asyncio.get_running_loop().create_future(), enough, refused)

    async def place_order(self, body: dict[str, Any], contract: Any) -> Standing:
        """Send a new order, once.

        Raises
        ------
        Refused
            TWS has no such order.
        Silent
            Whether it has is not known.
        """
        order = order_of(body, self._library.Order, self.account)
        order_id = self.new_request()

        def enough(told: Standing) -> bool:
            # The code that says why it is inactive comes next.
            return told.ref == order.orderRef and told.status != "Inactive"

        waiter = self._waiter(enough, NEW_REFUSED)
        return await self._tell(
            order_id, waiter, lambda: self._client.placeOrder(order_id, contract, order)
        )

    async def replace_order(
        self, standing: Standing, body: dict[str, Any], contract: Any
    ) -> Standing:
        """Send an order that works once more, with other terms: it stays the same order."""
        now = standing.to_json(0) | {"client_order_id": standing.ref}
        wanted = now | {name: body[name] for name in ("qty", "limit_price") if name in body}
        order = order_of(wanted, self._library.Order, self.account)
        qty, limit = wanted["qty"], wanted["limit_price"]

        def enough(told: Standing) -> bool:
            return told.has_terms(qty, limit) or told.status in _ENDED

        order_id = standing.order_id
        self._changed.add(order_id)
        return await self._tell(
            order_id,
            self._waiter(enough, REPLACE_REFUSED),
            lambda: self._client.placeOrder(order_id, contract, order),
        )

    async def cancel_order(self, standing: Standing) -> Standing:
        """Ask for the end of an order; return once TWS works on it or it is over."""
        waiter = self._waiter(
            lambda told: told.status in (*_ENDED, "PendingCancel"), CANCEL_REFUSED
        )
        order_id = standing.order_id
        return await self._tell(order_id, waiter, lambda: self._client.cancelOrder(order_id))

    # ------------------------------------------------------------------------- markets

    def listen_by_tick(self, request: int, contract: Any, kind: str) -> None:
        """Listen to ``BidAsk`` or ``Last``, tick by tick: for a few symbols at a time."""
        self._client.reqTickByTickData(request, contract, kind, 0, False)

    def listen_to_summary(self, request: int, contract: Any) -> None:
        """Listen to prices and trades as TWS sums them up, some times a second."""
        self._client.reqMktData(request, contract, "233", False, False, [])


def _key(order: Standing) -> tuple[int, int]:
    return order.client_id, order.order_id

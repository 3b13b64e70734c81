"""The bridge: Alpaca's words on a port of this machine, TWS's on the other side.

It holds no truth. Every question of the session is a question to TWS; what is remembered between
two messages is the text of TWS's own last words. Killed and started again, it answers the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import os
import random
import socket as sockets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from py_rt.trade.ib.hours import read_hours
from py_rt.trade.ib.port import Place, Refused, Silent, log
from py_rt.trade.ib.streams import AccountStream, MarketStream
from py_rt.trade.ib.tws import Tws
from py_rt.trade.ib.wire import Request, Socket, answer, read_request
from py_rt.trade.ib.words import (
    Execution,
    Standing,
    order_uuid,
    perm_id,
    plain,
    refusal_text,
    without_revision,
)

__all__ = ["Bridge", "main"]

_ORDERS_PAGE = 500
_FILLS_PAGE = 100
_BACK_OFF_S = (0.5, 10.0)
_FIRST_TRIES_S = 30.0
_NO_ORDER = answer(404, {"code": 40410000, "message": "order not found"})
_OVER = ("canceled", "filled", "expired", "rejected")


class Bridge:
    """Serves one session; see the module."""

    def __init__(
        self, place: Place, token: str, announce: Callable[[dict[str, Any]], None]
    ) -> None:
        self._place, self._token, self._announce = place, token, announce
        self._account, self._market = AccountStream(), MarketStream()
        self._tws: Tws | None = None
        self._announced = False

    # ------------------------------------------------------------------------- what TWS says

    def status(self, order: Standing) -> None:
        """See `Heard`."""
        self._account.status(order)

    def rejected(self, order: Standing, code: int, text: str) -> None:
        """See `Heard`."""
        self._account.rejected(order, code, text)

    def execution(self, found: Execution) -> None:
        """See `Heard`."""
        self._account.execution(found)

    def fee(self, exec_id: str) -> None:
        """See `Heard`."""
        self._account.fee(exec_id)

    def hole(self, why: str) -> None:
        """See `Heard`."""
        self._account.cut(why)

    def tick(self, word: str, args: tuple[Any, ...]) -> None:
        """See `Heard`."""
        self._market.tick(word, args)

    def trouble(self, request: int, code: int, text: str) -> None:
        """See `Heard`."""
        self._market.trouble(request, code, text)

    def connectivity(self, up: bool, data_lost: bool) -> None:
        """See `Heard`."""
        self._account.cut("TWS has the venue again" if up else "TWS has lost the venue")
        self._market.cut()
        if up and data_lost and self._tws is not None:
            self._market.begin(self._tws)

    # ------------------------------------------------------------------------- the connection

    async def run(self, listening: sockets.socket) -> None:
        """Serve until cancelled; keep the connection to TWS."""
        server = await asyncio.start_server(self._talk, sock=listening)
        async with server:
            await self._keep_connected()

    async def _keep_connected(self) -> None:
        pause, since, drawn = _BACK_OFF_S[0], time.monotonic(), random.Random()  # noqa: S311
        while True:
            tws = Tws(self._place, self)
            try:
                await tws.connect()
            except Refused as refusal:
                self._fail("config", refusal.text, "correct venue.account and venue.mode")
                log(f"not connected: {refusal.text}")
            except (OSError, TimeoutError) as error:
                self._not_reached(tws, error, time.monotonic() - since)
            else:
                pause = _BACK_OFF_S[0]
                await self._serve(tws)
            await asyncio.sleep(pause * drawn.uniform(0.5, 1.0))
            pause = min(2 * pause, _BACK_OFF_S[1])

    def _not_reached(self, tws: Tws, error: Exception, tried_s: float) -> None:
        place = self._place
        where = f"{place.host}:{place.port}"
        log(f"TWS at {where} is not reached: {error!r}")
        if tws.in_use:
            # A bridge that was killed is still known to TWS for a moment.
            if tried_s > _FIRST_TRIES_S:
                what = f"client id {place.client_id} is in use at {where}"
                self._fail("venue", what, "end the other program, or set venue.client_id")
            return
        what = f"TWS at {where} is not reached"
        remedy = "start TWS or IB Gateway, log in, and enable socket clients in its API settings"
        self._fail("connection", what, f"{remedy}; check venue.host and venue.port")

    def _fail(self, code: str, message: str, remedy: str) -> None:
        """Say why the first connection failed, if it did."""
        if not self._announced:
            self._announced = True
            self._announce({"error": {"code": code, "message": message, "remedy": remedy}})

    async def _serve(self, tws: Tws) -> None:
        log(f"connected to TWS for {tws.account}")
        self._tws = tws
        self._account.begin(tws)
        self._market.begin(tws)
        if not self._announced:
            self._announced = True
            self._announce({"ready": True, "account": tws.account})
        await tws.gone
        self._tws = None
        self._account.cut("the connection to TWS is lost")
        self._market.cut()

    # ------------------------------------------------------------------------- the session's side

    def _knows(self, key: Any, secret: Any) -> bool:
        given = f"{key}:{secret}".encode()
        return hmac.compare_digest(given, f"ib:{self._token}".encode())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                if "upgrade" in request.headers.get("connection", "").lower():
                    await self._stream(request, reader, writer)
                    return
                writer.write(await self._answer(request))
                await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        finally:
            writer.transport.abort()

    async def _stream(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._tws is None or not self._tws.is_up:
            writer.write(answer(503, {"message": "TWS is not connected"}))
            await writer.drain()
            return
        socket = Socket.accept(request.headers, reader, writer)
        stream: AccountStream | MarketStream = self._account
        if request.path != "/stream":
            stream = self._market
            socket.send([{"T": "success", "msg": "connected"}])
        try:
            await socket.run(lambda message: stream.handle(socket, message, self._knows))
        finally:
            stream.sockets.discard(socket)

    async def _answer(self, request: Request) -> bytes:
        key, secret = (
            request.headers.get(f"apca-api-{name}", "") for name in ("key-id", "secret-key")
        )
        if not self._knows(key, secret):
            return answer(401, {"message": "unauthorized"})
        if self._tws is None or not self._tws.is_up:
            return answer(503, {"message": "TWS is not connected"})
        try:
            return await Desk(self._tws).answer(request)
        except Silent as silent:
            log(f"{request.method} {request.path}: {silent}")
            return answer(504, {"message": str(silent)})
        except Refused as refusal:
            return answer(409, {"message": refusal.text})
        except (ValueError, KeyError, TypeError) as error:
            log(f"{request.method} {request.path}: {error!r}")
            return answer(500, {"message": f"not understood: {error!r}"})


class Desk:
    """Answers one request, by asking TWS."""

    def __init__(self, tws: Tws) -> None:
        self._tws = tws

    async def answer(self, request: Request) -> bytes:
        """Return the answer.

        Raises
        ------
        Silent
            TWS does not tell.
        """
        parts = request.path.strip("/").split("/")
        body = json.loads(request.body) if request.body else {}
        match request.method, parts:
            case "GET", ["v2", "account"]:
                return await self._account()
            case "GET", ["v2", "assets", *symbol]:
                return await self._asset("/".join(symbol))
            case "GET", ["v2", "orders"]:
                return await self._open_orders(request.query.get("after_order_id"))
            case "GET", ["v2", "orders:by_client_order_id"]:
                ref = without_revision(request.query["client_order_id"])
                return self._order(await self._tws.find(ref=ref))
            case "GET", ["v2", "orders", text]:
                perm = perm_id(text)
                return self._order(await self._tws.find(perm=perm) if perm else None)
            case "GET", ["v2", "account", "activities", "FILL"]:
                return await self._fills(request.query)
            case "GET", ["v2", "positions"]:
                return await self._positions()
            case "GET", ["v2", "clock"]:
                return await self._clock()
            case "POST", ["v2", "orders"]:
                return await self._new(body)
            case "PATCH", ["v2", "orders", text]:
                return await self._replace(perm_id(text), body)
            case "DELETE", ["v2", "orders", text]:
                return await self._cancel(perm_id(text))
        return answer(404, {"message": "no such thing here"})

    def _order(self, found: Standing | None) -> bytes:
        return _NO_ORDER if found is None else answer(200, found.to_json(time.time()))

    async def _account(self) -> bytes:
        amounts = await self._tws.summary()
        told = {
            "account_number": self._tws.account,
            "cash": amounts["TotalCashValue"],
            "equity": amounts.get("NetLiquidation"),
            "buying_power": amounts.get("BuyingPower"),
            "trading_blocked": False,
        }
        return answer(200, told)

    async def _asset(self, symbol: str) -> bytes:
        try:
            details = await self._tws.stock(symbol)
        except Refused as refusal:
            log(f"{symbol}: {refusal}")
            return answer(404, {"code": 40410000, "message": f"asset not found for {symbol}"})
        told = {
            "symbol": symbol,
            "class": "us_equity",
            "tradable": "LMT" in details.orderTypes.split(","),
            "shortable": True,
            "fractionable": False,
        }
        if details.minTick > 0.01:
            told["price_increment"] = plain(details.minTick)
        return answer(200, told)

    async def _open_orders(self, after: str | None) -> bytes:
        found = [one for one in await self._tws.open_orders() if one.state not in _OVER]
        rows = [one.to_json(time.time()) for one in found]
        ids = [row["id"] for row in rows]
        start = ids.index(after) + 1 if after in ids else 0
        return answer(200, rows[start : start + _ORDERS_PAGE])

    async def _fills(self, query: dict[str, str]) -> bytes:
        after = query.get("after")
        since = datetime.fromisoformat(after) if after else None
        rows = [found.to_row(fee) for found, fee in await self._tws.executions(since)]
        ids = [row["id"] for row in rows]
        token = query.get("page_token")
        start = ids.index(token) + 1 if token in ids else 0
        return answer(200, rows[start : start + _FILLS_PAGE])

    async def _positions(self) -> bytes:
        held = await self._tws.positions()
        rows = [
            {
                "symbol": symbol,
                "qty": plain(qty),
                "side": "long" if qty > 0 else "short",
                "cost_basis": plain(round(qty * cost, 6)),
                "current_price": self._tws.prices.get(symbol, "0"),
            }
            for symbol, qty, cost in held
        ]
        return answer(200, rows)

    async def _clock(self) -> bytes:
        now = datetime.fromtimestamp(await self._tws.time(), UTC)
        known = next(iter(self._tws.details.values()), None)
        hours = known and read_hours(known.liquidHours, known.timeZoneId, now)
        if not hours:
            # Nothing is known of a session: none is on, and tomorrow is soon enough to look.
            day = (now + timedelta(days=1)).isoformat()
            told = {"is_open": False, "next_open": day, "next_close": day}
        else:
            told = {
                "is_open": hours.is_open,
                "next_open": hours.next_open.isoformat(),
                "next_close": hours.next_close.isoformat(),
            }
        return answer(200, {"timestamp": now.isoformat(), **told})

    def _too_late(self, body: dict[str, Any]) -> bytes | None:
        """Refuse what waited on the way, or would have to: it may be taken for lost by now."""
        deadline = body.get("deadline")
        if deadline and time.time() > datetime.fromisoformat(deadline).timestamp():
            message = "the order waited on its way to TWS and was not sent"
            return answer(403, {"code": 40310000, "message": message})
        if self._tws.is_throttled:
            return answer(429, {"message": "TWS takes fifty messages a second"}, Retry_After="1")
        return None

    async def _new(self, body: dict[str, Any]) -> bytes:
        try:
            contract = (await self._tws.stock(body["symbol"])).contract
        except Silent:
            # Nothing was sent: this is certain.
            return answer(403, {"code": 40310000, "message": "TWS does not answer"})
        late = self._too_late(body)
        if late is not None:
            return late
        try:
            placed = await self._tws.place_order(body, contract)
        except Refused as refusal:
            message = refusal_text(refusal.code, refusal.text)
            return answer(403, {"code": 40310000, "message": message})
        return self._order(placed)

    async def _standing(self, perm: int | None) -> Standing | None:
        """Return an order as TWS last told it; ask where this is too little to act on it."""
        if perm is None:
            return None
        known = self._tws.known.get(perm)
        return known if known is not None else await self._tws.find(perm=perm)

    def _is_mine(self, found: Standing) -> bool:
        return found.client_id == self._tws.place.client_id and found.order_id > 0

    async def _replace(self, perm: int | None, body: dict[str, Any]) -> bytes:
        found = await self._standing(perm)
        if found is None:
            return _NO_ORDER
        if not self._is_mine(found):
            return _not_ours(found)
        contract = (await self._tws.stock(found.symbol)).contract
        late = self._too_late(body)
        if late is not None:
            return late
        try:
            told = await self._tws.replace_order(found, body, contract)
        except Refused as refusal:
            return answer(422, {"code": 42210000, "message": str(refusal)})
        # The order keeps its reference; the answer is to the revision that was asked for.
        return answer(200, told.to_json(time.time()) | {"client_order_id": body["client_order_id"]})

    async def _cancel(self, perm: int | None) -> bytes:
        found = await self._standing(perm)
        if found is None:
            return _NO_ORDER
        if found.state in _OVER:
            return answer(422, {"code": 42210000, "message": "order is not cancelable"})
        if not self._is_mine(found):
            return _not_ours(found)
        try:
            told = await self._tws.cancel_order(found)
        except Refused as refusal:
            return answer(422, {"code": 42210000, "message": str(refusal)})
        if told.status == "Filled":
            return answer(422, {"code": 42210000, "message": "order is not cancelable"})
        return answer(204)


def _not_ours(found: Standing) -> bytes:
    message = f"order {order_uuid(found.perm)} is of client {found.client_id} of TWS"
    return answer(422, {"code": 42210000, "message": message})


def main() -> None:
    """Read where TWS is from standard input, serve on the socket that was inherited."""
    given = json.loads(sys.stdin.readline())
    listening = sockets.socket(fileno=int(given["descriptor"]))
    place = Place(**given["place"])

    def announce(told: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            os.write(1, json.dumps(told).encode() + b"\n")

    async def serve() -> None:
        ended = asyncio.ensure_future(_end_of_input())
        serving = asyncio.ensure_future(Bridge(place, given["token"], announce).run(listening))
        await asyncio.wait({ended, serving}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()

    asyncio.run(serve())


async def _end_of_input() -> None:
    """Return when who started this process is gone."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()

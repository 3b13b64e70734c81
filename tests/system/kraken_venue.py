"""A stand-in for Kraken spot: REST and WebSocket v2, the truth of its orders, and faults on demand.

Written from the venue's documentation alone. One account, which begins with dollars; every order of
it is kept for ever, so that `GET /admin/ledger` can be compared with a session's books.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import random
import string
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from system.kraken_market import BTC, ETH, Book, Order, Pair, checksum, fee_of
from system.kraken_wire import Gone, Request, Socket, answer, dump, read_request

PAGE = 50
ERRORS = {
    "timeout": "EService:Timeout",
    "busy": "EService:Busy",
    "internal": "EGeneral:Internal error",
    "unheard": "EOrder:A word of tomorrow",
    "limited": "EOrder:Rate limit exceeded",
    "questions": "EAPI:Rate limit exceeded",
}


class Refused(Exception):
    """An error in the venue's words."""


@dataclass
class Fault:
    """Something that goes wrong with calls of a method, or with a stream.

    `kind` is an error of `ERRORS`, ``cut``, ``page`` (a 502 of a gateway), or of streams ``drop``,
    ``twice``, ``swap``, ``cut_account``, ``wrong_sum``. `after`: the venue has acted on the call.
    """

    kind: str
    methods: tuple[str, ...] = ("AddOrder", "AmendOrder", "CancelOrder")
    chance: float = 1.0
    after: bool = True
    left: int = 1_000_000


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def own_id(client_id: str) -> str:
    """Return an id of ours as the session writes it, from the UUID that it makes of it."""
    digits = client_id.replace("-", "")
    bits = digits[:12] + digits[13:16] + digits[17:]
    if len(client_id) != 36 or bits[:4] != "7274" or digits[12] != "4" or digits[16] != "8":
        return client_id
    lineage, letters = int(bits[4:14], 16), string.ascii_lowercase + "234567"
    name = "".join(letters[(lineage >> shift) & 31] for shift in range(35, -1, -5))
    return f"rt-{name}-{int(bits[14:], 16)}"


class KrakenVenue:
    """Listens on a port of its own until it is closed."""

    dialect = "kraken"
    key = "STANDIN"

    def __init__(self, seed: int, pairs: Iterable[Pair] = (BTC, ETH)) -> None:
        self.drawn = random.Random(seed)
        self.secret = base64.b64encode(self.drawn.randbytes(64)).decode()
        prices = {BTC: Decimal("60000.0"), ETH: Decimal("3000.00")}
        self.books = {pair.symbol: Book(pair, prices[pair], self.drawn) for pair in pairs}
        for book in self.books.values():
            book.walk()
        self.orders: dict[str, Order] = {}
        self.trades: dict[str, dict[str, Any]] = {}
        self.balances = {"ZUSD": Decimal("100000.0000")}
        self.faults: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.last_nonce = 0
        self.questions = (0.0, time.monotonic())
        self.trading: dict[str, tuple[float, float]] = {}
        self.tokens: dict[str, float] = {}
        self.account: set[Socket] = set()
        self.market: set[Socket] = set()
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._listening.wait(10)
        self.address = self.admin = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Cut everything and end the thread."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._start, "127.0.0.1", 0)
        self.port: int = server.sockets[0].getsockname()[1]
        self._listening.set()
        walking = asyncio.ensure_future(self._walk())
        await self._end.wait()
        server.close()
        for task in (walking, *self._tasks):
            task.cancel()
        await asyncio.gather(walking, *self._tasks, return_exceptions=True)

    def _start(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._talk(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                if "upgrade" in request.headers.get("connection", "").lower():
                    return await self._stream(request, Socket.accept(request, reader, writer))
                writer.write(self._answer(request))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, Gone):
            return
        finally:
            writer.transport.abort()

    # ------------------------------------------------------------------------- requests

    def _answer(self, request: Request) -> bytes:
        if request.path == "/admin/ledger":
            return answer(200, dump(self.ledger()))
        method = request.path.rpartition("/")[2]
        fault = self._fault(method)
        if fault is not None and not fault.after:
            return self._broken(fault)
        try:
            if request.path.startswith("/0/private/"):
                self._check(request, method)
            result = getattr(self, f"_{method}")(request.form or request.query)
            said = dump({"error": [], "result": result})
        except Refused as refusal:
            self.counts[str(refusal)] += 1
            said = dump({"error": [str(refusal)]})
        return answer(200, said) if fault is None else self._broken(fault)

    def _fault(self, name: str) -> Fault | None:
        for fault in self.faults:
            if name in fault.methods and fault.left > 0 and self.drawn.random() < fault.chance:
                fault.left -= 1
                self.counts[fault.kind] += 1
                return fault
        return None

    def _broken(self, fault: Fault) -> bytes:
        if fault.kind == "cut":
            raise Gone
        if fault.kind == "page":
            return answer(502, "<html>bad gateway</html>")
        return answer(200, dump({"error": [ERRORS[fault.kind]]}))

    def _check(self, request: Request, method: str) -> None:
        form = request.form
        if request.headers.get("api-key") != self.key:
            raise Refused("EAPI:Invalid key")
        digest = hashlib.sha256((form["nonce"] + request.body).encode()).digest()
        secret = base64.b64decode(self.secret)
        mac = hmac.new(secret, request.path.encode() + digest, hashlib.sha512).digest()
        if request.headers.get("api-sign") != base64.b64encode(mac).decode():
            raise Refused("EAPI:Invalid signature")
        if int(form["nonce"]) <= self.last_nonce:
            raise Refused("EAPI:Invalid nonce")
        self.last_nonce = int(form["nonce"])
        if method not in ("AddOrder", "AmendOrder", "CancelOrder"):
            points = 2 if method in ("TradesHistory", "QueryTrades") else 1
            value, at = self.questions
            now = time.monotonic()
            value = max(0.0, value - (now - at)) + points
            self.questions = (value, now)
            if value > 20:
                raise Refused("EAPI:Rate limit exceeded")

    def _count(self, pair: Pair, points: float, refuses: bool) -> None:
        """Count in the engine's counter of a pair: at most 180, 3.75 less a second."""
        value, at = self.trading.get(pair.symbol, (0.0, 0.0))
        now = time.monotonic()
        value = max(0.0, value - 3.75 * (now - at)) + points
        self.trading[pair.symbol] = (value, now)
        if refuses and value > 180:
            raise Refused("EOrder:Rate limit exceeded")

    def _new_id(self, first: str) -> str:
        letters = string.ascii_uppercase + string.digits
        parts = ("".join(self.drawn.choices(letters, k=size)) for size in (5, 5, 6))
        return first + "-".join(parts)

    def _find(self, form: dict[str, str], missing: str = "EOrder:Unknown order") -> Order:
        for order in self.orders.values():
            named = form.get("txid") == order.txid or form.get("cl_ord_id") == order.client_id
            if named and order.status == "open":
                return order
        raise Refused(missing)

    def _in_time(self, form: dict[str, str]) -> None:
        if "deadline" in form:
            left = datetime.fromisoformat(form["deadline"]).timestamp() - time.time()
            if left < 0:
                raise Refused("EService:Deadline elapsed")
            if left > 60:
                raise Refused("EGeneral:Invalid arguments:deadline")

    def _AddOrder(self, form: dict[str, str]) -> Any:
        self._in_time(form)
        pairs = (book.pair for book in self.books.values())
        pair = next((pair for pair in pairs if form["pair"] in (pair.short, pair.key)), None)
        if pair is None:
            raise Refused("EQuery:Unknown asset pair")
        self._count(pair, 1, True)
        live = (one for one in self.orders.values() if one.status == "open")
        if form["cl_ord_id"] in {order.client_id for order in live}:
            raise Refused("EGeneral:Invalid arguments:cl_ord_id")
        volume = Decimal(form["volume"]).quantize(Decimal("1e-8"))
        if volume < pair.least:
            raise Refused("EOrder:Order minimum not met")
        price = Decimal(form["price"]) if "price" in form else None
        if price is not None and price % pair.tick:
            raise Refused("EOrder:Tick size check failed")
        book = self.books[pair.symbol]
        edge = price or (book.best_ask if form["type"] == "buy" else book.best_bid)
        asset, wanted = (
            ("ZUSD", volume * edge * Decimal("1.004"))
            if form["type"] == "buy"
            else (pair.base, volume)
        )
        if self.balances.get(asset, Decimal(0)) - self._held(asset) < wanted:
            raise Refused("EOrder:Insufficient funds")
        flags = form.get("oflags", "").split(",")
        assert "fciq" in flags, "fees in the quote currency are asked for"
        order = Order(
            self._new_id("O"),
            form["cl_ord_id"],
            pair,
            form["type"],
            form["ordertype"],
            form.get("timeinforce", "GTC"),
            volume,
            price,
            "post" in flags,
            time.time(),
        )
        self.orders[order.txid] = order
        self._tell(order, "pending_new", whole=True)
        self._tell(order, "new")
        self._match(order, maker=False)
        if order.status == "open" and (order.tif == "IOC" or order.kind == "market"):
            self._close(order, "canceled")
        return {"descr": {"order": order.told(False)["descr"]["order"]}, "txid": [order.txid]}

    def _held(self, asset: str) -> Decimal:
        total = Decimal(0)
        for order in self.orders.values():
            if order.status == "open":
                if order.side == "buy" and asset == "ZUSD":
                    total += order.left * (order.price or Decimal(0))
                elif order.side == "sell" and asset == order.pair.base:
                    total += order.left
        return total

    def _AmendOrder(self, form: dict[str, str]) -> Any:
        self._in_time(form)
        order = self._find(form)
        age = time.time() - order.opened
        self._count(order.pair, 1 + (3 if age < 5 else 2 if age < 10 else age < 15), True)
        price = Decimal(form["limit_price"])
        book = self.books[order.pair.symbol]
        crosses = price >= book.best_ask if order.side == "buy" else price <= book.best_bid
        if form.get("post_only") == "true" and crosses:
            raise Refused("EOrder:Post only order")
        order.price, order.volume = price, Decimal(form["order_qty"]).quantize(Decimal("1e-8"))
        if order.volume <= order.executed:
            self._close(order, "canceled")
        else:
            self._tell(order, "amended", whole=True)
            self._match(order, maker=False)
        return {"amend_id": self._new_id("T")}

    def _CancelOrder(self, form: dict[str, str]) -> Any:
        order = self._find(form)
        age = time.time() - order.opened
        steps = ((5, 8), (10, 6), (15, 5), (45, 4), (90, 2), (300, 1))
        self._count(order.pair, next((cost for end, cost in steps if age < end), 0), False)
        self._close(order, "canceled")
        return {"count": 1}

    def _chosen(self, form: dict[str, str], live: bool) -> dict[str, Any]:
        wanted = form.get("cl_ord_id")
        return {
            order.txid: order.told(form.get("trades") == "true")
            for order in reversed(self.orders.values())
            if (order.status == "open") == live and wanted in (None, order.client_id)
        }

    def _OpenOrders(self, form: dict[str, str]) -> Any:
        return {"open": self._chosen(form, True)}

    def _ClosedOrders(self, form: dict[str, str]) -> Any:
        found = self._chosen(form, False)
        first = int(form.get("ofs", 0))
        page = list(found.items())[first : first + PAGE]
        return {"closed": dict(page), "count": len(found)}

    def _QueryOrders(self, form: dict[str, str]) -> Any:
        ids = form["txid"].split(",")
        assert len(ids) <= 50
        if not all(txid in self.orders for txid in ids):
            raise Refused("EOrder:Unknown order")
        return {txid: self.orders[txid].told(form.get("trades") == "true") for txid in ids}

    def _TradesHistory(self, form: dict[str, str]) -> Any:
        start = float(form.get("start", 0))
        newest = [(id, row) for id, row in reversed(self.trades.items()) if row["time"] > start]
        first = int(form.get("ofs", 0))
        return {"trades": dict(newest[first : first + PAGE]), "count": len(newest)}

    def _QueryTrades(self, form: dict[str, str]) -> Any:
        ids = form["txid"].split(",")
        assert len(ids) <= 20
        return {id: self.trades[id] for id in ids}

    def _BalanceEx(self, _form: dict[str, str]) -> Any:
        return {
            asset: {"balance": str(owned), "hold_trade": str(self._held(asset))}
            for asset, owned in self.balances.items()
        }

    def _GetWebSocketsToken(self, _form: dict[str, str]) -> Any:
        token = "".join(self.drawn.choices(string.ascii_letters + string.digits, k=43))
        self.tokens[token] = time.time()
        return {"token": token, "expires": 900}

    def _Time(self, _form: dict[str, str]) -> Any:
        return {"unixtime": int(time.time())}

    def _SystemStatus(self, _form: dict[str, str]) -> Any:
        return {"status": "online", "timestamp": iso(time.time())}

    def _AssetPairs(self, form: dict[str, str]) -> Any:
        names = form["pair"].split(",")
        pairs = [book.pair for book in self.books.values()]
        found = [pair for pair in pairs if {pair.short, pair.key} & set(names)]
        if len(found) != len(names):
            raise Refused("EQuery:Unknown asset pair")
        return {pair.key: pair.listed() for pair in found}

    def _Ticker(self, form: dict[str, str]) -> Any:
        book = next(one for one in self.books.values() if one.pair.short == form["pair"])
        return {book.pair.key: {"c": [str(book.middle), "0.01"]}}

    # ------------------------------------------------------------------------- executions

    def _match(self, order: Order, maker: bool) -> None:
        """Execute what the book allows: all at once for a taker, in parts for what rests."""
        book = self.books[order.pair.symbol]
        buys = order.side == "buy"
        while order.status == "open" and order.left > 0:
            best = book.best_ask if buys else book.best_bid
            crosses = order.price is None or (
                order.price >= best if buys else order.price <= best
            )
            if not crosses:
                return
            if order.post and not maker:
                return self._close(order, "canceled")
            price = order.price if maker and order.price is not None else best
            qty = order.left
            if self.drawn.random() < 0.4:
                part = qty * self.drawn.choice((Decimal("0.3"), Decimal("0.5")))
                qty = max(part.quantize(Decimal("1e-8")), Decimal("1e-8"))
            self._execute(order, qty, price, maker)
            if maker:
                return

    def _execute(self, order: Order, qty: Decimal, price: Decimal, maker: bool) -> None:
        cost = qty * price
        fee = fee_of(cost, maker)
        base, sign = order.pair.base, 1 if order.side == "buy" else -1
        self.balances["ZUSD"] -= sign * cost + fee
        self.balances[base] = self.balances.get(base, Decimal(0)) + sign * qty
        order.executed, order.cost, order.fee = order.executed + qty, order.cost + cost, order.fee + fee
        id = self._new_id("T")
        order.trades.append(id)
        number = len(self.trades) + 1
        self.trades[id] = {
            "ordertxid": order.txid,
            "pair": order.pair.key,
            "time": time.time(),
            "type": order.side,
            "ordertype": order.kind,
            "price": str(price),
            "cost": str(cost),
            "fee": str(fee),
            "vol": str(qty),
            "margin": "0.00000",
            "misc": "",
            "trade_id": number,
            "maker": maker,
        }
        more = {
            "exec_id": id,
            "trade_id": number,
            "symbol": order.pair.symbol,
            "side": order.side,
            "last_qty": qty,
            "last_price": price,
            "liquidity_ind": "m" if maker else "t",
            "cost": cost,
            "cum_qty": order.executed,
            "cum_cost": order.cost,
            "fees": [{"asset": "USD", "qty": fee}],
        }
        self._tell(order, "trade", more)
        if order.left == 0:
            self._close(order, "closed")

    def _close(self, order: Order, status: str) -> None:
        order.status, order.closed = status, time.time()
        word = "filled" if status == "closed" else status
        self._tell(order, word, {"cum_qty": order.executed, "cum_cost": order.cost})

    def _tell(
        self, order: Order, word: str, more: dict[str, Any] | None = None, whole: bool = False
    ) -> None:
        now = iso(time.time())
        row: dict[str, Any] = {"order_id": order.txid, "exec_type": word, "timestamp": now}
        if word == "trade":
            row["order_status"] = "partially_filled"
        elif word == "amended":
            row["order_status"] = "partially_filled" if order.executed else "new"
        else:
            row["order_status"] = word
        if whole:
            row |= self._terms(order)
        row |= more or {}
        for socket in list(self.account):
            socket.sequence += 1
            self._pass_on(socket, [row], "update")

    def _terms(self, order: Order) -> dict[str, Any]:
        terms: dict[str, Any] = {
            "cl_ord_id": order.client_id,
            "symbol": order.pair.symbol,
            "side": order.side,
            "order_type": order.kind,
            "time_in_force": order.tif,
            "order_qty": order.volume,
            "cum_qty": order.executed,
            "cum_cost": order.cost,
        }
        return terms | ({"limit_price": order.price} if order.price is not None else {})

    def _pass_on(self, socket: Socket, rows: list[dict[str, Any]], kind: str) -> None:
        message = {"channel": "executions", "type": kind, "data": rows}
        text = dump(message | {"sequence": socket.sequence})
        fault = self._fault("executions")
        what = fault.kind if fault else ""
        if what == "swap" and socket.held is None:
            socket.held = text
            return
        if what == "cut_account":
            self.account.discard(socket)
            return socket.cut()
        if what != "drop":
            socket.send(text)
        if what == "twice":
            socket.send(text)
        if socket.held is not None:
            late, socket.held = socket.held, None
            socket.send(late)

    # ------------------------------------------------------------------------- streams

    async def _stream(self, request: Request, socket: Socket) -> None:
        online = {"version": "2.0.10", "system": "online", "api_version": "v2"}
        data = [online | {"connection_id": 6447481662169813000}]
        socket.send({"channel": "status", "type": "update", "data": data})
        private = request.path.startswith("/auth")
        handle = self._handle_account if private else self._handle_market
        sockets = self.account if private else self.market

        async def take(message: Any) -> None:
            if message["method"] == "ping":
                socket.send({"method": "pong", "req_id": message.get("req_id")})
            else:
                handle(socket, message)

        try:
            await socket.run(take)
        finally:
            sockets.discard(socket)

    def _handle_account(self, socket: Socket, message: Any) -> None:
        params = message["params"]
        said = {"method": message["method"], "req_id": message.get("req_id")}
        issued = self.tokens.pop(params.get("token"), None)
        if issued is None or time.time() - issued > 900:
            socket.send(said | {"success": False, "error": "EGeneral:Permission denied"})
            return
        self.counts["tokens"] += 1
        result = {"channel": "executions", "maxratecount": 180, "snapshot": True}
        socket.send(said | {"success": True, "result": result})
        now = iso(time.time())
        live = [one for one in self.orders.values() if one.status == "open"]
        rows = [
            {"order_id": one.txid, "exec_type": "new", "order_status": "new", "timestamp": now}
            | self._terms(one)
            for one in live
        ]
        socket.sequence = 1
        self.account.add(socket)
        head = {"channel": "executions", "type": "snapshot", "data": rows}
        socket.send(head | {"sequence": 1})

    def _handle_market(self, socket: Socket, message: Any) -> None:
        params = message["params"]
        said = {"method": message["method"], "req_id": message.get("req_id")}
        for symbol in params["symbol"]:
            if symbol not in self.books:
                error = f"Currency pair not supported {symbol}"
                socket.send(said | {"success": False, "error": error, "symbol": symbol})
                continue
            channel = params["channel"]
            result: dict[str, Any] = {"channel": channel, "symbol": symbol}
            if channel == "book":
                socket.depth = params.get("depth", 10)
                result["depth"] = socket.depth
            socket.send(said | {"success": True, "result": result})
            self.counts[f"{message['method']} {channel}"] += 1
            if message["method"] == "unsubscribe":
                socket.subscribed.discard((channel, symbol))
                continue
            socket.subscribed.add((channel, symbol))
            self.market.add(socket)
            if channel == "book":
                book = self.books[symbol]
                sides = {
                    name: [{"price": price, "qty": side[price]} for price in sorted(side)]
                    for name, side in (("bids", book.bids), ("asks", book.asks))
                }
                socket.send(self._book_message("snapshot", book, sides))

    def _book_message(self, kind: str, book: Book, sides: dict[str, Any]) -> dict[str, Any]:
        row = {"symbol": book.pair.symbol, **sides, "checksum": checksum(book.bids, book.asks)}
        return {"channel": "book", "type": kind, "data": [row | {"timestamp": iso(time.time())}]}

    async def _walk(self) -> None:
        beat = 0
        while True:
            await asyncio.sleep(0.05)
            beat += 1
            for symbol, book in self.books.items():
                sides = book.walk()
                message = self._book_message("update", book, sides)
                if self._fault("book"):
                    message["data"][0]["checksum"] ^= 1
                price, qty = book.middle, Decimal("0.01000000")
                trade = {"symbol": symbol, "side": "buy", "price": price, "qty": qty}
                trade |= {"ord_type": "limit", "trade_id": beat, "timestamp": iso(time.time())}
                told = {"channel": "trade", "type": "update", "data": [trade]}
                for socket in self.market:
                    if ("book", symbol) in socket.subscribed:
                        socket.send(message)
                    if ("trade", symbol) in socket.subscribed:
                        socket.send(told)
                for order in list(self.orders.values()):
                    if order.status == "open" and order.pair.symbol == symbol:
                        self._match(order, maker=True)
            if beat % 20 == 0:
                for socket in (*self.market, *self.account):
                    socket.send({"channel": "heartbeat"})

    # ------------------------------------------------------------------------- the truth

    def on_loop(self, act: Callable[[], None]) -> None:
        """Do something between two messages."""
        done = threading.Event()

        def go() -> None:
            with contextlib.suppress(OSError):
                act()
            done.set()

        self._loop.call_soon_threadsafe(go)
        assert done.wait(10)

    def cut_streams(self) -> None:
        """Cut the account's streams as they stand."""
        self.on_loop(lambda: [socket.cut() for socket in list(self.account)] and None)

    def ledger(self) -> dict[str, Any]:
        """Return the truth in the form that sessions are compared with."""
        words = {"closed": "filled", "open": "new"}
        by_base = {book.pair.base: symbol for symbol, book in self.books.items()}
        return {
            "orders": [
                {
                    "client_order_id": own_id(order.client_id),
                    "status": words.get(order.status, order.status),
                }
                for order in self.orders.values()
            ],
            "executions": [
                {
                    "id": id,
                    "client_order_id": own_id(self.orders[row["ordertxid"]].client_id),
                    "side": row["type"],
                    "qty": row["vol"],
                    "price": row["price"],
                    "fee": row["fee"],
                }
                for id, row in self.trades.items()
            ],
            "positions": {
                by_base[asset]: str(owned)
                for asset, owned in self.balances.items()
                if asset in by_base and owned
            },
            "cash": str(self.balances["ZUSD"]),
        }

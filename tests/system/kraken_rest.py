"""The private and public calls of a stand-in venue, by their names."""

from __future__ import annotations

import base64
import hashlib
import hmac
import string
import time
from datetime import datetime
from decimal import Decimal
from typing import Any

from system.kraken_exchange import KrakenExchange
from system.kraken_market import KrakenOrder, Pair
from system.stand_in import iso
from system.stand_in_wire import Request

PAGE = 50


class Refused(Exception):
    """An error in the venue's words."""


class Calls(KrakenExchange):
    """What may be asked: ``AddOrder`` is answered by `call_add_order`."""

    key = "STANDIN"

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.secret = base64.b64encode(self.drawn.randbytes(64)).decode()
        self.last_nonce = 0
        self.questions = (0.0, time.monotonic())
        self.trading: dict[str, tuple[float, float]] = {}
        self.tokens: dict[str, float] = {}

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

    def _find(self, form: dict[str, str], missing: str = "EOrder:Unknown order") -> KrakenOrder:
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

    def call_add_order(self, form: dict[str, str]) -> Any:
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
        first, second = (
            Decimal(form[name]) if name in form else None for name in ("price", "price2")
        )
        stop, price = (first, second) if form["ordertype"].startswith("stop") else (None, first)
        if any(one % pair.tick for one in (stop, price) if one is not None):
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
        order = KrakenOrder(
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
            stop=stop,
        )
        self.orders[order.txid] = order
        self._tell(order, "pending_new", whole=True)
        self._tell(order, "new")
        self._match(order, maker=False)
        if order.status == "open" and (order.tif == "IOC" or order.kind == "market"):
            self._close(order, "canceled")
        return {"descr": {"order": order.told(False)["descr"]["order"]}, "txid": [order.txid]}

    def call_amend_order(self, form: dict[str, str]) -> Any:
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

    def call_cancel_order(self, form: dict[str, str]) -> Any:
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

    def call_open_orders(self, form: dict[str, str]) -> Any:
        return {"open": self._chosen(form, True)}

    def call_closed_orders(self, form: dict[str, str]) -> Any:
        found = self._chosen(form, False)
        first = int(form.get("ofs", 0))
        page = list(found.items())[first : first + PAGE]
        return {"closed": dict(page), "count": len(found)}

    def call_query_orders(self, form: dict[str, str]) -> Any:
        ids = form["txid"].split(",")
        assert len(ids) <= 50
        if not all(txid in self.orders for txid in ids):
            raise Refused("EOrder:Unknown order")
        return {txid: self.orders[txid].told(form.get("trades") == "true") for txid in ids}

    def call_trades_history(self, form: dict[str, str]) -> Any:
        start = float(form.get("start", 0))
        newest = [one for one in reversed(self.trades.items()) if one[1]["time"] > start]
        first = int(form.get("ofs", 0))
        return {"trades": dict(newest[first : first + PAGE]), "count": len(newest)}

    def call_query_trades(self, form: dict[str, str]) -> Any:
        ids = form["txid"].split(",")
        assert len(ids) <= 20
        return {name: self.trades[name] for name in ids}

    def call_balance_ex(self, _form: dict[str, str]) -> Any:
        return {
            asset: {"balance": str(owned), "hold_trade": str(self._held(asset))}
            for asset, owned in self.balances.items()
        }

    def call_get_web_sockets_token(self, _form: dict[str, str]) -> Any:
        token = "".join(self.drawn.choices(string.ascii_letters + string.digits, k=43))
        self.tokens[token] = time.time()
        return {"token": token, "expires": 900}

    def call_time(self, _form: dict[str, str]) -> Any:
        return {"unixtime": int(time.time())}

    def call_system_status(self, _form: dict[str, str]) -> Any:
        return {"status": "online", "timestamp": iso(time.time())}

    def call_asset_pairs(self, form: dict[str, str]) -> Any:
        names = form["pair"].split(",")
        pairs = [book.pair for book in self.books.values()]
        found = [pair for pair in pairs if {pair.short, pair.key} & set(names)]
        if len(found) != len(names):
            raise Refused("EQuery:Unknown asset pair")
        return {pair.key: pair.listed() for pair in found}

    def call_price(self, form: dict[str, str]) -> Any:
        book = next(one for one in self.books.values() if one.pair.short == form["pair"])
        return {book.pair.key: {"c": [str(book.middle), "0.01"]}}

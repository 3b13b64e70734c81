"""The calls of a stand-in for Coinbase: their names are the ends of their paths."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

from system.coinbase_exchange import CoinbaseExchange
from system.coinbase_market import CoinbaseOrder, listed
from system.stand_in import iso
from system.stand_in_wire import Request

PAGE = 25
"""Rows of a page at most, whatever was asked for: so that there are pages."""


class Refused(Exception):
    """An answer that is none of success."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, body


def not_found() -> Refused:
    return Refused(404, {"error": "NOT_FOUND", "error_details": "", "message": "not found"})


def invalid(text: str) -> Refused:
    return Refused(400, {"error": "INVALID_ARGUMENT", "error_details": text, "message": text})


class Calls(CoinbaseExchange):
    """What may be asked."""

    def __init__(self, seed: int, form: str) -> None:
        super().__init__(seed, form)
        self.flags: dict[str, set[str]] = {}

    def _refusal(self, word: str) -> Any:
        self.counts[word] += 1
        response = {"error": word, "message": "", "error_details": ""}
        return {"success": False, "error_response": response | {"preview_failure_reason": word}}

    def call_create(self, request: Request) -> Any:
        body = json.loads(request.body)
        for order in self.orders.values():
            if order.client_id == body["client_order_id"]:
                self.counts["repeated"] += 1
                return self._created(order)
        [(configuration, terms)] = body["order_configuration"].items()
        book = self.books.get(body["product_id"])
        if book is None:
            return self._refusal("INVALID_PRODUCT_ID")
        pair, buys = book.pair, body["side"] == "BUY"
        volume = Decimal(terms["base_size"])
        price, stop = (
            Decimal(terms[name]) if name in terms else None
            for name in ("limit_price", "stop_price")
        )
        up = {"BUY": "STOP_DIRECTION_STOP_UP", "SELL": "STOP_DIRECTION_STOP_DOWN"}
        assert terms.get("stop_direction") == (up[body["side"]] if stop is not None else None)
        if volume % Decimal("1e-8") or volume < pair.least:
            return self._refusal("INVALID_SIZE_PRECISION")
        if any(one % pair.tick for one in (price, stop) if one is not None):
            return self._refusal("INVALID_PRICE_PRECISION")
        edge = price or (book.best_ask if buys else book.best_bid)
        asset, wanted = ("USD", volume * edge * Decimal("1.004")) if buys else (pair.base, volume)
        if self.balances.get(asset, Decimal(0)) - self._held(asset) < wanted:
            return self._refusal("INSUFFICIENT_FUND")
        crosses = price and (price >= book.best_ask if buys else price <= book.best_bid)
        if terms.get("post_only") and crosses:
            return self._refusal("INVALID_LIMIT_PRICE_POST_ONLY")
        order = CoinbaseOrder(
            self.new_id(),
            body["client_order_id"],
            pair,
            body["side"].lower(),
            "stop" if stop is not None else "limit" if price is not None else "market",
            configuration.rpartition("_")[2],
            volume.quantize(Decimal("1e-8")),
            price,
            bool(terms.get("post_only")),
            time.time(),
            configuration=configuration,
            terms=terms,
            stop=stop,
        )
        self.orders[order.txid] = order
        self._tell(order)
        return self._created(order)

    def _created(self, order: CoinbaseOrder) -> Any:
        said = {"order_id": order.txid, "product_id": order.pair.symbol}
        said |= {"side": order.side.upper(), "client_order_id": order.client_id}
        return {"success": True, "success_response": said}

    def call_edit(self, request: Request) -> Any:
        body = json.loads(request.body)
        order = self.orders.get(body["order_id"])
        size, price = Decimal(body["size"]), Decimal(body["price"])
        word = ""
        if order is None:
            word = "ORDER_NOT_FOUND"
        elif order.status != "open" or order.moving is not None:
            word = "ONLY_OPEN_ORDERS_CAN_BE_EDITED"
        elif order.configuration != "limit_limit_gtc":
            word = "ONLY_LIMIT_ORDER_EDITS_SUPPORTED"
        elif size <= order.executed:
            word = "CANNOT_EDIT_TO_BELOW_FILLED_SIZE"
        elif (size, price) == (order.volume, order.price):
            word = "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST"
        if word:
            self.counts[word] += 1
            return {"success": False, "errors": [{"edit_failure_reason": word}]}
        self.counts["edits"] += 1
        order.moving, order.edit = "EDIT_QUEUED", (price, size.quantize(Decimal("1e-8")))
        if self.drawn.random() < 0.5:
            self._work(order)
        else:
            self._tell(order)
        return {"success": True, "errors": []}

    def call_cancel(self, request: Request) -> Any:
        ids = json.loads(request.body)["order_ids"]
        assert 0 < len(ids) <= 100
        return {"results": [self._cancel(name) for name in ids]}

    def _cancel(self, name: str) -> Any:
        order = self.orders.get(name)
        reason = "UNKNOWN_CANCEL_FAILURE_REASON"
        if order is None or order.status != "open":
            reason = "UNKNOWN_CANCEL_ORDER"
        elif order.moving == "CANCEL_QUEUED":
            reason = "DUPLICATE_CANCEL_REQUEST"
        elif order.moving == "EDIT_QUEUED":
            reason = "ORDER_IS_BEING_REPLACED"
        good = reason == "UNKNOWN_CANCEL_FAILURE_REASON"
        if good and order is not None:
            order.moving = "CANCEL_QUEUED"
            self._tell(order)
        self.counts[reason] += 1
        return {"success": good, "failure_reason": reason, "order_id": name}

    def _page(self, request: Request, rows: list[Any], name: str) -> Any:
        first = int(request.query.get("cursor", 0))
        end = first + min(PAGE, int(request.query.get("limit", PAGE)))
        more = end < len(rows)
        self.counts["pages"] += more
        return {name: rows[first:end], "has_next": more, "cursor": str(end) if more else ""}

    def call_order(self, request: Request) -> Any:
        order = self.orders.get(request.path.rpartition("/")[2])
        if order is None:
            raise not_found()
        return {"order": order.told(iso(order.opened))}

    def call_batch(self, request: Request) -> Any:
        chosen: dict[str, set[str]] = {}
        for name, value in request.pairs:
            chosen.setdefault(name, set()).add(value)
        words = chosen.get("order_status")
        if words and "OPEN" in words and len(words) > 1:
            raise invalid("OPEN cannot be paired with another status")

        def wanted(order: CoinbaseOrder) -> bool:
            return (
                (words is None or order.word in words)
                and order.txid in chosen.get("order_ids", {order.txid})
                and order.pair.symbol in chosen.get("product_ids", {order.pair.symbol})
            )

        rows = [order for order in reversed(self.orders.values()) if wanted(order)]
        page = self._page(request, rows, "orders")
        return page | {"orders": [order.told(iso(order.opened)) for order in page["orders"]]}

    def call_fills(self, request: Request) -> Any:
        ids = {value for name, value in request.pairs if name == "order_ids"}
        since = request.query.get("start_sequence_timestamp", "")[:26]
        newest = list(reversed(self.trades.values()))
        if (fault := self._fault("list of fills")) is not None:
            newest = newest[1:] if fault.kind == "late" else newest
        rows = [
            row
            for row in newest
            if (not ids or row["order_id"] in ids) and row["sequence_timestamp"][:26] >= since
        ]
        return self._page(request, rows, "fills")

    def call_accounts(self, request: Request) -> Any:
        rows = [
            {
                "uuid": f"account of {asset}",
                "currency": asset,
                "available_balance": {"value": str(owned - self._held(asset)), "currency": asset},
                "hold": {"value": str(self._held(asset)), "currency": asset},
            }
            for asset, owned in self.balances.items()
        ]
        return self._page(request, rows, "accounts")

    def call_key_permissions(self, _request: Request) -> Any:
        rights = {"can_view": True, "can_trade": True, "can_transfer": False}
        return rights | {"portfolio_uuid": "b1b1b1b1-0000-4000-8000-000000000001"}

    def _listed(self, symbol: str) -> Any:
        book = self.books[symbol]
        return listed(book.pair, book.middle, self.flags.get(symbol, set()))

    def call_products(self, request: Request) -> Any:
        names = [value for name, value in request.pairs if name == "product_ids"]
        found = [self._listed(name) for name in names if name in self.books]
        return {"products": found, "num_products": len(found)}

    def call_product(self, request: Request) -> Any:
        return self._listed(request.path.rpartition("/")[2])

    def call_time(self, _request: Request) -> Any:
        now = self.now()
        millis = {"epochSeconds": str(int(now)), "epochMillis": str(int(now * 1000))}
        return {"iso": iso(now)} | millis

    ahead_s = 0.0
    """The venue's clock less that of this machine."""

    def now(self) -> float:
        return time.time() + self.ahead_s

"""Both dialects on real sockets: hostile clients, faults that reach the wire, one ledger."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from system.test_venue import venue

pytestmark = pytest.mark.system

CONFIG = """\
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = 1.0
seed = 7
alpaca_port = 0
binance_port = 0
admin_port = 0
[[account]]
dialect = "alpaca"
key = "K1"
secret = "S1"
cash = "100000"
[[account]]
dialect = "binance"
key = "B1"
secret = "B2"
balances = { USDT = "100000", BTC = "1" }
[[instrument]]
symbol = "BTC/USD"
asset_class = "crypto"
market = { kind = "synthetic", price = "60000.00", spread_ticks = 100, depth_qty = "2.5" }
"""
LIMIT = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "LIMIT",
    "timeInForce": "GTC",
    "quantity": "0.01",
    "price": "50000",
}
ORDER = "/api/v3/order"
SEED = 20260309
SIDES = ("BUY", "SELL")
WORDS = (
    *("", "0", "-1", "1e9", "NaN", "BTCUSDT", "BUY", "SELL", "LIMIT", "MARKET", "STOP_LOSS", "GTC"),
    *(
        "99999999999999999999",
        "0.00000001",
        "0.1",
        "60000",
        "x" * 50,
        "%",
        "&",
        "null",
        "1m",
        "true",
    ),
)
NAMES = (
    *(
        "symbol",
        "symbols",
        "side",
        "type",
        "timeInForce",
        "quantity",
        "price",
        "stopPrice",
        "limit",
    ),
    *("quoteOrderQty", "interval", "orderId", "origClientOrderId", "newClientOrderId", "fromId"),
    *("startTime", "endTime", "cancelReplaceMode", "cancelOrderId", "recvWindow"),
)
PATHS = (
    *("exchangeInfo", "depth", "trades", "aggTrades", "klines", "avgPrice", "ticker/24hr"),
    *("ticker/price", "ticker/bookTicker", "account", "order", "order/test", "openOrders"),
    *("order/cancelReplace", "allOrders", "myTrades", "rateLimit/order", "nope", ""),
)


class Client:
    """A client of both dialects that knows nothing of the venue's code."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready

    def send(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
            try:
                return error.code, json.loads(text or b"null")
            except ValueError:
                return error.code, text.decode()

    def signed(
        self,
        method: str,
        path: str,
        params: dict[str, Any],
        *,
        secret: str = "B2",
        shift_ms: int = 0,
    ) -> tuple[int, Any]:
        stamp = {"timestamp": int(time.time() * 1000) + shift_ms}
        query = urllib.parse.urlencode({**params, **stamp})
        signature = hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = f"{self.ready['binance']}{path}?{query}&signature={signature}"
        return self.send(url, method, headers={"X-MBX-APIKEY": "B1"})

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        raw = None if body is None else json.dumps(body).encode()
        status, answer = self.send(f"{self.ready['admin']}/admin/{path}", method, raw)
        assert status == 200, answer
        return answer

    def fault(self, **rule: Any) -> Any:
        return self.admin("POST", "faults", rule)

    def orders(self, key: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.admin("GET", f"ledger?account={key}")["orders"]
        return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    path = tmp_path_factory.mktemp("dialects") / "venue.toml"
    path.write_text(CONFIG, encoding="utf-8")
    with venue("--config", str(path)) as (_child, ready):
        yield Client(ready)


@pytest.fixture(autouse=True)
def calm(client: Client) -> Iterator[None]:
    yield
    client.admin("DELETE", "faults")
    client.fault(fault="F9", kind="normal")


def test_the_ready_line_names_the_dialects_that_are_spoken(client: Client) -> None:
    assert {"ready", "alpaca", "binance", "admin"} <= client.ready.keys()
    ports = {client.ready[name].rpartition(":")[2] for name in ("alpaca", "binance", "admin")}
    assert len(ports) == 3


def test_two_dialects_share_one_market_and_one_ledger(client: Client) -> None:
    status, placed = client.signed("POST", ORDER, {**LIMIT, "newClientOrderId": "mine"})
    assert (status, placed["status"]) == (200, "NEW")
    body = {"symbol": "BTC/USD", "side": "buy", "qty": 0.01, "type": "market"}
    keys = {"APCA-API-KEY-ID": "K1", "APCA-API-SECRET-KEY": "S1"}
    raw = json.dumps({**body, "time_in_force": "gtc"}).encode()
    status, _ = client.send(f"{client.ready['alpaca']}/v2/orders", "POST", raw, keys)
    assert status == 200
    ledger = client.admin("GET", "ledger")
    assert ledger["orders"][0]["client_order_id"] == "mine"
    assert ledger["executions"][-1]["fee_asset"] == "USD"
    status, book = client.send(f"{client.ready['binance']}/api/v3/depth?symbol=BTCUSDT&limit=5")
    path = "/v1beta3/crypto/us/latest/orderbooks?symbols=BTC/USD"
    assert status == 200
    assert len(book["bids"]) == 5
    assert client.send(client.ready["alpaca"] + path)[0] == 200
    client.signed("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})


def test_bad_signatures_and_stale_times_are_refused(client: Client) -> None:
    before = len(client.orders("B1"))
    for changed, code in [
        ({"secret": "wrong"}, -1022),
        ({"shift_ms": -10_000}, -1021),
        ({"shift_ms": 60_000}, -1021),
    ]:
        status, body = client.signed("POST", ORDER, LIMIT, **changed)
        assert (status, body["code"]) == (400, code)
    status, body = client.signed("POST", ORDER, {**LIMIT, "symbol": "NOPE"})
    assert (status, body["code"]) == (400, -1121)
    assert len(client.orders("B1")) == before


def test_absurd_requests_break_nothing(client: Client) -> None:
    too_much = b"x" * (2 << 20)
    for base in (client.ready["binance"], client.ready["alpaca"], client.ready["admin"]):
        # It may hang up while the rest is still being sent.
        with contextlib.suppress(urllib.error.URLError):
            assert client.send(f"{base}/api/v3/order", "POST", too_much)[0] == 413
    host, port = client.ready["binance"].removeprefix("http://").split(":")
    for noise in (
        b"\x00\xff\r\n\r\n",
        b"GET /" + b"a" * 70_000,
        b"POST /api/v3/order HTTP/1.1\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as hostile:
            hostile.sendall(noise)
    half_open = [socket.create_connection((host, int(port)), timeout=5) for _ in range(20)]
    assert client.send(f"{client.ready['binance']}/api/v3/ping") == (200, {})
    for hostile in half_open:
        hostile.close()


def test_random_parameters_are_answered_by_the_rules(client: Client) -> None:
    random = Random(SEED)
    client.fault(fault="F9", kind="buckets", weight_per_minute=10**9)
    for _ in range(600):
        params = {name: random.choice(WORDS) for name in random.sample(NAMES, random.randint(0, 8))}
        path = f"/api/v3/{random.choice(PATHS)}"
        status, body = client.signed(random.choice(["GET", "POST", "DELETE"]), path, params)
        assert status < 500, (SEED, path, params, body)
        if status != 200:
            assert {"code", "msg"} <= body.keys(), (SEED, path, params, body)


def test_money_and_coins_are_what_the_executions_make_of_them(client: Client) -> None:
    random = Random(SEED)
    for _ in range(40):
        price = random.choice(["59000", "61000"])
        client.signed("POST", ORDER, {**LIMIT, "price": price, "side": random.choice(SIDES)})
    ledger = client.admin("GET", "ledger?account=B1")
    owned = {"USDT": Decimal(100_000), "BTC": Decimal(1)}
    for row in ledger["executions"]:
        sign = 1 if row["side"] == "buy" else -1
        owned["BTC"] += sign * Decimal(row["qty"])
        owned["USDT"] -= sign * Decimal(row["qty"]) * Decimal(row["price"])
        owned[row["fee_asset"]] -= Decimal(row["fee"])
    assert ledger["executions"]
    assert {asset: Decimal(text) for asset, text in ledger["balances"].items()} == owned
    client.signed("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})


def test_a_lost_answer_leaves_one_order(client: Client) -> None:
    for number, rule in enumerate(
        (
            {"fault": "F1", "status": 504},
            {"fault": "F3", "kind": "reset"},
            {"fault": "F3", "kind": "half_body"},
        )
    ):
        client.fault(**rule, path=ORDER, method="POST")
        name = f"lost-{number}"
        try:
            status, _ = client.signed("POST", ORDER, {**LIMIT, "newClientOrderId": name})
            assert status == 504
        except (OSError, ValueError, urllib.error.URLError):
            pass
        assert [o["client_order_id"] for o in client.orders("B1")].count(name) == 1
        query = {"symbol": "BTCUSDT", "origClientOrderId": name}
        assert client.signed("GET", ORDER, query)[1]["status"] == "NEW"
    client.signed("DELETE", "/api/v3/openOrders", {"symbol": "BTCUSDT"})
    counters = client.admin("GET", "faults")["counters"]
    assert (counters["F1"], counters["F3"]) == (1, 2)


def test_latency_before_and_after(client: Client) -> None:
    for when in ("before", "after"):
        client.fault(fault="F2", when=when, delay_ms=150, path="/api/v3/ping")
        begun = time.monotonic()
        assert client.send(f"{client.ready['binance']}/api/v3/ping")[0] == 200
        assert time.monotonic() - begun >= 0.15


def test_a_restart_breaks_connections_and_can_forget(client: Client) -> None:
    client.signed("POST", ORDER, LIMIT)
    client.fault(fault="F11", kind="restart", state=False, down_ms=200)
    with pytest.raises((OSError, urllib.error.URLError)):
        client.send(f"{client.ready['binance']}/api/v3/ping")
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            assert client.send(f"{client.ready['binance']}/api/v3/ping")[0] == 200
            break
        except OSError:
            continue
    assert client.orders("B1") == []
    assert client.signed("GET", "/api/v3/openOrders", {})[1] == []

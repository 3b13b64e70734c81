"""Session and venue files: unknown keys, types, addresses and secrets, each with its line."""

from __future__ import annotations

import base64
import pickle
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from py_rt.errors import ConfigError, DataError, ParameterError, TradingError
from py_rt.trade import read_config, read_venue_config, venue_on_data
from py_rt.trade.secrets import Secret

GOOD = """\
[run]
symbols = ["BTC/USD"]
state_dir = "state"
seconds = 60
cancel_on_stop = true
[strategy]
order_qty = 0.01
[venue]
dialect = "alpaca"
mode = "paper"
trading_url = "http://127.0.0.1:18080"
account_stream_url = "ws://127.0.0.1:18080/stream"
market_stream_url = "ws://127.0.0.1:18080/v1beta3/crypto/us"
key_env = "APCA_API_KEY_ID"
secret_env = "APCA_API_SECRET_KEY"
[risk]
max_order_notional = 5000.10
[store]
url = "sqlite"
"""

VENUE = """\
[venue]
clock = "2026-03-09T10:00:00-04:00"
speed = 2.0
seed = 7
admin_port = 0
alpaca_port = 0
[[account]]
dialect = "alpaca"
key = "K1"
secret = "S1"
cash = "1000000"
[[instrument]]
symbol = "AAPL"
asset_class = "us_equity"
market = { kind = "synthetic", price = "190.00", spread_ticks = 2, depth_qty = "500" }
[[instrument]]
symbol = "BTC/USD"
asset_class = "crypto"
market = { kind = "recorded", data = "sample:btcusdt_l2" }
"""


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APCA_API_KEY_ID", "the-key")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "the-secret")


def write(folder: Path, text: str) -> Path:
    path = folder / "file.toml"
    path.write_text(text, encoding="utf-8")
    return path


def assert_refused(path: Path, field: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert caught.value.field == field
    assert hint in caught.value.remedy


def changed(text: str, pattern: str, new: str) -> str:
    made, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
    assert count == 1, pattern
    return made


def test_the_promised_file_is_read(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, GOOD))
    assert config.symbols == ("BTC/USD",)
    assert config.state_dir == tmp_path / "state"
    assert config.params == {"order_qty": 0.01}
    assert type(config.params["order_qty"]) is float
    assert config.limits.max_order_notional == Decimal("5000.10")
    core = config.to_core()
    assert (core["key"], core["secret"], core["seconds"]) == ("the-key", "the-secret", 60.0)
    assert core["risk"]["max_order_notional"] == "5000.1"


def test_addresses_are_derived(tmp_path: Path) -> None:
    short = changed(GOOD, r"^account_stream.*\nmarket_stream.*\n", "")
    full, derived = read_config(write(tmp_path, GOOD)), read_config(write(tmp_path, short))
    assert full.addresses == derived.addresses
    assert full.config_hash == derived.config_hash
    real = changed(short, r"^trading_url.*\n", "")
    addresses = read_config(write(tmp_path, real)).addresses
    assert addresses.trading_url == "https://paper-api.alpaca.markets"
    assert addresses.account_stream_url == "wss://paper-api.alpaca.markets/stream"
    assert addresses.market_stream_url == "wss://stream.data.alpaca.markets/v1beta3/crypto/us"


BINANCE = """\
[run]
symbols = ["BTCUSDT"]
[venue]
dialect = "binance"
"""


@pytest.fixture
def binance_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_API_KEY", "b-key")
    monkeypatch.setenv("BINANCE_API_SECRET", "b-secret")


@pytest.mark.usefixtures("binance_keys")
def test_addresses_of_binance_are_derived(tmp_path: Path) -> None:
    paper = read_config(write(tmp_path, BINANCE))
    assert paper.addresses.to_dict() == {
        "trading_url": "https://testnet.binance.vision",
        "account_stream_url": "wss://ws-api.testnet.binance.vision/ws-api/v3",
        "market_stream_url": "wss://stream.testnet.binance.vision/stream",
    }
    core = paper.to_core()
    assert (core["dialect"], core["key"], core["secret"]) == ("binance", "b-key", "b-secret")
    live = read_config(write(tmp_path, BINANCE + 'mode = "live"\n')).addresses
    assert live.trading_url == "https://api.binance.com"
    assert live.account_stream_url == "wss://ws-api.binance.com/ws-api/v3"
    assert live.market_stream_url == "wss://stream.binance.com:9443/stream"
    here = read_config(write(tmp_path, BINANCE + 'trading_url = "http://127.0.0.1:9"\n')).addresses
    assert here.account_stream_url == "ws://127.0.0.1:9/ws-api/v3"
    assert here.market_stream_url == "ws://127.0.0.1:9/stream"


@pytest.mark.usefixtures("binance_keys")
@pytest.mark.parametrize(
    ("line", "field", "hint"),
    [
        ('trading_url = "https://api.binance.com"', "venue.mode", 'mode = "live"'),
        ('mode = "live"\ntrading_url = "https://testnet.binance.vision"', "venue.mode", '"paper"'),
        ('account_stream_url = "wss://ws-api.binance.com/ws-api/v3"', "venue.mode", "account_str"),
        ('trading_url = "https://api.binance.com.example.org"', "venue.trading_url", "allow_hosts"),
        ('trading_url = "https://paper-api.alpaca.markets"', "venue.trading_url", "allow_hosts"),
        ('market_stream_url = "ws://stream.binance.com"', "venue.market_stream_url", "wss://"),
    ],
)
def test_keys_of_binance_go_to_its_own_hosts(
    tmp_path: Path, line: str, field: str, hint: str
) -> None:
    assert_refused(write(tmp_path, f"{BINANCE}{line}\n"), field, hint)


KRAKEN = """\
[run]
symbols = ["BTC/USD"]
[venue]
dialect = "kraken"
"""


@pytest.fixture
def coin_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINBASE_API_KEY", "organizations/o/apiKeys/k")
    monkeypatch.setenv("COINBASE_API_SECRET", "c-secret")
    monkeypatch.setenv("KRAKEN_API_KEY", "k-key")
    monkeypatch.setenv("KRAKEN_API_SECRET", "k-secret")


@pytest.mark.usefixtures("coin_keys")
def test_kraken_is_live_or_on_this_machine(tmp_path: Path) -> None:
    live = read_config(write(tmp_path, KRAKEN + 'mode = "live"\ntier = "pro"\n'))
    assert live.addresses.to_dict() == {
        "trading_url": "https://api.kraken.com",
        "account_stream_url": "wss://ws-auth.kraken.com/v2",
        "market_stream_url": "wss://ws.kraken.com/v2",
    }
    core = live.to_core()
    assert (core["dialect"], core["tier"], core["key"]) == ("kraken", "pro", "k-key")
    here = read_config(write(tmp_path, KRAKEN + 'trading_url = "http://127.0.0.1:9"\n'))
    assert here.mode == "paper"
    assert here.addresses.account_stream_url == "ws://127.0.0.1:9/auth/v2"
    assert here.addresses.market_stream_url == "ws://127.0.0.1:9/v2"
    assert here.to_core()["tier"] == "starter"


@pytest.mark.usefixtures("coin_keys")
@pytest.mark.parametrize(
    ("line", "field", "hint"),
    [
        ("", "venue.trading_url", 'mode = "live"'),
        ('trading_url = "https://api.kraken.com"', "venue.mode", 'mode = "live"'),
        ('trading_url = "https://api.kraken.com.example.org"', "venue.trading_url", "allow_hosts"),
        ('mode = "live"\ntier = "gold"', "venue.tier", '"starter"'),
    ],
)
def test_keys_of_kraken_go_to_its_own_hosts(
    tmp_path: Path, line: str, field: str, hint: str
) -> None:
    assert_refused(write(tmp_path, f"{KRAKEN}{line}\n"), field, hint)


@pytest.mark.usefixtures("coin_keys")
@pytest.mark.parametrize(
    ("written", "hint"),
    [("XBT/USD", '"BTC/USD"'), ("XDG/USD", '"DOGE/USD"'), ("BTCUSD", "BTC/USD")],
)
def test_pairs_of_kraken_are_those_of_its_streams(tmp_path: Path, written: str, hint: str) -> None:
    assert_refused(write(tmp_path, KRAKEN.replace("BTC/USD", written)), "run.symbols", hint)


COINBASE = KRAKEN.replace('"kraken"', '"coinbase"').replace("BTC/USD", "BTC-USD")


@pytest.mark.usefixtures("coin_keys")
def test_coinbase_is_live_or_on_this_machine(tmp_path: Path) -> None:
    live = read_config(write(tmp_path, COINBASE + 'mode = "live"\n'))
    assert live.addresses.to_dict() == {
        "trading_url": "https://api.coinbase.com",
        "account_stream_url": "wss://advanced-trade-ws-user.coinbase.com",
        "market_stream_url": "wss://advanced-trade-ws.coinbase.com",
    }
    core = live.to_core()
    assert (core["dialect"], core["key"]) == ("coinbase", "organizations/o/apiKeys/k")
    here = read_config(write(tmp_path, COINBASE + 'trading_url = "http://127.0.0.1:9"\n'))
    assert here.mode == "paper"
    assert here.addresses.account_stream_url == "ws://127.0.0.1:9/user"
    assert here.addresses.market_stream_url == "ws://127.0.0.1:9/market"


@pytest.mark.usefixtures("coin_keys")
@pytest.mark.parametrize(
    ("line", "field", "hint"),
    [
        ("", "venue.trading_url", 'mode = "live"'),
        ('trading_url = "https://api.coinbase.com"', "venue.mode", 'mode = "live"'),
        ('trading_url = "https://api-sandbox.coinbase.com"', "venue.trading_url", "allow_hosts"),
    ],
)
def test_keys_of_coinbase_go_to_its_own_hosts(
    tmp_path: Path, line: str, field: str, hint: str
) -> None:
    assert_refused(write(tmp_path, f"{COINBASE}{line}\n"), field, hint)


@pytest.mark.usefixtures("coin_keys")
@pytest.mark.parametrize("written", ["BTC/USD", "btc-usd", "BTCUSD"])
def test_products_of_coinbase_are_written_as_it_does(tmp_path: Path, written: str) -> None:
    assert_refused(
        write(tmp_path, COINBASE.replace("BTC-USD", written)), "run.symbols", '"BTC-USD"'
    )


def test_the_hash_follows_what_decides(tmp_path: Path) -> None:
    first = read_config(write(tmp_path, GOOD)).config_hash
    elsewhere = read_config(write(tmp_path, changed(GOOD, '"state"', '"other"'))).config_hash
    looser = read_config(write(tmp_path, changed(GOOD, r"5000\.10", "6000"))).config_hash
    assert first == elsewhere != looser


@pytest.mark.parametrize(
    ("pattern", "new", "field", "line", "hint"),
    [
        ("^symbols", "sybols", "run.sybols", 2, "did you mean symbols?"),
        (r"^\[run\]", "[rum]", "rum", 1, "did you mean run?"),
        (r"\[\"BTC/USD\"\]", '"BTC/USD"', "run.symbols", 2, "a list of texts"),
        (r"\[\"BTC/USD\"\]", "[]", "run.symbols", 2, "name one"),
        (r"\[\"BTC/USD\"\]", '["BTC/USD", "AAPL"]', "run.symbols", 2, "one session for each"),
        (r"\[\"BTC/USD\"\]", '["BTC/USD", "BTC/USD"]', "run.symbols", 2, "once"),
        ("= 60", "= -1", "run.seconds", 4, "nearest is 0"),
        ("= 60", '= "60"', "run.seconds", 4, "a number"),
        ("= true", "= 1", "run.cancel_on_stop", 5, "true or false"),
        ('"alpaca"', '"okx"', "venue.dialect", 9, '"kraken"'),
        ('"alpaca"', '"binance"', "run.symbols", 2, '"BTCUSD"'),
        ("^dialect.*\n", "", "venue.dialect", 8, "add dialect"),
        ('"paper"', '"Live"', "venue.mode", 10, '"live"'),
        ("http://127", "ftp://127", "venue.trading_url", 11, "http://"),
        (r"http://127\.0\.0\.1", "http://10.0.0.1", "venue.trading_url", 11, "https://"),
        (r"ws://127\.0\.0\.1:18080/stream", "ws://x.com/stream", "venue.account_stream_url", 12,
         "wss://"),
        ("http://127.0.0.1:18080", "https://api.alpaca.markets", "venue.mode", 10, 'mode = "live"'),
        ("^key_env.*", 'key = "PK123"', "venue.key", 14, "environment variable"),
        ("APCA_API_KEY_ID", "NO_SUCH_VARIABLE", "venue.key_env", None, "export NO_SUCH_VARIABLE"),
        ("^max_order_notional", "max_order_notionl", "risk.max_order_notionl", 17,
         "did you mean max_order_notional?"),
        (r"5000\.10", "-1", "risk.max_order_notional", 17, "above 0"),
        (r"5000\.10", '"much"', "risk.max_order_notional", 17, "number"),
        ('"sqlite"', '"postgresql://x"', "store.url", 19, '"sqlite"'),
        ('"sqlite"', '"mysql://me@x/b"', "store.url", 19, "postgresql://"),
        ("^url.*", 'lease = "1ms"', "store.lease", 19, "a second"),
        ("^url.*", 'without_lease = "hope"', "store.without_lease", 19, '"trade"'),
    ],
)  # fmt: skip
def test_refusals_of_a_session_file(
    tmp_path: Path, pattern: str, new: str, field: str, line: int | None, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(write(tmp_path, changed(GOOD, pattern, new)))
    error = caught.value
    assert (error.field, error.where.get("line")) == (field, line)
    assert hint in error.remedy


def test_what_is_no_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        read_config(write(tmp_path, "[run]\nsymbols = [BTC]\n"))


@pytest.mark.parametrize(
    "url", ["postgresql://me:c4n4ry@h/b", "postgresql://me@h/b?password=c4n4ry"]
)
def test_the_password_of_a_database_is_taken_out_of_its_address(tmp_path: Path, url: str) -> None:
    config = read_config(write(tmp_path, changed(GOOD, '"sqlite"', f'"{url}"')))
    assert config.database is not None
    assert config.database.password is not None
    assert config.database.password.reveal() == "c4n4ry"
    assert config.to_dict()["store"] == {"url": "postgresql://me:***@h/b"}
    assert "c4n4ry" not in f"{config!r} {config.to_dict()} {config.database} {config.database.url}"


def test_the_password_of_a_database_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOKS", "c4n4ry")
    text = changed(GOOD, '"sqlite"', '"postgresql://me@h/b"\npassword_env = "BOOKS"')
    database = read_config(write(tmp_path, text)).database
    assert database is not None
    assert database.password is not None
    assert database.password.reveal() == "c4n4ry"


def test_secrets_print_stars_and_stay_here(tmp_path: Path) -> None:
    config = read_config(write(tmp_path, GOOD))
    assert "the-secret" not in f"{config!r} {config.to_dict()} {config.credentials}"
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))


def test_a_credentials_file_must_be_the_owners_alone(tmp_path: Path) -> None:
    keys_file = tmp_path / "keys.toml"
    keys_file.write_text('key = "k"\nsecret = "s"\n', encoding="utf-8")
    text = changed(GOOD, "^key_env.*\nsecret_env.*", 'credentials_file = "keys.toml"')
    keys_file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_config(write(tmp_path, text))
    keys_file.chmod(0o600)
    assert read_config(write(tmp_path, text)).credentials.secret.reveal() == "s"


def test_how_the_journal_is_kept(tmp_path: Path) -> None:
    plain = read_config(write(tmp_path, GOOD))
    assert (plain.segment_mb, plain.retention_ns) == (256, None)
    written = GOOD + '[journal]\nsegment_mb = 64\nretention = "90d"\n'
    kept = read_config(write(tmp_path, written))
    assert kept.to_core()["segment_bytes"] == 64 << 20
    assert kept.retention_ns == 90 * 86_400 * 1_000_000_000
    assert kept.config_hash == plain.config_hash
    for bad, field in (('"soon"', "retention"), ("0", "segment_mb")):
        line = f"[journal]\n{field} = {bad}\n"
        with pytest.raises(ConfigError) as caught:
            read_config(write(tmp_path, GOOD + line))
        assert caught.value.field == f"journal.{field}"


def test_overrides_of_the_command_line(tmp_path: Path) -> None:
    config = read_config(
        write(tmp_path, GOOD), {"seconds": 5, "state_dir": tmp_path / "x", "params": {"a": 1}}
    )
    assert (config.seconds, config.state_dir) == (5.0, tmp_path / "x")
    assert config.params == {"order_qty": 0.01, "a": 1}


def test_the_promised_venue_file_is_read(tmp_path: Path) -> None:
    config = read_venue_config(write(tmp_path, VENUE))
    assert config.symbols == ("AAPL", "BTC/USD")
    assert config.start_ns == 1_773_064_800_000_000_000
    assert (config.speed, config.seed) == (2.0, 7)
    core = config.to_core()
    assert core["accounts"] == [
        {
            "dialect": "alpaca",
            "key": "K1",
            "secret": "S1",
            "public_key": None,
            "cash": "1000000",
            "balances": [],
        }
    ]
    assert (core["alpaca_port"], core["binance_port"]) == (0, None)
    stock, coin = core["instruments"]
    assert stock["synthetic"]["price"] == "190.00"
    assert stock["synthetic"]["events_per_s"] == 20.0
    assert (stock["shortable"], coin["shortable"]) == (True, False)
    assert coin["tick_size"] == "0.01"
    assert core["recordings"][0]["instruments"] == [1]
    assert "S1" not in repr(config)


def test_a_binance_account_owns_assets(tmp_path: Path) -> None:
    text = changed(VENUE, '^dialect = "alpaca"', 'dialect = "binance"')
    text = changed(text, "^cash.*", 'balances = { USDT = "10.50", BTC = "2" }')
    core = read_venue_config(write(tmp_path, changed(text, "^alpaca_port", "binance_port")))
    assert core.to_core()["accounts"][0]["balances"] == [("USDT", "10.5"), ("BTC", "2")]
    assert (core.alpaca_port, core.binance_port) == (None, 0)
    key = base64.b64encode(bytes(range(32))).decode()
    keyed = changed(text, '^secret = "S1"', f'public_key = "{key}"')
    assert read_venue_config(write(tmp_path, keyed)).accounts[0]["public_key"] == bytes(range(32))
    with pytest.raises(ConfigError, match="is no key"):
        read_venue_config(write(tmp_path, changed(keyed, key, "short")))
    bad = changed(text, '"10.50"', '"much"')
    with pytest.raises(ConfigError) as caught:
        read_venue_config(write(tmp_path, bad))
    assert caught.value.field == "account[0].balances.USDT"


def test_a_venue_on_data() -> None:
    config = venue_on_data("sample:ethusdt_l2", speed=10, cash="500")
    assert config.symbols == ("ETH/USD",)
    assert config.accounts[0]["cash"] == "500"
    assert config.accounts[0]["secret"] not in repr(config)


@pytest.mark.parametrize(
    ("pattern", "new", "field", "hint"),
    [
        ("^speed", "sped", "venue.sped", "did you mean speed?"),
        (r"= 2\.0", "= 0", "venue.speed", "nearest is 0.001"),
        ("-04:00", "", "venue.clock", "zone"),
        ("^alpaca_port", "kraken_port", "venue.kraken_port", "leave it out"),
        ("^alpaca_port", "binance_prt", "venue.binance_prt", "did you mean binance_port?"),
        ("^alpaca_port = 0", "", "venue", "add alpaca_port or binance_port"),
        ("^admin_port = 0", "admin_port = 70000", "venue.admin_port", "nearest is 65535"),
        ('^dialect = "alpaca"', 'dialect = "kraken"', "account[0].dialect", '"binance"'),
        ('^dialect = "alpaca"', 'dialect = "binance"', "account[0].cash", "write balances"),
        ("^cash.*", 'balances = { USDT = "1" }', "account[0].balances", "write cash"),
        ("^cash.*", 'cash = "-1"', "account[0].cash", "at least 0"),
        ("^cash.*", "cash = 1000", "account[0].cash", "text in quotes"),
        ('"us_equity"', '"bond"', "instrument[0].asset_class", '"crypto"'),
        ('"synthetic"', '"made_up"', "instrument[0].market.kind", '"synthetic"'),
        ("spread_ticks", "spread", "instrument[0].market.spread", "did you mean spread_ticks?"),
        ('price = "190.00", ', "", "instrument[0].market.price", "add price"),
        (r"\[\[account\]\]", "[account]", "account", "[[account]]"),
    ],
)
def test_refusals_of_a_venue_file(
    tmp_path: Path, pattern: str, new: str, field: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_venue_config(write(tmp_path, changed(VENUE, pattern, new)))
    assert caught.value.field == field
    assert hint in caught.value.remedy


@pytest.mark.parametrize("source", ["sample:us_minute", "sample:nothing", "no_such_file.csv"])
def test_a_venue_needs_a_book(source: str) -> None:
    with pytest.raises(DataError):
        venue_on_data(source)


@pytest.mark.parametrize("bad", [{"speed": 0}, {"speed": float("nan")}, {"cash": -1}])
def test_a_venue_needs_sense(bad: dict[str, Any]) -> None:
    with pytest.raises(TradingError):
        venue_on_data("sample:btcusdt_l2", **bad)


def test_a_venue_on_data_speaks_one_dialect() -> None:
    made = venue_on_data("sample:btcusdt_l2", dialect="binance", cash=5000)
    assert (made.alpaca_port, made.binance_port) == (None, 0)
    (account,) = made.accounts
    assert (account["dialect"], account["balances"]) == ("binance", [("USDT", "5000")])
    with pytest.raises(ParameterError, match="spoken"):
        venue_on_data("sample:btcusdt_l2", dialect="kraken")


def test_coins_that_are_made_up_trade_in_steps_that_binance_writes(tmp_path: Path) -> None:
    made_up = changed(VENUE, 'kind = "recorded", data = "sample:btcusdt_l2"', MADE_UP)
    alone = read_venue_config(write(tmp_path, made_up))
    both = read_venue_config(write(tmp_path, changed(made_up, "^alpaca_port = 0", BOTH_PORTS)))
    assert alone.instruments[1]["lot_size"] == "0.000000001"
    assert both.instruments[1]["lot_size"] == "0.00001"
    assert both.instruments[0]["lot_size"] == alone.instruments[0]["lot_size"]


MADE_UP = 'kind = "synthetic", price = "60000"'
BOTH_PORTS = "alpaca_port = 0\nbinance_port = 0"

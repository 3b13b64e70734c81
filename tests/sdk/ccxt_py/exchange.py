"""Point an unmodified ccxt at the paper venue, by its own options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sdk.process import fetch


@dataclass(frozen=True)
class Venue:
    """Where a running venue listens."""

    alpaca: str
    binance: str
    admin: str

    @property
    def socket(self) -> str:
        return self.binance.replace("http://", "ws://", 1)

    def ledger(self, key: str = "B1") -> dict[str, Any]:
        found: dict[str, Any] = fetch(f"{self.admin}/admin/ledger?account={key}")
        return found


def made(family: Any, venue: Venue, key: str = "B1", secret: str = "B2") -> Any:
    """Make an exchange of a ccxt class: nothing of it is changed but its addresses."""
    client = family(
        {
            "apiKey": key,
            "secret": secret,
            "enableRateLimit": False,
            "timeout": 10_000,
            "options": {
                "fetchCurrencies": False,
                "fetchMargins": False,
                "fetchMarkets": {"types": ["spot"]},
                "defaultType": "spot",
            },
        }
    )
    for name in ("public", "private", "v1"):
        client.urls["api"][name] = f"{venue.binance}/api/v3"
    streams = client.urls["api"].get("ws")
    if isinstance(streams, dict):
        streams["spot"] = f"{venue.socket}/ws"
        streams["ws-api"]["spot"] = f"{venue.socket}/ws-api/v3"
    return client

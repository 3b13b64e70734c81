"""The frames of P16: the same bytes for both sides."""

from __future__ import annotations

__all__ = ["SNAPSHOT", "depth_frames", "trade_frames"]

SNAPSHOT = b'{"lastUpdateId":1,"bids":[["61800.00","1"]],"asks":[["61900.00","1"]]}'


def depth_frames(n: int, step: int = 1) -> list[bytes]:
    """Make n depth updates of 20 bids and 20 asks, numbered by a step."""
    bids = ",".join(f'["618{99 - i:02d}.64","1.5{i:02d}"]' for i in range(20))
    asks = ",".join(f'["619{i:02d}.64","1.5{i:02d}"]' for i in range(20))
    head = '{"e":"depthUpdate","E":1700000000123,"s":"BTCUSDT","U":'
    ids = [1 + step * (i + 1) for i in range(n)]
    return [f'{head}{i},"u":{i},"b":[{bids}],"a":[{asks}]}}'.encode() for i in ids]


def trade_frames(n: int) -> list[bytes]:
    """Make n trades."""
    head = '{"e":"trade","E":1723161255322,"s":"BTCUSDT","t":'
    tail = ',"p":"61800.30","q":"0.006","T":1723161255321,"m":false,"M":true}'
    return [f"{head}{i}{tail}".encode() for i in range(n)]

"""The codec against Google's implementation, on the definitions that the engine carries."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

import py_rt as rt
from py_rt._core import grpc as core
from py_rt.client.calls import shaped_ticks
from py_rt.client.wire import decode, encode, schema


def classes() -> dict[str, Any]:
    files = descriptor_pb2.FileDescriptorSet.FromString(core.descriptors())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    found = message_factory.GetMessageClassesForFiles([f.name for f in files.file], pool)
    return {name.rpartition(".")[2]: kind for name, kind in found.items()}


GOOGLE = classes()
VALUES: dict[int, st.SearchStrategy[Any]] = {
    1: st.floats(allow_nan=False),
    3: st.integers(-(2**63), 2**63 - 1),
    4: st.integers(0, 2**63 - 1),
    5: st.integers(-(2**31), 2**31 - 1),
    8: st.booleans(),
    9: st.text(max_size=20),
    13: st.integers(0, 2**32 - 1),
    16: st.integers(-(2**63), 2**63 - 1),
    17: st.integers(-(2**31), 2**31 - 1),
}


def values(name: str) -> st.SearchStrategy[dict[str, Any]]:
    fields: dict[str, st.SearchStrategy[Any]] = {}
    oneof = [f for f in schema()[name].by_name.values() if f.of and f.optional]
    for field in schema()[name].by_name.values():
        if field in oneof[1:]:
            continue
        one = values(field.of) if field.of else VALUES[field.kind]
        fields[field.name] = st.lists(one, max_size=5) if field.repeated else one
    return st.fixed_dictionaries({}, optional=fields)


def google(name: str, given_values: dict[str, Any]) -> Any:
    message = GOOGLE[name]()
    for key, value in given_values.items():
        field = schema()[name].by_name[key]
        if field.repeated and field.of:
            getattr(message, key).extend(google(field.of, one) for one in value)
        elif field.repeated:
            getattr(message, key).extend(value)
        elif field.of:
            getattr(message, key).CopyFrom(google(field.of, value))
        else:
            setattr(message, key, value)
    return message


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return all(equal(left[key], right[key]) for key in left)
    if isinstance(left, np.ndarray):
        return np.array_equal(left, np.asarray(right, left.dtype))
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    return bool(left == right)


def test_the_schema_is_all_messages_with_all_fields() -> None:
    assert set(schema()) == set(GOOGLE)
    for name, message in schema().items():
        fields = {f.name: f.number for f in GOOGLE[name].DESCRIPTOR.fields}
        assert {f.name: f.number for f in message.by_name.values()} == fields
        for field in GOOGLE[name].DESCRIPTOR.fields:
            assert field.type in {*VALUES, 11}, "the codec knows no such type yet"


@settings(max_examples=60)
@given(st.data())
def test_bytes_mean_the_same_to_google(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GOOGLE)))
    given_values = data.draw(values(name))
    encoded = encode(name, given_values)
    theirs = google(name, given_values)
    assert GOOGLE[name].FromString(encoded) == theirs
    back = decode(name, theirs.SerializeToString())
    assert equal(decode(name, encoded), back)


@settings(max_examples=300)
@given(st.sampled_from(sorted(GOOGLE)), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    with contextlib.suppress(rt.TradingError):
        decode(name, data)


def test_a_million_numbers_and_what_cannot_be_told_apart() -> None:
    prices = np.random.default_rng(0).normal(size=1_000_000)
    encoded = encode("CalculateMeanReversionRequest", {"prices": prices})
    told = decode("CalculateMeanReversionRequest", encoded)["prices"]
    np.testing.assert_array_equal(told, prices)
    message = GOOGLE["CalculateMeanReversionRequest"].FromString(encoded)
    assert len(message.prices) == prices.size
    empty = decode("CalculateMeanReversionRequest", b"")
    assert empty["threshold"] is None
    assert empty["prices"].size == 0
    zero = encode("CalculateMeanReversionRequest", {"threshold": 0.0})
    assert decode("CalculateMeanReversionRequest", zero)["threshold"] == 0.0
    big = GOOGLE["RunHMMResponse"](states=[0, 1, 127, 128, 300, 2**32 - 1])
    states = decode("RunHMMResponse", big.SerializeToString())["states"]
    assert states.tolist() == [0, 1, 127, 128, 300, 2**32 - 1]
    odd = decode("BookLevel", encode("BookLevel", {"price": math.inf, "quantity": math.nan}))
    assert math.isinf(odd["price"])
    assert math.isnan(odd["quantity"])


@pytest.mark.parametrize(
    "data", [b"\x0a\x05ab", b"\x08", b"\x0a\x02\xff\xfe", b"\x0b", b"\x11\x00"]
)
def test_bytes_that_end_early_are_refused(data: bytes) -> None:
    with pytest.raises(rt.TradingError, match="malformed"):
        decode("GetOrderBookResponse", data)


def test_ticks_come_alone_or_together_and_columns_must_fit() -> None:
    alone = {"symbol": "A", "timestamp": 7, "bid": 1.0, "ask": 2.0, "mid": 1.5, "volume": 3.0}
    assert shaped_ticks(encode("StreamMarketDataResponse", alone)) == [alone]
    columns: dict[str, list[Any]] = {
        "symbols": ["A", "B"], "symbol_index": [1, 0], "timestamp": [-1, 7],
        "bid": [5.0, 1.0], "ask": [6.0, 2.0], "volume": [0.5, 3.0],
    }  # fmt: skip
    told = shaped_ticks(encode("StreamMarketDataResponse", {"ticks": columns}))
    first = {"symbol": "B", "timestamp": -1, "bid": 5.0, "ask": 6.0, "mid": 5.5, "volume": 0.5}
    assert told == [first, alone]
    for wrong in ({"symbol_index": [1, 2]}, {"ask": [6.0]}, {"timestamp": [1, 2, 3]}):
        message = encode("StreamMarketDataResponse", {"ticks": columns | wrong})
        with pytest.raises(rt.TradingError, match="malformed"):
            shaped_ticks(message)

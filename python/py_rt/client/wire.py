"""Messages of the interface as bytes and back: dictionaries and NumPy arrays, nothing generated.

The definitions come from the engine itself, as the file descriptor set that the server reflects. A
``repeated double`` is an array on both sides, copied once: for a million numbers that is what
makes a call from Python cheap. Checked against Google's implementation in tests/client.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from py_rt._core import grpc as _core
from py_rt.errors import TradingError

__all__ = ["Field", "Message", "decode", "encode", "schema"]

_DOUBLE, _INT64, _UINT64, _BOOL, _STRING, _MESSAGE, _BYTES = 1, 3, 4, 8, 9, 11, 12
_INT32, _UINT32, _SFIXED64, _SINT32, _SINT64 = 5, 13, 16, 17, 18
_SIGNED, _ZIGZAG = (_INT64, _INT32), (_SINT32, _SINT64)
_VARINT_WIRE, _EIGHT, _CHUNK, _FOUR = 0, 1, 2, 5
_REPEATED = 3
# Kinds of eight octets, whatever the value: as NumPy and as struct write them.
_FIXED = {_DOUBLE: ("<f8", struct.Struct("<d")), _SFIXED64: ("<i8", struct.Struct("<q"))}
_PACKAGE = "py_rt.v1."


@dataclass(frozen=True)
class Field:
    """A field of a message."""

    name: str
    number: int
    kind: int
    repeated: bool
    # Whether an absent field is None rather than zero.
    optional: bool
    # The message it holds, or "".
    of: str

    @property
    def absent(self) -> Any:
        """What an absent field means."""
        if self.repeated:
            return np.zeros(0, _dtype(self.kind)) if _is_number(self.kind) else []
        if self.optional or self.of:
            return None
        return {_STRING: "", _BYTES: b"", _BOOL: False, _DOUBLE: 0.0}.get(self.kind, 0)


@dataclass(frozen=True)
class Message:
    """A message: its fields by name and by number."""

    name: str
    by_name: dict[str, Field]
    by_number: dict[int, Field]

    @classmethod
    def of(cls, name: str, fields: list[Field]) -> Message:
        """Put fields together."""
        return cls(name, {f.name: f for f in fields}, {f.number: f for f in fields})


def _is_number(kind: int) -> bool:
    return kind not in (_STRING, _MESSAGE, _BYTES)


def _dtype(kind: int) -> type[np.generic]:
    return np.float64 if kind == _DOUBLE else np.int64


def _parts(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Walk over the fields of a message: number, wire type, value."""
    at, end = 0, len(data)
    while at < end:
        # Most keys and lengths are one octet.
        key, at = (data[at], at + 1) if data[at] < 0x80 else _varint(data, at)
        number, wire = key >> 3, key & 7
        value: Any
        if wire == _EIGHT:
            value, at = data[at : at + 8], at + 8
        elif wire == _VARINT_WIRE:
            value, at = _varint(data, at)
        elif wire == _CHUNK:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif wire == _FOUR:
            value, at = data[at : at + 4], at + 4
        else:
            raise _malformed(f"wire type {wire}")
        if at > end:
            raise _malformed("it ends within a field")
        yield number, wire, value


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    result = shift = 0
    while shift < 70:
        if at >= len(data):
            raise _malformed("it ends within a number")
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise _malformed("a number is too long")


def _malformed(what: str) -> TradingError:
    return TradingError(f"the message is malformed: {what}", remedy="check what answers there")


def _number(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


@cache
def schema() -> dict[str, Message]:
    """Return all messages of ``py_rt.v1`` by their short names."""
    found: dict[str, Message] = {}
    for number, _, file in _parts(memoryview(_core.descriptors())):
        if number == 1:
            parts = list(_parts(file))
            package = next((bytes(value).decode() for n, _, value in parts if n == 2), "")
            if f"{package}." == _PACKAGE:
                messages = (_message(value) for n, _, value in parts if n == 4)
                found |= {message.name: message for message in messages}
    return found


def _message(data: memoryview) -> Message:
    name, fields = "", []
    for number, _, value in _parts(data):
        if number == 1:
            name = bytes(value).decode()
        elif number == 2:
            fields.append(_field(value))
    return Message.of(name, fields)


def _field(data: memoryview) -> Field:
    told: dict[int, Any] = {number: value for number, _, value in _parts(data)}
    # A member of a oneof has presence, and so has an optional field, which is a oneof of one.
    return Field(
        name=bytes(told[1]).decode(),
        number=told[3],
        kind=told[5],
        repeated=told[4] == _REPEATED,
        optional=9 in told,
        of=bytes(told.get(6, b"")).decode().removeprefix(f".{_PACKAGE}"),
    )


def encode(
    name: str, values: Mapping[str, Any], known: Mapping[str, Message] | None = None
) -> bytes:
    """Return a message as bytes; None is an absent field.

    Examples
    --------
    >>> encode("GetOrderBookRequest", {"symbol": "BTCUSDT", "depth": 5}).hex()
    '0a07425443555344541805'
    """
    messages = known or schema()
    out: list[bytes] = []
    fields = messages[name].by_name
    for key, value in values.items():
        if value is not None:
            _put(out, fields[key], value, messages)
    return b"".join(out)


def _put(out: list[bytes], field: Field, value: Any, known: Mapping[str, Message]) -> None:
    if not field.repeated:
        if field.optional or field.of or value != field.absent:
            out.append(_one(field, value, known))
        return
    if not _is_number(field.kind):
        out.extend(_one(field, item, known) for item in value)
        return
    if len(value) == 0:
        return
    if field.kind in _FIXED:
        body = np.ascontiguousarray(value, _FIXED[field.kind][0]).tobytes()
    else:
        body = b"".join(_number(int(item)) for item in value)
    out += (_number(field.number << 3 | _CHUNK), _number(len(body)), body)


def _one(field: Field, value: Any, known: Mapping[str, Message]) -> bytes:
    kind, number = field.kind, field.number << 3
    if kind in _FIXED:
        return _number(number | _EIGHT) + _FIXED[kind][1].pack(value)
    if kind in (_STRING, _BYTES, _MESSAGE):
        if kind == _MESSAGE:
            body = encode(field.of, value, known)
        else:
            body = value.encode() if kind == _STRING else bytes(value)
        return _number(number | _CHUNK) + _number(len(body)) + body
    whole = int(value)
    if kind in _ZIGZAG:
        whole = (whole << 1) ^ (whole >> 63)
    return _number(number | _VARINT_WIRE) + _number(whole & 0xFFFF_FFFF_FFFF_FFFF)


def decode(
    name: str, data: bytes | memoryview, known: Mapping[str, Message] | None = None
) -> dict[str, Any]:
    """Return a message as a dictionary with every field; unknown fields are skipped.

    Repeated numbers are NumPy arrays (float64 or int64), absent optional fields are None.

    Raises
    ------
    TradingError
        Bytes that are no such message.

    Examples
    --------
    >>> decode("BookLevel", encode("BookLevel", {"price": 1.5, "quantity": 2.0}))
    {'price': 1.5, 'quantity': 2.0}
    """
    messages = known or schema()
    message = messages[name]
    values: dict[str, Any] = {}
    chunks: dict[str, list[npt.NDArray[Any]]] = {}
    for number, wire, raw in _parts(memoryview(data)):
        field = message.by_number.get(number)
        if field is None:
            continue
        if not field.repeated:
            values[field.name] = _value(field, wire, raw, messages)
        elif _is_number(field.kind):
            chunks.setdefault(field.name, []).append(_numbers(field, wire, raw))
        else:
            values.setdefault(field.name, []).append(_value(field, wire, raw, messages))
    for key, parts in chunks.items():
        values[key] = parts[0] if len(parts) == 1 else np.concatenate(parts)
    fields = message.by_name
    if len(values) < len(fields):
        values |= {key: field.absent for key, field in fields.items() if key not in values}
    return {key: values[key] for key in fields}


def _value(field: Field, wire: int, raw: Any, known: Mapping[str, Message]) -> Any:
    kind = field.kind
    if kind in _FIXED and wire == _EIGHT and len(raw) == 8:
        return _FIXED[kind][1].unpack(raw)[0]
    wanted = _CHUNK if kind in (_STRING, _MESSAGE, _BYTES) else _VARINT_WIRE
    if wire != wanted or kind in _FIXED:
        raise _malformed(f"{field.name} has wire type {wire}")
    if kind == _MESSAGE:
        return decode(field.of, raw, known)
    if kind == _STRING:
        try:
            return bytes(raw).decode()
        except UnicodeDecodeError as error:
            raise _malformed(f"{field.name} is no text: {error}") from None
    if kind == _BYTES:
        return bytes(raw)
    if kind == _BOOL:
        return bool(raw)
    if kind in _ZIGZAG:
        return (raw >> 1) ^ -(raw & 1)
    if kind in _SIGNED and raw >= 1 << 63:
        return raw - (1 << 64)
    return raw


def _numbers(field: Field, wire: int, raw: Any) -> npt.NDArray[Any]:
    """Return the numbers of a packed field, or the one number of an unpacked one."""
    if wire != _CHUNK:
        return np.array([_value(field, wire, raw, {})], _dtype(field.kind))
    if field.kind in _FIXED:
        if len(raw) % 8:
            raise _malformed(f"{field.name} ends within a number")
        return np.frombuffer(raw, _FIXED[field.kind][0]).astype(_dtype(field.kind))
    octets = np.frombuffer(raw, np.uint8)
    last = octets < 0x80
    if octets.size and not last[-1]:
        raise _malformed(f"{field.name} ends within a number")
    if last.all():
        return octets.astype(np.int64)
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    place = np.arange(octets.size) - np.repeat(starts, ends - starts + 1)
    shifted = (octets & 0x7F).astype(np.uint64) << (7 * place).astype(np.uint64)
    return np.add.reduceat(shifted, starts).astype(np.int64)

"""A status of gRPC as the error that the same call raises in process."""

from __future__ import annotations

from typing import Any

import py_rt.errors as errors
from py_rt.client.wire import Field, Message, decode
from py_rt.errors import AccessDenied, DeadlineExceeded, ServerUnavailable, TradingError

__all__ = ["failure", "is_worth_a_retry"]

_DETAILS = "grpc-status-details-bin"
_DOMAIN = "py_rt"
_STRING, _MESSAGE, _BYTES, _INT32 = 9, 11, 12, 5
_RETRIED = ("UNAVAILABLE", "RESOURCE_EXHAUSTED")


def _field(name: str, number: int, kind: int, repeated: bool = False, of: str = "") -> Field:
    return Field(name, number, kind, repeated, optional=False, of=of)


# google.rpc.Status and google.rpc.ErrorInfo, which are no part of the interface's own definitions.
_KNOWN = {
    "Status": Message.of(
        "Status",
        [
            _field("code", 1, _INT32),
            _field("message", 2, _STRING),
            _field("details", 3, _MESSAGE, repeated=True, of="Any"),
        ],
    ),
    "Any": Message.of("Any", [_field("type_url", 1, _STRING), _field("value", 2, _BYTES)]),
    "ErrorInfo": Message.of(
        "ErrorInfo",
        [
            _field("reason", 1, _STRING),
            _field("domain", 2, _STRING),
            _field("metadata", 3, _MESSAGE, repeated=True, of="Entry"),
        ],
    ),
    "Entry": Message.of("Entry", [_field("key", 1, _STRING), _field("value", 2, _STRING)]),
}

_CLASSES: dict[str, type[TradingError]] = {
    getattr(errors, name).code: getattr(errors, name) for name in errors.__all__
} | {"busy": ServerUnavailable, "unknown_caller": AccessDenied}

# Statuses of gRPC itself, which carry no details: class and remedy.
_BARE: dict[str, tuple[type[TradingError], str]] = {
    "UNAVAILABLE": (ServerUnavailable, "start one with py-rt serve, or check the address"),
    "RESOURCE_EXHAUSTED": (ServerUnavailable, "ask for less at once, or less often"),
    "OUT_OF_RANGE": (errors.ParameterError, "send less at once, or raise the server's max_message"),
    "DEADLINE_EXCEEDED": (DeadlineExceeded, "give a longer timeout, or ask for less"),
    "UNAUTHENTICATED": (AccessDenied, "give GrpcConfig a token or a certificate"),
    "PERMISSION_DENIED": (AccessDenied, "ask for the role"),
    "UNIMPLEMENTED": (TradingError, "the server speaks another version; see client.health()"),
    "CANCELLED": (TradingError, "the call was cancelled"),
}


def is_worth_a_retry(status: str) -> bool:
    """Say whether the same call may succeed a moment later."""
    return status in _RETRIED


def failure(error: Any, address: str) -> TradingError:
    """Return what an ``RpcError`` of a call to `address` means."""
    status, said = error.code().name, error.details() or ""
    info = _info(error.trailing_metadata() or ())
    if info is None:
        kind, remedy = _BARE.get(status, (TradingError, "see the server"))
        return kind(f"{status.lower().replace('_', ' ')}: {said}", server=address, remedy=remedy)
    told = {entry["key"]: entry["value"] for entry in info["metadata"]}
    numbers = [name for name in told.pop("numbers", "").split(",") if name]
    where: dict[str, Any] = dict(told)
    for name in numbers:
        text = told[name]
        where[name] = int(text) if text.isdigit() else float(text)
    kind = _CLASSES.get(info["reason"], TradingError)
    if kind in (ServerUnavailable, AccessDenied):
        where["server"] = address
    return kind(said, **where)


def _info(metadata: Any) -> dict[str, Any] | None:
    for key, value in metadata:
        if key == _DETAILS:
            for detail in decode("Status", value, _KNOWN)["details"]:
                if detail["type_url"].endswith("/google.rpc.ErrorInfo"):
                    info = decode("ErrorInfo", detail["value"], _KNOWN)
                    if info["domain"] == _DOMAIN:
                        return info
    return None

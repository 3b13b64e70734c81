"""The interface as others see it: buf, reflection in both versions, the standard health check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from py_rt.client.wire import encode

ROOT = Path(__file__).parents[2]
SERVICE = "py_rt.v1.TradingService"
CALLS = {
    "BoxTaoDecomposition", "CalculateMeanReversion", "CalculateSparsePortfolio", "DetectRegime",
    "GetOrderBook", "GetVersion", "OptimizePortfolio", "RiskAnalytics", "RunBacktest", "RunHMM",
    "RunMCMC", "StreamMarketData",
}  # fmt: skip


def buf(*arguments: str) -> subprocess.CompletedProcess[str]:
    found = Path(sys.executable).with_name("buf")
    return subprocess.run(
        [found, *arguments], cwd=ROOT / "proto", capture_output=True, text=True, timeout=60
    )


def test_buf_has_nothing_to_say() -> None:
    lint = buf("lint")
    assert (lint.returncode, lint.stdout) == (0, "")


def test_nothing_breaks_who_was_built_against_the_released_interface() -> None:
    broken = buf("breaking", "--against", "released.binpb")
    assert (broken.returncode, broken.stdout) == (0, "")


def test_buf_breaking_can_fail(tmp_path: Path) -> None:
    for file in (ROOT / "proto").rglob("*.proto"):
        copy = tmp_path / file.relative_to(ROOT / "proto")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(
            file.read_text(encoding="utf-8").replace("double mid = 5", "double mid = 9")
        )
    (tmp_path / "buf.yaml").write_bytes((ROOT / "proto" / "buf.yaml").read_bytes())
    told = buf("breaking", str(tmp_path), "--against", "released.binpb")
    assert told.returncode != 0
    assert "mid" in told.stdout


@pytest.mark.system
def test_reflection_tells_the_calls_in_both_versions(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services())
        pool = descriptor_pool.DescriptorPool(database)
        service = pool.FindServiceByName(SERVICE)
        assert {method.name for method in service.methods} == CALLS
        stub: Any = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            reflection_pb2.ServerReflectionRequest.SerializeToString,
            reflection_pb2.ServerReflectionResponse.FromString,
        )
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        listed = next(iter(stub(iter([asked])))).list_services_response.service
        assert SERVICE in {one.name for one in listed}
        assert reflection_pb2_grpc.ServerReflectionStub(channel)


@pytest.mark.system
def test_the_standard_health_check_and_a_bare_call(port: int) -> None:
    with grpc.insecure_channel(f"localhost:{port}") as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            told = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert told.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND
        ask = channel.unary_unary(f"/{SERVICE}/GetVersion")
        assert ask(encode("GetVersionRequest", {}), timeout=10)


@pytest.mark.system
def test_google_s_status_reads_our_details(port: int) -> None:
    from google.rpc import error_details_pb2
    from grpc_status import rpc_status

    with grpc.insecure_channel(f"localhost:{port}") as channel:
        ask = channel.unary_unary(f"/{SERVICE}/DetectRegime")
        with pytest.raises(grpc.RpcError) as caught:
            ask(encode("DetectRegimeRequest", {"returns": [0.0] * 50}), timeout=10)
        status = rpc_status.from_call(caught.value)
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info)
        assert (info.reason, info.domain) == ("degenerate", "py_rt")
        assert info.metadata["field"] == "returns"
        assert info.metadata["remedy"]

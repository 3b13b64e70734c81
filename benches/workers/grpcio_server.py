"""A server in Python's grpcio that does what ours does, the way people write one.

Messages are Google's classes; the work is the same kernel, called in process.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import py_rt as rt
from py_rt._core import grpc as core

SERVICE = "py_rt.v1.TradingService"


def messages() -> dict[str, Any]:
    """Return Google's classes for all messages of the interface."""
    files = descriptor_pb2.FileDescriptorSet.FromString(core.descriptors())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    found = message_factory.GetMessageClassesForFiles([f.name for f in files.file], pool)
    return {name.rpartition(".")[2]: kind for name, kind in found.items()}


def main() -> None:
    """Serve until the standard input ends."""
    known = messages()
    answer = known["CalculateMeanReversionResponse"]

    def mean_reversion(request: Any, _context: Any) -> Any:
        found = rt.quant.mean_reversion_signal(
            np.array(request.prices), request.threshold, request.lookback
        )
        return answer(
            signal=found.signal,
            zscore=found.zscore,
            entry_signal=found.entry_signal,
            exit_signal=found.exit_signal,
            mean=found.mean,
            std=found.std,
            half_life=found.half_life,
        )

    methods = {
        "CalculateMeanReversion": grpc.unary_unary_rpc_method_handler(
            mean_reversion,
            known["CalculateMeanReversionRequest"].FromString,
            answer.SerializeToString,
        )
    }
    options = [("grpc.max_receive_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(8), options=options)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()

"""Build the example clients in other languages and run them against a server of their own.

Generated code and binaries go into ``target/clients``. Go modules come from the module proxy; C++
needs Debian's ``libgrpc++-dev`` and ``protobuf-compiler-grpc``. What is missing is named, and
counts as skipped, unless ``--all`` is given.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "target" / "clients"
CLIENTS = ROOT / "examples" / "clients"
PLUGINS = (
    "google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.10",
    "google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0",
)


class Missing(Exception):
    """A tool that is not there."""


def run(command: Sequence[str | Path], cwd: Path, **more: str) -> None:
    """Run a command and raise if it fails."""
    subprocess.run(list(map(str, command)), cwd=cwd, env={**os.environ, **more}, check=True)


def needed(*tools: str, remedy: str) -> None:
    """Raise `Missing` unless all tools are there."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise Missing(f"{', '.join(missing)} not found: {remedy}")


def build_go() -> Path:
    """Generate and build the client in Go."""
    needed("go", remedy="install Go 1.24 or newer")
    work, tools = OUT / "go", OUT / "go-tools"
    shutil.copytree(CLIENTS / "go", work, dirs_exist_ok=True)
    for plugin in PLUGINS:
        run(["go", "install", plugin], OUT, GOBIN=str(tools))
    buf = Path(sys.executable).with_name("buf")
    template = CLIENTS / "buf.gen.yaml"
    search = f"{tools}{os.pathsep}{os.environ['PATH']}"
    run([buf, "generate", ROOT / "proto", "--template", template, "-o", work], OUT, PATH=search)
    binary = OUT / "go-client"
    run(["go", "build", "-o", binary, "."], work)
    return binary


def build_cpp(source: Path = CLIENTS / "cpp" / "client.cpp", name: str = "cpp-client") -> Path:
    """Generate and build the client in C++, or another program that knows the interface."""
    remedy = "apt-get install g++ pkg-config libgrpc++-dev protobuf-compiler-grpc"
    needed("g++", "pkg-config", "protoc", "grpc_cpp_plugin", remedy=remedy)
    work = OUT / "cpp"
    work.mkdir(parents=True, exist_ok=True)
    proto = ROOT / "proto"
    files = sorted(path.relative_to(proto) for path in proto.rglob("*.proto"))
    binary = OUT / name
    newest = max(path.stat().st_mtime for path in (source, *(proto / file for file in files)))
    if binary.exists() and binary.stat().st_mtime > newest:
        return binary
    plugin = f"--plugin=protoc-gen-grpc={shutil.which('grpc_cpp_plugin')}"
    outs = [f"--cpp_out={work}", f"--grpc_out={work}", plugin]
    run(["protoc", f"-I{proto}", *outs, *files], proto)
    asked = ["pkg-config", "--cflags", "--libs", "grpc++", "protobuf"]
    flags = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    generated = sorted(work.rglob("*.pb.cc"))
    run(["g++", "-std=c++17", "-O2", f"-I{work}", source, *generated, "-o", binary, *flags], work)
    return binary


BUILDS: dict[str, Callable[[], Path]] = {"go": build_go, "cpp": build_cpp}


def main() -> int:
    """Build and run all; return the exit code."""
    OUT.mkdir(parents=True, exist_ok=True)
    passed = failed = skipped = 0
    command = [
        sys.executable,
        "-m",
        "py_rt.cli",
        "serve",
        "--port",
        "0",
        "--speed",
        "20",
        "--quiet",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["grpc"]
        for name, build in BUILDS.items():
            try:
                run([build(), address], OUT)
                passed += 1
            except Missing as missing:
                print(f"{name}: skipped: {missing}", flush=True)
                skipped += 1
            except subprocess.CalledProcessError as error:
                print(f"{name}: failed: {error}", flush=True)
                failed += 1
        server.terminate()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or ("--all" in sys.argv and skipped) else 0


if __name__ == "__main__":
    sys.exit(main())

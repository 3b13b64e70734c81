#!/bin/sh
# Run a cargo command with the settings that maturin gives pyo3, so that cargo reuses the wheel's
# dependencies instead of building them a second time (docs/decisions/005-one-build.md).
#   sh tools/like_wheel.sh cargo clippy --release --workspace
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
python="$root/.venv/bin/python"

export PYO3_PYTHON="$python"
export PYTHON_SYS_EXECUTABLE="$python"
export PYO3_BUILD_EXTENSION_MODULE=1
PYO3_ENVIRONMENT_SIGNATURE=$("$python" -c 'import struct, sys
print("cpython-{}.{}-{}bit".format(*sys.version_info[:2], struct.calcsize("P") * 8))')
export PYO3_ENVIRONMENT_SIGNATURE

for config in "$root"/target/maturin/pyo3-config-*.txt; do
    if [ -f "$config" ]; then
        export PYO3_CONFIG_FILE="$config"
    fi
done

exec "$@"

#!/bin/sh
# Check that this machine can build py_rt, and say what is missing together with its remedy.
#   sh tools/preflight.sh          report, exit code 1 when something is missing
#   sh tools/preflight.sh python   print a Python >= 3.11 that was found, or nothing
set -u

RUST_MIN_MINOR=87

find_python() {
    for name in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        path=$(command -v "$name" 2>/dev/null) || continue
        if "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

if [ "${1:-}" = python ]; then
    find_python
    exit 0
fi

missing=0
found() { printf '  %-16s %s\n' "$1" "$2"; }
lacking() {
    printf '  %-16s MISSING\n      remedy: %s\n' "$1" "$2"
    missing=1
}

echo "py_rt needs Python, a Rust toolchain and a C compiler:"

if python=$(find_python); then
    found "Python >= 3.11" "$("$python" --version 2>&1) at $python"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || lacking "python venv" \
        "install your system's venv package (Debian, Ubuntu: apt install python3-venv)"
else
    lacking "Python >= 3.11" \
        "install Python 3.11 or newer (python.org), or name one: make demo PYTHON=/path/to/python3"
fi

if ! command -v cargo >/dev/null 2>&1; then
    lacking "Rust >= 1.$RUST_MIN_MINOR" \
        "install Rust with rustup (https://rustup.rs), then open a new shell"
else
    version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
    minor=$(echo "$version" | cut -d . -f 2)
    if [ "${minor:-0}" -ge "$RUST_MIN_MINOR" ] 2>/dev/null; then
        found "Rust >= 1.$RUST_MIN_MINOR" "$(cargo --version)"
    else
        lacking "Rust >= 1.$RUST_MIN_MINOR" "found ${version:-none}; run: rustup update stable"
    fi
fi

compiler=
for name in "${CC:-cc}" cc gcc clang; do
    if compiler=$(command -v "$name" 2>/dev/null); then break; fi
done
if [ -n "$compiler" ]; then
    found "C compiler" "$compiler"
else
    lacking "C compiler" \
        "install one (Debian, Ubuntu: apt install build-essential; macOS: xcode-select --install)"
fi

if [ "$missing" -ne 0 ]; then
    echo "Nothing was built. Install what is missing and type the same command again."
fi
exit "$missing"

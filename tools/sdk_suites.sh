#!/bin/sh
# Run the suites of the SDKs named, each in its own environment; of all that are installed when none
# is named. A suite that hangs is ended: every one starts and stops a venue of its own.
#   sh tools/sdk_suites.sh ccxt
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
limit=${SDK_SECONDS:-180}

if [ $# -eq 0 ]; then
    for stamp in .venv-sdk-*/.stamp; do
        if [ -f "$stamp" ]; then
            name=${stamp%/.stamp}
            set -- "$@" "${name#.venv-sdk-}"
        fi
    done
fi

for sdk in "$@"; do
    echo "==> the suite of $sdk"
    timeout -k 10 "$limit" ".venv-sdk-$sdk/bin/python" -m pytest -q -p no:cacheprovider \
        -c tools/sdk-pytest.ini --rootdir . --confcutdir tests/sdk "tests/sdk/${sdk}_py"
done

#!/usr/bin/env bash
# Our engine and general ones side by side, in one run: benches/compare/run.sh [REPORT.md]
# DuckDB's seal alone, to be read beside `cargo bench --bench seal`: benches/compare/run.sh seal [ROWS]
#
#   KOBLING_SCALE=0.01           share of the 56 million events (1 unless told)
#   KOBLING_SEED=1               another draw of the data
#   KOBLING_ENGINES=duckdb,polars,sqlite
#   KOBLING_SQLITE_LIMIT=60      seconds after which SQLite's question is given up
#   KOBLING_COLD_RUNS=2          runs from the files, each in a process of its own; 0 leaves them out
#   KOBLING_COMPARE_CACHE=DIR    where the Python packages and the data are kept, outside the repository
#
# Needs Python 3.11 or later and, once, PyPI. docs/BENCHMARKS.md says what is measured.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${KOBLING_COMPARE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kobling-compare}"
scale="${KOBLING_SCALE:-1}"
seed="${KOBLING_SEED:-1}"
mkdir -p "$cache"

# The packages, at the versions of requirements.txt.
venv="$cache/venv"
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/installed.txt"
fi

export KOBLING_COMPARE_CACHE="$cache"
if [ "${1:-}" = seal ]; then
    exec "$venv/bin/python" "$here/seal.py" "${@:2}"
fi
report="$(realpath -m "${1:-$cache/report.md}")"

cd "$here/../.."
cargo bench --quiet --locked --bench compare --no-run

# The data: made again when what makes them changes.
maker="$(cat "$here"/{data.rs,consents.rs,programme.toml} | sha256sum | cut -c1-8)"
data="$cache/data-$scale-$seed-$maker"
if [ ! -e "$data/meta.json" ]; then
    rm -rf "$data"
    mkdir -p "$data"
    cargo bench --quiet --locked --bench compare -- data "$data" "$scale" "$seed"
fi

exec "$venv/bin/python" "$here/run.py" "$data" "$report"

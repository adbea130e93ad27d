#!/bin/sh
# Runs every example of EVALUATOR-GUIDE.md on the kept answers of the tests. Nothing is skipped: what is missing is
# named, and the check fails. Takes the program to check, or builds it: docs/examples/check.sh [KOBLING]
set -eu
cd "$(dirname "$0")/../.."

for needed in python3 Rscript; do
    command -v "$needed" >/dev/null 2>&1 || {
        printf '%s is missing. Debian: apt-get install python3-venv r-base-core\n' "$needed" >&2
        exit 1
    }
done

if [ $# -gt 0 ]; then
    kobling=$1
else
    cargo build --locked --bin kobling
    kobling=${CARGO_TARGET_DIR:-target}/debug/kobling
fi

venv=${KOBLING_EXAMPLES_VENV:-${CARGO_TARGET_DIR:-target}/examples-venv}
if ! [ -f "$venv/ready" ] || ! cmp -s docs/examples/requirements.txt "$venv/ready"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r docs/examples/requirements.txt
    cp docs/examples/requirements.txt "$venv/ready"
fi
python=$(cd "$venv/bin" && pwd)/python

examples=$(pwd)/docs/examples
kept=$(pwd)/tests/fixtures/answers
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ask() {
    answer=$1
    shift
    "$kobling" ask --answer "$kept/$answer.json" "$@"
}

"$kobling" ask --verify "$kept/funnel.json"
ask funnel --format csv --output "$work/funnel.csv"
ask funnel --format csv --csv danish --output "$work/funnel-danish.csv"
ask funnel --format parquet --labels --output "$work/funnel.parquet"
for answer in before_after costs funnel overlap series survival; do
    ask "$answer" --format vega-lite --output "$work/$answer.vl.json"
    ask "$answer" --format vega-lite --lang da --output "$work/$answer.da.vl.json"
done

cd "$work"
"$python" "$examples/answer.py" funnel.csv funnel.parquet
"$python" "$examples/check.py" "$examples" "$kept" "$work"
Rscript --vanilla "$examples/answer.R" funnel.csv funnel-danish.csv
printf 'all examples run\n'

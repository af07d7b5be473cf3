#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# jq programs, side by side on the same values: hence, Debian's libjq, and gojq and jaq where Go and
# cargo are present. One JSON line per program and peer; "set" says which programs over which values.
#   bench/peers/run.sh expr      HENCE=build/release/bin/hence, HENCE_BENCH_DIR, PEERS_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${HENCE_BENCH_DIR:-../shared/bench}
hence=$(realpath "${HENCE:-build/release/bin/hence}")
out=$(realpath -m "${PEERS_DIR:-build/peers}")
mkdir -p "$out"

gzip -dc "$data/events.small.jsonl.gz" >"$out/events.jsonl"
# One document of about 1 MB: as many events as that takes, in a list.
head -c 1000000 "$out/events.jsonl" | sed '$d' | sed '1s/^/[/; $!s/$/,/; $s/$/]/' | tr -d '\n' >"$out/large.json"
echo >>"$out/large.json"
echo null >"$out/null.json"

peers=()
if gcc -O2 -o "$out/libjq" bench/peers/libjq/bench.c -ljq 2>/dev/null; then peers+=("$out/libjq"); fi
if command -v go >/dev/null && (cd bench/peers/gojq && go build -o "$out/gojq" .); then peers+=("$out/gojq"); fi
if command -v cargo >/dev/null &&
  cargo build -q --release --manifest-path bench/peers/jaq/Cargo.toml --target-dir "$out/cargo"; then
  peers+=("$out/cargo/release/jaq-bench")
fi

run() {  # set, programs, values
  local label="s/^{/{\"set\":\"$1\",/"
  "$hence" bench expr --budget command --programs "$2" --inputs "$3" | sed "$label"
  for peer in "${peers[@]}"; do timeout 600 "$peer" "$2" "$3" | sed "$label"; done
}
run small "$data/expressions.txt" "$out/events.jsonl"
run numbers bench/data/expressions.numbers.txt "$out/null.json"
run large bench/data/expressions.large.txt "$out/large.json"

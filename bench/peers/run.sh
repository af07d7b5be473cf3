#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# hence and the matchers that can be had here, side by side on the same rules and events, one thread
# each, from JSON text to rule ids. Prints one JSON line per set and program.
#   bench/peers/run.sh expr|schema    jq programs, JSON Schemas: expr.sh, schema.sh
#   bench/peers/run.sh [SET…]      HENCE=build/release/bin/hence, HENCE_BENCH_DIR, LIMIT=30 seconds
set -euo pipefail
case ${1:-} in expr | schema) exec "$(dirname "$0")/$1.sh" ;; esac
cd "$(dirname "$0")/../.."
data=${HENCE_BENCH_DIR:-../shared/bench}
hence=${HENCE:-build/release/bin/hence}
out=${PEERS_DIR:-build/peers}
limit=${LIMIT:-30}
sets=("$@")
[ ${#sets[@]} -gt 0 ] || sets=(exact.10000 exact.100000 mixc.1000 mixc.10000 mixed.10000 numeric.10000
  anythingbut.10000 wildcard.10000 hetero.10000)
mkdir -p "$out"

if command -v mvn >/dev/null; then
  [ -d "$out/jars" ] || mvn -q -B -f bench/peers/event-ruler/pom.xml \
    -DoutputDirectory="$(realpath "$out")/jars" dependency:copy-dependencies
  javac -d "$out/classes" -cp "$out/jars/*" bench/peers/event-ruler/src/main/java/Bench.java
fi
if command -v cargo >/dev/null; then
  cargo build -q --release --manifest-path bench/peers/quamina/Cargo.toml --target-dir "$out/cargo"
fi

for set in "${sets[@]}"; do
  rules=$data/rules.small.$set.jsonl.gz events=$data/events.small.jsonl.gz
  case $set in hetero.*) rules=$data/rules.$set.jsonl.gz events=$data/events.hetero.jsonl.gz ;; esac
  label() { sed "s/^{/{\"set\":\"$set\",/"; }
  "$hence" bench match --rules "$rules" --events "$events" -o jsonl | label
  if [ -d "$out/classes" ]; then
    timeout $((limit * 10)) java -Xmx3g -cp "$out/classes:$out/jars/*" Bench "$rules" "$events" "$limit" | label ||
      echo "{\"set\":\"$set\",\"peer\":\"event-ruler\",\"failed\":true}"
  fi
  if [ -x "$out/cargo/release/quamina-bench" ]; then
    timeout $((limit * 10)) "$out/cargo/release/quamina-bench" "$rules" "$events" "$limit" | label ||
      echo "{\"set\":\"$set\",\"peer\":\"quamina-rs\",\"failed\":true}"
  fi
done

#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# JSON Schema, side by side on the same values: hence, and ajv where node and npm are present. One
# JSON line per set and peer.
#   bench/peers/run.sh schema    HENCE=build/release/bin/hence, HENCE_SHARED_DIR, PEERS_DIR
set -euo pipefail
cd "$(dirname "$0")/../.."
shared=${HENCE_SHARED_DIR:-../shared}
hence=$(realpath "${HENCE:-build/release/bin/hence}")
out=$(realpath -m "${PEERS_DIR:-build/peers}")
mkdir -p "$out/ajv"

gzip -dc "$shared/bench/events.small.jsonl.gz" | sed -n 1,1000p >"$out/valid.jsonl"
# Three faults an event: an id that does not match, an amount below zero, an unknown status.
"$hence" expr eval '.id = "x" + .id | .data.amount |= -1 - . | .data.status += "?"' --input "$out/valid.jsonl" >"$out/invalid.jsonl"

ajv=
if command -v npm >/dev/null; then
  [ -d "$out/ajv/node_modules" ] || { cp bench/peers/ajv/package.json "$out/ajv/" && (cd "$out/ajv" && npm install --silent --no-audit --no-fund); }
  cp bench/peers/ajv/bench.js "$out/ajv/"
  ajv=$out/ajv/bench.js
fi

run() {  # set, schema, values
  local label="s/^{/{\"set\":\"$1\",/"
  "$hence" bench schema -s "$2" --inputs "$3" | sed "$label"
  if [ -n "$ajv" ]; then node "$ajv" "$2" "$3" | sed "$label"; fi
}
run valid "$shared/bench/event-schema.json" "$out/valid.jsonl"
run invalid "$shared/bench/event-schema.json" "$out/invalid.jsonl"
run workflows "$shared/conformance/open-workflow/schema/workflow.yaml" "$shared/conformance/open-workflow/examples"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts the service, asks it twenty times, and wants every answer right.
set -eu
./hello port.txt &
pid=$!
trap 'kill $pid 2>/dev/null || true' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s port.txt ] && break; sleep 0.1; done
port=$(cat port.txt)
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  curl -fsS -m 5 "http://127.0.0.1:$port/health" | grep -q '"status":"up"'
  sleep 0.1
done
test "$(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/other")" = 404
echo "all 21 answers right"

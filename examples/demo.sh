#!/usr/bin/env bash
# The demo: a leaking web shop (shop/) runs under limpet, real HTTP clients visit it for some seconds, limpet says what leaks.
# `./dev demo` builds limpet and calls this. Environment: LIMPET (the command; default: build/limpet of this checkout),
# LIMPET_DEMO_PYTHON (the interpreter; default: python3), LIMPET_DEMO_SECONDS (of visits; default: 5),
# LIMPET_DEMO_KEEP (a new folder that keeps the recording, the report and the end screen; default: nothing is kept).
# Exit status: 0 when every planted leak was named with file and line and no control was; else 1.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
limpet=${LIMPET:-$(dirname "$here")/build/limpet}
python=${LIMPET_DEMO_PYTHON:-python3}
seconds=${LIMPET_DEMO_SECONDS:-5}

fail() {
  echo "demo: $*" >&2
  exit 1
}
[ -x "$limpet" ] || fail "$limpet is not there; build it first: ./dev build"
"$python" -c 'import ctypes, http.server, sqlite3' || fail "$python cannot run the shop; name another one in LIMPET_DEMO_PYTHON"

if [ -n "${LIMPET_DEMO_KEEP:-}" ]; then
  scratch=$LIMPET_DEMO_KEEP
  mkdir "$scratch" || fail "LIMPET_DEMO_KEEP must name a folder that can be made"
else
  scratch=$(mktemp -d) || fail "no folder for temporary files"
fi
service=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  [ -n "$service" ] && kill -TERM "$service" 2>/dev/null && wait "$service"
  [ -n "${LIMPET_DEMO_KEEP:-}" ] || rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

say "1. A web shop under limpet:  limpet run -o shop.limpet -- python3 examples/shop/server.py"
"$limpet" run -o "$scratch/shop.limpet" -- "$python" "$here/shop/server.py" --port-file "$scratch/port" 2>"$scratch/screen" &
service=$!
for _ in $(seq 200); do
  [ -s "$scratch/port" ] && break
  kill -0 "$service" 2>/dev/null || break
  sleep 0.05
done
if ! [ -s "$scratch/port" ]; then
  cat "$scratch/screen" >&2
  fail "the shop did not open within 10 s"
fi

say "2. Visitors, over HTTP:  python3 examples/shop/client.py"
"$python" "$here/shop/client.py" --port "$(cat "$scratch/port")" --seconds "$seconds" --visits 1500 || fail "the visits went wrong"

say "3. SIGTERM ends the shop, and limpet says what grew:"
kill -TERM "$service"
wait "$service"
status=$?
service=
cat "$scratch/screen"
[ "$status" -eq 0 ] || fail "the shop ended with status $status instead of 0"

say "4. Totals, and what grew steadily per function:  limpet stats shop.limpet --by growth --group function --limit 6"
"$limpet" stats "$scratch/shop.limpet" --by growth --group function --limit 6 || fail "limpet stats failed"

say "5. What was planted, and what limpet said of it:"
"$limpet" report "$scratch/shop.limpet" --json "$scratch/report.json" >/dev/null || fail "limpet report failed"
"$python" "$here/check.py" "$scratch/report.json" "$here/shop"
status=$?

say "6. The same to look at, in a browser:  limpet report shop.limpet --html shop.html"
page=$scratch/shop.html
[ -n "${LIMPET_DEMO_KEEP:-}" ] || page=$(mktemp --suffix=.html "${TMPDIR:-/tmp}/limpet-demo-XXXXXX") || fail "no place for the page"
"$limpet" report "$scratch/shop.limpet" --html "$page" 2>"$scratch/page.err" || { cat "$scratch/page.err" >&2; page=; }

say "Each LEAK above is a line of the shop that keeps what it allocates; the rate is what it costs while visitors come."
echo "The bounded cache, the ring, the table that warms up and the flushed batch allocate as much, and are not accused."
[ -z "$page" ] || echo "To look at: $page"
exit "$status"

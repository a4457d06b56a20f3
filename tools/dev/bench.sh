#!/usr/bin/env bash
# bench: measures limpet against untraced, tracemalloc, memray, and heap tools
#
# usage: ./dev bench [ARGS of bench/run.py]          what watching costs (./dev bench -- --help lists those)
#        ./dev bench heap [ARGS of bench/heap.py]    heap snapshots beside guppy3, pympler and objgraph
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

bench=bench/run.py
if [[ ${1:-} == heap ]]; then
  bench=bench/heap.py
  shift
fi
[[ ${1:-} == -- ]] && shift
build_main
exec python3 $bench "$@"

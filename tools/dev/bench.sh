#!/usr/bin/env bash
# bench: measures limpet against untraced, tracemalloc and memray
#
# usage: ./dev bench [ARGS of bench/run.py]     (./dev bench -- --help lists those)
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

[[ ${1:-} == -- ]] && shift
build_main
exec python3 bench/run.py "$@"

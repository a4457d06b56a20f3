#!/usr/bin/env bash
# demo: a small web service that leaks, a client that drives it, and what limpet says
#
# usage: ./dev demo [ARGS of examples/demo.sh]
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

build_main
exec bash examples/demo.sh "$@"

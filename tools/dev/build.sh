#!/usr/bin/env bash
# build: installs what is missing and builds build/limpet with its agent
#
# usage: ./dev build [NINJA TARGETS...]
#
# Debian packages that are missing are installed (as root or by sudo). The result: build/limpet and
# build/liblimpet_agent.so. When nothing has changed it takes under a second.
# LIMPET_JOBS sets the number of parallel compilations (default: all cores).
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

need_packages tools/dev/packages.txt
build_page
configure build
ninja -C build -j "$(jobs)" --quiet "$@"
if [[ -x build/limpet ]]; then
  echo "built build/limpet"
fi

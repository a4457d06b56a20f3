#!/usr/bin/env bash
# wheel: the Python package as one wheel (and a source archive) in dist/
#
# usage: ./dev wheel [--sdist]
#
# One wheel serves all Pythons: dist/limpet-VERSION-py3-none-manylinux_X_Y_x86_64.whl, with the limpet command, the agent and
# the extension module. Its tag tells the oldest glibc that it runs with, as auditwheel finds it. --sdist makes
# dist/limpet-VERSION.tar.gz as well. What was compiled by ./dev build comes from ccache.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

need_packages tools/dev/packages.txt
need_venv
build_page
python=$PWD/.venv-dev/bin/python
raw=build-wheel/dist
rm -rf "$raw"
mkdir -p "$raw" dist
# The compiler by the name that CMake gives it elsewhere: then ccache knows what it has compiled.
CC=/usr/bin/cc CXX=/usr/bin/c++ CMAKE_BUILD_PARALLEL_LEVEL=$(jobs) "$python" -m build --no-isolation --wheel --outdir "$raw" . >build-wheel/build.log 2>&1 || {
  tail -40 build-wheel/build.log >&2
  die "the wheel does not build"
}
rm -f dist/limpet-*.whl
PATH=$PWD/.venv-dev/bin:$PATH "$python" -m auditwheel repair --wheel-dir dist "$raw"/*.whl >build-wheel/repair.log 2>&1 || {
  cat build-wheel/repair.log >&2
  die "auditwheel refuses the wheel"
}
if [[ ${1:-} == --sdist ]]; then
  "$python" -m build --no-isolation --sdist --outdir dist . >build-wheel/sdist.log 2>&1 || {
    tail -40 build-wheel/sdist.log >&2
    die "the source archive does not build"
  }
fi
stat -c '%n  %s bytes' dist/limpet-*

#!/usr/bin/env bash
# wheel: the Python package as one wheel (and a source archive) in dist/
#
# usage: ./dev wheel [--sdist] [--tarball]
#
# One wheel serves all Pythons: dist/limpet-VERSION-py3-none-manylinux_X_Y_x86_64.whl, with the limpet command, the agent and
# the extension module. Its tag tells the oldest glibc that it runs with, as auditwheel finds it. What was compiled by ./dev build
# comes from ccache.
#   --sdist    dist/limpet-VERSION.tar.gz as well: the sources
#   --tarball  dist/limpet-VERSION-linux-x86_64.tar.gz as well: the same files as the wheel's, to be unpacked where there is no
#              pip, with the licences of the libraries that are linked in
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

for option; do
  [[ $option == --sdist || $option == --tarball ]] || die "wheel takes --sdist and --tarball, and not '$option'"
done

# bin/limpet is a link into the package: the command finds its agent beside itself, and PYTHONPATH=.../lib serves `import limpet`.
make_tarball() {
  local wheel name tree package
  wheel=$(echo dist/limpet-*.whl)
  name=limpet-$(basename "$wheel" | cut -d- -f2)-linux-x86_64
  tree=build-wheel/$name
  rm -rf "$tree" dist/limpet-*-linux-x86_64.tar.gz
  mkdir -p "$tree/bin" "$tree/lib" "$tree/licenses"
  "$python" -m zipfile -e "$wheel" build-wheel/unpacked
  rm -rf "$tree/lib/limpet"
  mv build-wheel/unpacked/limpet "$tree/lib/limpet"
  rm -rf build-wheel/unpacked
  chmod 755 "$tree/lib/limpet/_bin/limpet"
  ln -s ../lib/limpet/_bin/limpet "$tree/bin/limpet"
  cp LICENSE README.md CHANGELOG.md "$tree"
  for package in libc6-dev libstdc++-12-dev libdw-dev libelf-dev liblzma-dev libbz2-dev zlib1g-dev libzstd-dev libevent-dev \
    libfmt-dev libcli11-dev nlohmann-json3-dev robin-map-dev libprotozero-dev; do
    [[ ! -f /usr/share/doc/$package/copyright ]] || cp -L "/usr/share/doc/$package/copyright" "$tree/licenses/$package"
  done
  tar -C build-wheel --sort=name --owner=0 --group=0 --numeric-owner -czf "dist/$name.tar.gz" "$name"
}

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
if [[ " $* " == *" --sdist "* ]]; then
  "$python" -m build --no-isolation --sdist --outdir dist . >build-wheel/sdist.log 2>&1 || {
    tail -40 build-wheel/sdist.log >&2
    die "the source archive does not build"
  }
fi
if [[ " $* " == *" --tarball "* ]]; then
  make_tarball
fi
stat -c '%n  %s bytes' dist/limpet-*

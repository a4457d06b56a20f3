#!/usr/bin/env bash
# pythons: fetches CPython 3.13, 3.14 and 3.15 into .pythons/ and lists every interpreter that the tests use
#
# usage: ./dev pythons [--list | --force]
#
# The interpreters come from Debian's development release, unpacked by debootstrap into .pythons/sid with their headers
# and CPython's own test suite, and run there by tools/in_root; the mirror is the one that this machine's apt uses.
# That is done once (about a minute, 800 MB). --force fetches anew; --list only lists.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

root=.pythons/sid
suite=sid
series=(3.13 3.14 3.15)

mirror() {
  # shellcheck disable=SC2016  # apt expands it
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1
}

packages() {
  local version list=ca-certificates
  for version in "${series[@]}"; do
    list+=,python$version,python$version-dev,libpython$version-testsuite
  done
  echo "$list"
}

# A series that the release no longer has must not cost us the others.
drop_missing() {
  local version kept=()
  for version in "${series[@]}"; do
    grep -E "Couldn't find these debs:.*python$version" .pythons/debootstrap.log >/dev/null || kept+=("$version")
  done
  ((${#kept[@]} < ${#series[@]} && ${#kept[@]} > 0)) || return 1
  series=("${kept[@]}")
}

unpack() {
  run_as_root rm -rf "$root.partial"
  run_as_root debootstrap --variant=minbase --include="$(packages)" "$suite" "$root.partial" "$1" \
    >.pythons/debootstrap.log 2>&1
}

fetch() {
  need_packages tools/dev/packages-test.txt
  mkdir -p .pythons
  local from
  from=$(mirror)
  [[ $from ]] || { run_as_root apt-get update -qq || true; from=$(mirror); }
  [[ $from ]] || die "apt on this machine knows no Debian mirror, so there is nowhere to fetch from"
  say "unpacking CPython ${series[*]} into $root"
  unpack "$from" || { drop_missing && unpack "$from"; } || {
    tail -5 .pythons/debootstrap.log >&2
    die "debootstrap failed (see .pythons/debootstrap.log)"
  }
  # Programs under test talk to themselves by name.
  printf '127.0.0.1 localhost\n::1 localhost\n' | run_as_root tee "$root.partial/etc/hosts" >/dev/null
  run_as_root rm -rf "$root.partial/var/cache/apt/archives" "$root"
  run_as_root mv "$root.partial" "$root"
}

case ${1:-} in
  --list) ;;
  --force) fetch ;;
  "") [[ -d $root ]] || fetch ;;
  *) die "unknown option '$1'" ;;
esac
python3 tests/interpreters.py

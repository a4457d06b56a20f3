#!/usr/bin/env bash
# fuzz: builds the libFuzzer targets with clang and runs them
#
# usage: ./dev fuzz [TARGET] [SECONDS]
#
# Without TARGET every target runs in turn. SECONDS is the time for each (default 60). New inputs go to
# .cache/fuzz/TARGET; what is worth keeping belongs into fuzz/corpus/TARGET. A crash is written to .cache/fuzz and
# makes the exit status 1. `./dev fuzz --list` names the targets.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

mapfile -t targets < <(find src -name '*_fuzz.cc' -printf '%f\n' | sed 's/_fuzz\.cc$//' | sort)
if [[ ${1:-} == --list ]]; then
  printf '%s\n' "${targets[@]}"
  exit 0
fi
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
  seconds=$1
elif (($#)); then
  printf '%s\n' "${targets[@]}" | grep -qxF -- "$1" || die "no fuzz target '$1'; there are: ${targets[*]}"
  targets=("$1")
  seconds=${2:-60}
else
  seconds=60
fi
[[ $seconds =~ ^[0-9]+$ ]] || die "'$seconds' is not a number of seconds"

need_packages tools/dev/packages.txt
need_packages tools/dev/packages-fuzz.txt
configure build-fuzz -DLIMPET_FUZZ=ON -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14
ninja -C build-fuzz -j "$(jobs)" --quiet "${targets[@]/%/_fuzz}"

status=0
for target in "${targets[@]}"; do
  say "$target: $seconds s"
  mkdir -p ".cache/fuzz/$target" "fuzz/corpus/$target"
  "build-fuzz/${target}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=".cache/fuzz/$target-" ".cache/fuzz/$target" "fuzz/corpus/$target" >".cache/fuzz/$target.log" 2>&1 ||
    { status=1; tail -40 ".cache/fuzz/$target.log" >&2; }
  grep -E 'number_of_executed_units|new_units_added|peak_rss' ".cache/fuzz/$target.log" || true
done
exit $status

#!/usr/bin/env bash
# test: builds, and runs every test there is; the last line counts them
#
# usage: ./dev test [STEP...] [-- PYTEST ARGS]
#
# STEP is one or more of (default: all, in this order)
#   web     the viewer: types and the tests of its model (vitest)
#   unit    GoogleTest and rapidcheck tests, fuzz corpora, layout checks against every CPython's headers (ctest)
#   asan    the same tests under AddressSanitizer and UndefinedBehaviorSanitizer, with canaries
#   tsan    the rooms whose tests use threads, under ThreadSanitizer, with its canary
#   lint    ./dev lint
#   python  the integration tests in tests/ (pytest), on every interpreter there is, and those of the bench
# What is missing is installed first: Debian packages, the pinned Python tools, the interpreters (./dev pythons; when
# they cannot be fetched, the tests run on those there are and say which are absent). Logs are in build/test-logs/.
# The exit status is 0 only when nothing failed.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

steps=()
while (($#)); do
  case $1 in
    --) shift; break ;;
    web | unit | asan | tsan | lint | python) steps+=("$1"); shift ;;
    *) die "no step '$1' (see ./dev test --help)" ;;
  esac
done
pytest_args=("$@")
((${#steps[@]})) || steps=(web unit asan tsan lint python)

logs=build/test-logs
results=$logs/results
passed=0 failed=0 skipped=0

# add PASSED FAILED SKIPPED
add() {
  passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# add_junit FILE STATUS: takes the counts of a JUnit file. A step that leaves none has failed as a whole; so has one
# that ends badly (STATUS) though none of its tests failed: a crashed worker, a test that could not be collected.
add_junit() {
  local counts
  if counts=$(python3 tools/dev/count_junit.py "$1" 2>/dev/null); then
    # shellcheck disable=SC2086  # three numbers
    add $counts
    [[ $2 == 0 || $counts != *" 0 "* ]] || add 0 1 0
  else
    add 0 1 0
  fi
}

# broken LOG WHAT: a step that could not even start counts as one failure.
broken() {
  add 0 1 0
  echo "FAIL  $2; the end of $1:"
  grep -vE '^\[[0-9]+/[0-9]+\] (Building|Linking)' "$1" | tail -40
}

# run_ctest TREE: every test of a build tree, with a JUnit file; a build without tests is a failure.
run_ctest() {
  local tree=$1 name status=0
  name=$(basename "$tree")
  rm -f "$results/$name.xml"
  ctest --test-dir "$tree" -j "$(jobs)" --output-on-failure --no-tests=error \
    --output-junit "$PWD/$results/$name.xml" >"$logs/$name.log" 2>&1 || { status=1; show_failures "$logs/$name.log"; }
  add_junit "$results/$name.xml" $status
}

show_failures() {
  echo "FAIL  (all of it: $1)"
  grep -vE '^ *[0-9]+/[0-9]+ Test +#[0-9]+: .* Passed|^ +Start ' "$1" | tail -120
}

step_web() {
  local status=0
  rm -f "$results/web.xml"
  bash tools/dev/web.sh test --reporter=junit --outputFile="$PWD/$results/web.xml" >"$logs/web.log" 2>&1 || { status=1; tail -60 "$logs/web.log"; }
  add_junit "$results/web.xml" $status
}

step_unit() {
  run_ctest build
}

# sanitize TREE SANITIZERS ROOMS TARGETS...: builds and runs a sanitizer tree with the tests of these rooms (a CMake
# list; empty: all). The command itself is not built: what it does is in the rooms.
sanitize() {
  local tree=$1 log
  log=$logs/$(basename "$1")-build.log
  (
    configure "$tree" "-DLIMPET_SANITIZE=$2" "-DLIMPET_TEST_ROOMS=$3" &&
      ninja -C "$tree" -j "$(jobs)" sanitizer_canary "${@:4}"
  ) >"$log" 2>&1 || { broken "$log" "$tree does not build"; return; }
  run_ctest "$tree"
}

# The test and replay binaries that are made of sources with a match of a pattern.
test_targets() {
  grep -lE "$1" src/*/*_test.cc src/*/*_fuzz.cc |
    sed -E 's,src/([a-z]+)/.*_test\.cc$,\1_test,; s,.*/(.*_fuzz)\.cc$,\1,' | sort -u
}

step_asan() {
  local targets
  mapfile -t targets < <(test_targets '')
  ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
    sanitize build-asan address,undefined "" "${targets[@]}"
}

step_tsan() {
  local targets rooms room
  # Not process: its tests copy all that a process has mapped, and under this sanitizer that is terabytes of shadow.
  mapfile -t targets < <(test_targets 'std::j?thread|pthread_create|std::async' | grep -v '^process_test$')
  rooms=${targets[*]%_test}
  for room in $rooms; do
    mapfile -t -O "${#targets[@]}" targets < <(find "src/$room" -name '*_fuzz.cc' -exec basename {} .cc ';')
  done
  echo "      rooms whose tests use threads: ${rooms:-none}"
  rooms=${rooms:-none}
  TSAN_OPTIONS=second_deadlock_stack=1 sanitize build-tsan thread "${rooms// /;}" "${targets[@]}"
}

step_lint() {
  local last
  bash tools/dev/lint.sh >"$logs/lint.log" 2>&1 || sed 's/^/      /' "$logs/lint.log"
  # A lint that broke off has no such last line, and counts as failed.
  last=$(sed -nE '$s/^lint: ([0-9]+) passed, ([0-9]+) failed$/\1 \2 0/p' "$logs/lint.log")
  # shellcheck disable=SC2086  # three numbers
  add ${last:-0 1 0}
}

step_python() {
  local status=0
  rm -f "$results/python.xml"
  .venv-dev/bin/python -m pytest tests bench/tests -n "$(jobs)" --dist loadgroup --timeout 600 -q --color=no \
    -r fEs --durations 20 \
    --junitxml "$results/python.xml" "${pytest_args[@]}" >"$logs/python.log" 2>&1 || status=$?
  if ((status)); then
    tail -150 "$logs/python.log"
  else
    sed -n '/^interpreters/p' "$logs/python.log"
    grep '^SKIPPED' "$logs/python.log" || true
  fi
  add_junit "$results/python.xml" $status
}

prepare() {
  need_packages tools/dev/packages.txt
  need_packages tools/dev/packages-test.txt
  mkdir -p "$results"
  bash tools/dev/pythons.sh >"$logs/pythons.log" 2>&1 || {
    say "the interpreters could not be fetched; the tests go on with those there are"
    tail -3 "$logs/pythons.log" >&2
  }
  need_venv
  cat "$logs/pythons.log"
}

# The last line, however the run ends: one that breaks off has failed.
finish() {
  if [[ ! $finished ]]; then
    add 0 1 0
    echo "FAIL  the run broke off"
  fi
  say "done after $SECONDS s"
  echo "test: $passed passed, $failed failed, $skipped skipped"
  ((failed == 0 && passed > 0)) || exit 1
}
finished=
trap finish EXIT

prepare
log=$logs/build.log
say "build ($SECONDS s)"
if (build_page && configure build && ninja -C build -j "$(jobs)") >"$log" 2>&1; then
  for step in "${steps[@]}"; do
    say "$step ($SECONDS s)"
    "step_$step"
  done
else
  broken "$log" "the build fails"
fi
finished=yes

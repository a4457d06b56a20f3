#!/usr/bin/env bash
# lint: formatting, clang-tidy, ruff, mypy, shellcheck, and the checks of arrows and sizes
#
# usage: ./dev lint [CHECK...]
#
# CHECK is one or more of: arrows sizes paths ruff mypy shell clang-format clang-tidy (default: all of them).
# All versions are pinned (tools/requirements.txt). clang-tidy reads a source again only when it, a header or the
# configuration has changed. The last line counts the checks; the exit status is 1 when one has failed.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

bin=.venv-dev/bin

sources() { git ls-files -co --exclude-standard -- "$@" | while read -r f; do [[ -f $f ]] && echo "$f"; done; }

check_arrows() { python3 tools/check_arrows.py; }
check_sizes() { python3 tools/check_sizes.py; }

# Nothing committed names a folder of one person's machine.
check_paths() {
  ! git grep -nIE '(^|[^A-Za-z0-9_./-])/(work|root|home)/[A-Za-z0-9]' -- . ':!tools/dev/lint.sh' ':!fuzz/corpus' |
    grep -vE '/home/(someone|user|you|me)/' || { echo "a path of one machine (see above)"; return 1; }
}

check_mypy() { (cd python && ../$bin/mypy --strict --no-error-summary --python-version 3.11 --cache-dir ../.cache/mypy limpet); }

check_ruff() { $bin/ruff check --quiet .; }

check_shell() {
  sources dev .ci/run tools/in_root '*.sh' '*.bash' | xargs shellcheck -x -e SC1091
}

check_clang_format() {
  sources 'src/*.cc' 'src/*.h' 'tests/*.cc' 'tests/*.h' 'tests/*.c' 'cmake/*.cc' 'bench/*.cc' 'python/*.cc' 'python/*.h' |
    xargs -P "$(jobs)" -n 20 $bin/clang-format --dry-run -Werror 2>&1 | sed -n '/rror/p; /clang-format:/p'
}

check_clang_tidy() {
  configure build
  local common source key cache=.cache/clang-tidy todo=()
  mkdir -p "$cache"
  common=$(sources 'src/*.h' | cat - <(printf '%s\n' .clang-tidy tools/requirements.txt) | xargs cat | sha256sum)
  for source in $(sources 'src/*.cc' | grep -vE '_(test|fuzz|bench|check)\.cc$'); do
    key=$(printf '%s %s' "$common" "$source" | cat - "$source" | sha256sum | cut -c1-40)
    [[ -e $cache/$key ]] || todo+=("$source" "$cache/$key")
  done
  ((${#todo[@]} == 0)) && return
  # shellcheck disable=SC2016  # expanded by the inner shell
  printf '%s\n' "${todo[@]}" | xargs -P "$(jobs)" -n 2 bash -c '
    '"$bin"'/clang-tidy -p build --quiet "$0" 2>/dev/null && touch "$1"'
}

need_packages tools/dev/packages.txt
need_packages tools/dev/packages-test.txt
need_venv

checks=("$@")
((${#checks[@]})) || checks=(arrows sizes paths ruff mypy shell clang-format clang-tidy)
passed=0 failed=0
for check in "${checks[@]}"; do
  function=check_${check//-/_}
  declare -F "$function" >/dev/null || die "no check '$check'"
  if output=$("$function" 2>&1); then
    passed=$((passed + 1))
    echo "ok    $check"
  else
    failed=$((failed + 1))
    echo "FAIL  $check"
    # sed, not head: a reader that leaves early would end this script by SIGPIPE.
    sed '/^Error while processing/d' <<<"$output" | sed -n '1,100p' | cut -c1-300
  fi
done
echo "lint: $passed passed, $failed failed"
((failed == 0))

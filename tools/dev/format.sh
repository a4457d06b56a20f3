#!/usr/bin/env bash
# format: rewrites C++ by the pinned clang-format, and what ruff can mend in Python
#
# usage: ./dev format [FILES...]
#
# Without FILES: every C++ and Python file that git knows or would add.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

need_packages tools/dev/packages-test.txt
need_venv
if (($#)); then
  files=("$@")
else
  # (Programs of the documentation are set for its pages.)
  mapfile -t files < <(git ls-files -co --exclude-standard -- '*.cc' '*.h' '*.c' '*.py' ':!docs/*.c')
fi
for file in "${files[@]}"; do
  [[ -f $file ]] || continue
  case $file in
    *.py) .venv-dev/bin/ruff check --quiet --force-exclude --fix "$file" || true ;;
    *.cc | *.h | *.c) .venv-dev/bin/clang-format -i "$file" ;;
  esac
done

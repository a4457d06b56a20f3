#!/usr/bin/env bash
# docs: builds the documentation site, or makes the screens in its pages anew
#
# usage: ./dev docs                      builds docs/ into build/site; a link that leads nowhere is an error
#        ./dev docs --serve [PORT]       shows it at http://127.0.0.1:8000, and builds it again when a page changes
#        ./dev docs --screens [PAGE...]  runs the commands that the pages show, and puts in what they say
#        ./dev docs --pictures [--record]  draws the pictures of the viewer anew; --record runs the program in them again
#        ./dev docs --timings            measures how fast the page answers, and puts the table into docs/viewer.md
#
# LIMPET_DOCS_PYTHON is the interpreter of the programs in the screens (default: python3).
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

case ${1:-} in
  --screens)
    build_main
    exec python3 docs/screens.py --python "$(command -v "${LIMPET_DOCS_PYTHON:-python3}")" "${@:2}"
    ;;
  --pictures)
    build_page
    [[ ${2:-} != --record ]] || build_main
    need_packages tools/dev/packages-test.txt
    need_packages tools/dev/packages-pictures.txt
    need_venv
    exec .venv-dev/bin/python3 docs/pictures.py "${@:2}"
    ;;
  --timings)
    build_page
    need_packages tools/dev/packages-test.txt
    need_venv
    exec .venv-dev/bin/python3 docs/timings.py --write "${@:2}"
    ;;
  --serve | "")
    need_packages tools/dev/packages-test.txt
    need_docs_venv
    export NO_MKDOCS_2_WARNING=1
    [[ ${1:-} != --serve ]] || exec .venv-docs/bin/mkdocs serve --dev-addr "127.0.0.1:${2:-8000}"
    .venv-docs/bin/mkdocs build --strict --quiet
    echo "built build/site/index.html"
    ;;
  *) die "docs takes --serve, --screens, --pictures, --timings or nothing, and not '$1'" ;;
esac

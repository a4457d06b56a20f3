#!/usr/bin/env bash
# web: builds the viewer's page, web/dist/viewer.html, which the command carries inside
#
# usage: ./dev web [build|check|test [VITEST ARGS]]
#
# build (the default) does nothing where the page is newer than its sources; check builds it and has TypeScript check the types; test
# does both and runs the tests of the model. nodejs and npm are installed where they are missing (Debian's, or any node from 18 on);
# packages by `npm ci`, as web/package-lock.json names them (after a change of web/package.json: `npm install` and `node lock.mjs` there).
# A wheel has the page inside, so who installs one needs none of this.
set -euo pipefail
cd "$LIMPET_ROOT"
source tools/dev/common.sh
maybe_help "$@"

build_page
cd web
case ${1:-build} in
  build) ;;
  check) npx --no-install tsc --noEmit ;;
  test)
    npx --no-install tsc --noEmit
    npx --no-install vitest run "${@:2}"
    ;;
  *) die "web knows build, check and test, not '$1'" ;;
esac

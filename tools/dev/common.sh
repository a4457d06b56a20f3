# Shared by the commands of ./dev: options, messages, packages, builds, the Python tools. To be sourced.
# shellcheck shell=bash

say() { printf '\033[1m%s\033[0m\n' "== $*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# The header comment of the calling script is its help: lines 2.. up to the first line that is no comment.
maybe_help() {
  case ${1:-} in
    -h | --help)
      sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
  esac
}

# run_as_root COMMAND...: directly or by sudo; says what to do by hand when neither works.
run_as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo "$@"
  else
    die "this needs root, and sudo is not available without a password. Run as root: $*"
  fi
}

# need_packages LIST-FILE: installs what is missing of a list of Debian packages (# starts a comment).
need_packages() {
  local package missing=()
  while read -r package _; do
    [[ -z $package || $package == \#* ]] && continue
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done <"$1"
  ((${#missing[@]} == 0)) && return
  command -v apt-get >/dev/null || die "not a Debian machine; install by hand: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  run_as_root apt-get update -qq || say "apt-get update failed; trying with the lists there are"
  run_as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null || die "apt-get could not install: ${missing[*]}"
}

# configure DIR [CMAKE ARGS...]: configures a build tree unless it is configured already, with the same arguments.
configure() {
  local tree=$1
  shift
  local stamp=$tree/.configured wanted="$*"
  [[ -f $tree/build.ninja && -f $stamp && $(<"$stamp") == "$wanted" ]] && return
  mkdir -p "$tree"
  cmake -S . -B "$tree" -G Ninja "$@" >"$tree/configure.log" 2>&1 || {
    cat "$tree/configure.log" >&2
    die "cmake failed in $tree"
  }
  printf '%s' "$wanted" >"$stamp"
}

jobs() { echo "${LIMPET_JOBS:-$(nproc)}"; }

# npm and the packages that web/ is built with, as its lock file names them.
need_web() {
  command -v npm >/dev/null || need_packages tools/dev/packages-web.txt
  cmp -s web/package-lock.json web/node_modules/.limpet-lock && return
  say "installing the packages of web/"
  (cd web && npm ci --silent) || die "npm could not install what web/package-lock.json names"
  cp web/package-lock.json web/node_modules/.limpet-lock
}

# The viewer's page, where it is older than what it is made of: the command has it inside.
build_page() {
  need_web
  local page=web/dist/viewer.html
  [[ -f $page && -z $(find web/src web/*.json web/*.ts web/viewer.html -newer $page -print -quit) ]] && return
  (cd web && npx --no-install vite build --logLevel warn) || die "the viewer's page does not build"
}

build_main() {
  need_packages tools/dev/packages.txt
  build_page
  configure build
  ninja -C build -j "$(jobs)" --quiet
}

# The Python tools (pytest, ruff, clang-format, clang-tidy), pinned, in .venv-dev.
need_venv() {
  local stamp=.venv-dev/.requirements
  cmp -s tools/requirements.txt "$stamp" && return
  say "making .venv-dev (pinned Python tools)"
  /usr/bin/python3 -m venv .venv-dev
  .venv-dev/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt ||
    die "pip could not install tools/requirements.txt"
  cp tools/requirements.txt "$stamp"
}

# What builds the documentation, pinned, in a folder of its own: nothing else needs it.
need_docs_venv() {
  local stamp=.venv-docs/.requirements
  cmp -s tools/dev/docs.txt "$stamp" && return
  say "making .venv-docs (pinned)"
  /usr/bin/python3 -m venv .venv-docs
  .venv-docs/bin/pip install --quiet --disable-pip-version-check -r tools/dev/docs.txt ||
    die "pip could not install tools/dev/docs.txt"
  cp tools/dev/docs.txt "$stamp"
}

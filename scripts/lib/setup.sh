# What scripts/test and scripts/quickstart share: a Debian machine made ready. Sourced, with the project as the current folder.

say() { printf '%s\n' "$*" >&2; }
fail() { say "$0: $*"; exit 1; }

require_root() {
  [ "$(id -u)" = 0 ] || fail 'this needs root: sudo scripts/'"$(basename "$0")"
}

# Installs Debian packages whose program is missing. Arguments: program=package …
install_missing() {
  local pair packages=()
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || [ -e "${pair%%=*}" ] || packages+=("${pair#*=}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "install these first: ${packages[*]}"
  say "installing ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update >&2
  apt-get -qq install -y --no-install-recommends "${packages[@]}" >&2
}

# Node 24 and the libraries come from npm, as package-lock.json has them; the machine's Node, of any age, only runs npm.
install_modules() {
  local done=node_modules/.package-lock.json
  if [ ! -e "$done" ] || [ package-lock.json -nt "$done" ]; then
    say 'installing the npm packages'
    npm ci --no-fund --no-audit >&2
    touch "$done"
  fi
  # npm before 10 drops the link when it skips the package of the other architecture, which has a program of that name too.
  [ -e node_modules/.bin/node ] || ln -sf "../$(cd node_modules && echo node-linux-*)/bin/node" node_modules/.bin/node
  export PATH="$PWD/node_modules/.bin:$PATH"
  case "$(node --version)" in v2[4-9].*) ;; *) fail "Node 24 is needed, got $(node --version)" ;; esac
}

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Starts a Docker engine when none answers; stop_engine ends it again, and no other.
engine_pid=''
start_engine() {
  engine_answers && return 0
  say 'starting a Docker engine'
  engine_log=$(mktemp)
  setsid dockerd --log-level error >"$engine_log" 2>&1 &
  engine_pid=$!
  for _ in $(seq 120); do
    engine_answers && return 0
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 0.5
  done
  tail -20 "$engine_log" >&2
  fail 'the Docker engine does not start'
}
stop_engine() {
  [ -n "$engine_pid" ] || return 0
  kill "$engine_pid" 2>/dev/null || true
  wait "$engine_pid" 2>/dev/null || true
  rm -f "$engine_log"
  engine_pid=''
}

# shellcheck shell=bash
# The release build as the launcher sees it: quick when nothing changed, one line of progress, the log's end on failure.

# build_release ROOT: leaves the binaries in ROOT/build/release/bin.
build_release() {
  local root=$1 log=$1/build/up.log started=$SECONDS pid code=0
  # shellcheck disable=SC2154  # services: of suite.sh
  local targets=(quartet "${services[@]/#/quartet-}")
  mkdir -p "$root/build"
  if ! flock --nonblock "$root/build/lock" true; then say "Another build is at work here; waiting for it."; fi
  # As a job of its own, so that an interrupt can end all of it.
  set -m
  (
    cd "$root" || exit 1
    exec 8> build/lock
    flock 8
    # The generated build runs cmake again by itself where that is needed.
    if [[ ! -f build/release/build.ninja ]]; then cmake --preset release; fi
    cmake --build build/release --target "${targets[@]}"
  ) > "$log" 2>&1 < /dev/null 9>&- &
  pid=$!
  set +m
  # shellcheck disable=SC2064  # this very build
  trap "kill -TERM -- -$pid 2> /dev/null; complain 'Interrupted.'; exit 130" INT TERM HUP
  if [[ -t 1 ]]; then
    while kill -0 "$pid" 2> /dev/null; do
      printf '\r\033[KBuilding %s (%d s)' "$(tail -n 1 "$log" | grep -oE '^\[[0-9]+/[0-9]+\]' || true)" $((SECONDS - started))
      sleep 0.2
    done
    printf '\r\033[K'
  else
    say "Building; the first time takes some minutes (log: $log)"
  fi
  wait "$pid" || code=$?
  trap - INT TERM HUP
  if [[ $code -ne 0 ]]; then
    complain "The build failed; the end of $log:"
    tail -n 40 "$log" >&2
    return 1
  fi
  say "Built in $((SECONDS - started)) s"
}

# shellcheck shell=bash
# What tests/run and the scripts of suites share. A script sources it from the project's root, calls `check` for each
# of its checks and ends with `finish`, whose last line tests/run reads.

suite_passed=0
suite_failed=0

# check NAME COMMAND…: runs the command; its output is shown only if it fails.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    suite_passed=$((suite_passed + 1))
    printf 'ok      %s\n' "$name"
  else
    suite_failed=$((suite_failed + 1))
    printf 'FAILED  %s\n' "$name"
    [[ -z "$output" ]] || printf '%s\n' "$output" | sed 's/^/        /'
  fi
}

# Prints `N passed, N failed`; succeeds only if something was checked and nothing failed. The last command of a script.
finish() {
  printf '%d passed, %d failed\n' "$suite_passed" "$suite_failed"
  [[ $suite_failed -eq 0 && $suite_passed -gt 0 ]]
}

# configure PRESET [ARGUMENT…]: quiet unless it fails.
configure() {
  local log="build/$1.configure.log"
  mkdir -p build
  if ! flock build/lock cmake --preset "$@" > "$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

# build PRESET TARGET…: builds in the configured build/<preset>; only one build runs at a time. A terminal sees the
# progress, a log only what fails.
build() {
  local preset=$1 log="build/$1/build.log"
  shift
  if [[ -t 1 ]]; then
    flock build/lock cmake --build "build/$preset" --target "$@"
  elif ! flock build/lock cmake --build "build/$preset" --target "$@" > "$log" 2>&1; then
    grep -vE '^\[[0-9]+/[0-9]+\] (Building|Generating|Linking)' "$log" | head -n 200
    return 1
  fi
}

# Our own files whose names match one of the given patterns, as find's -name has them; NUL-separated.
our_files() {
  local names=() pattern
  for pattern in "$@"; do names+=(-o -name "$pattern"); done
  find . \( -name .git -o -name node_modules -o -path ./build \) -prune -o -type f \( "${names[@]:1}" \) -print0 | sort -z
}

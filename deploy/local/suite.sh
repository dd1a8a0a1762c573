# shellcheck shell=bash
# Shared by up and down: where a suite keeps its things, and which processes are its own.
#
# Under the data directory:  <service>/  redis/   the data, which survive
#                            log/<name>.log       what each process said
#                            run/<name>.pid       "PID START": the start time (clock ticks since the machine's) tells our
#                                                 process from a later one that got the same number
#                            run/suite            base_port=N, redis=ADDRESS and replicas=COUNT while the suite runs
#                            postgres/            the data of the suite's PostgreSQL server, if it has one

# shellcheck disable=SC2034,SC2154  # seen by those who source this; they set $data
services=(lead contact account opportunity qualification)
home=${HOME:-$(getent passwd "$(id -u)" | cut -d : -f 6)}
default_data=${XDG_DATA_HOME:-$home/.local/share}/quartet
# Where the command-line client looks for the suite that was started last.
state_file=${XDG_STATE_HOME:-$home/.local/state}/quartet/suite
log_bytes_max=$((16 * 1024 * 1024))

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# When the process was started; fails if there is none, or only a zombie waiting for its parent.
start_time() {
  local stat fields
  { stat=$(< "/proc/$1/stat"); } 2> /dev/null || return 1
  # The second field is the program's name in brackets and may hold anything; the state follows it.
  read -ra fields <<< "${stat##*) }"
  [[ "${fields[0]}" != Z && "${fields[0]}" != X ]] || return 1
  echo "${fields[19]}"
}

# The pid of process NAME of the suite in $data; fails if it does not run.
running() {
  local pid started
  { read -r pid started < "$data/run/$1.pid"; } 2> /dev/null || return 1
  [[ -n "$started" && "$(start_time "$pid")" == "$started" ]] || return 1
  echo "$pid"
}

# launch NAME COMMAND…: starts it in a session of its own, so that it survives the terminal.
launch() {
  local name=$1 log=$data/log/$1.log pid
  shift
  if [[ -f "$log" && $(stat -c %s "$log") -gt $log_bytes_max ]]; then mv -f "$log" "$log.old"; fi
  touch "$log"
  # The lock (9) must not outlive this script in its children.
  setsid "$@" < /dev/null >> "$log" 2>&1 9>&- &
  pid=$!
  echo "$pid $(start_time "$pid")" > "$data/run/$name.pid"
}

# The services' processes that have been started here: lead, …, and lead.1, … for second replicas.
all_processes() {
  local file name
  for file in "$data"/run/*.pid; do
    name=$(basename "$file" .pid)
    if [[ -f "$file" && "$name" != redis && "$name" != postgres ]]; then echo "$name"; fi
  done
}

# still_running NAME…: those of them that run.
still_running() {
  local name
  for name in "$@"; do
    if running "$name" > /dev/null; then echo "$name"; fi
  done
}

# stop SECONDS NAME…: asks them to finish, waits for that, and kills who does not.
stop() {
  local seconds=$1 name pid deadline left
  shift
  for name in "$@"; do
    if pid=$(running "$name"); then kill -TERM "$pid" 2> /dev/null || true; fi
  done
  deadline=$((SECONDS + seconds))
  while left=$(still_running "$@") && [[ -n "$left" ]]; do
    if [[ $SECONDS -ge $deadline ]]; then
      for name in $left; do
        complain "$name did not stop within $seconds seconds; killing it. Its data are safe: what was acknowledged is on disk."
        if pid=$(running "$name"); then kill -KILL "$pid" 2> /dev/null || true; fi
      done
      deadline=$((SECONDS + 5))
    fi
    sleep 0.05
  done
  for name in "$@"; do rm -f "$data/run/$name.pid"; done
}

# lock_data: one up or down at a time in a data directory.
lock_data() {
  exec 9> "$data/lock"
  if flock -n 9; then return; fi
  complain "Another up or down is at work in $data; waiting for it."
  flock 9
}

# setting NAME: a value of the running suite.
setting() { sed -n "s/^$1=//p" "$data/run/suite" 2> /dev/null || true; }

# Forgets the suite in $data where the command-line client looks, unless another one has taken the place.
forget_state() {
  if grep -qxF "data=$data" "$state_file" 2> /dev/null; then rm -f "$state_file"; fi
}

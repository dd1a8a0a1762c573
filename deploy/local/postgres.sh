# shellcheck shell=bash
# The suite's own PostgreSQL server, for up --store postgres: its data are in $data/postgres, its password in
# $data/postgres.pass, where libpq looks for it when PGPASSFILE says so.

# shellcheck disable=SC2034,SC2154  # seen by those who source this; they set $data and $base_port
# How long a killed server's processes may take to end, in seconds.
postgres_patience=${QUARTET_POSTGRES_PATIENCE:-60}

postgres_port() { echo $((base_port + 8)); }

# The newest installed server's programs; Debian keeps them off the PATH.
postgres_bin() {
  local folder
  folder=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2> /dev/null | sort -V | tail -n 1)
  if [[ -x "$folder/postgres" ]]; then
    echo "$folder"
  elif folder=$(command -v postgres); then
    dirname "$folder"
  else
    complain "PostgreSQL is not installed."
    return 1
  fi
}

# What runs a command as a user whom PostgreSQL accepts: not root. The data lie where only root may look, so the user
# gets the right to pass through, and no other.
postgres_user=()
if [[ $EUID -eq 0 ]]; then
  postgres_owner=nobody
  if id postgres > /dev/null 2>&1; then postgres_owner=postgres; fi
  postgres_user=(setpriv --reuid "$postgres_owner" --regid "$(id -g "$postgres_owner")" --clear-groups
    '--inh-caps=-all,+dac_read_search' '--ambient-caps=-all,+dac_read_search')
fi

# Makes the server's files, once.
make_postgres() {
  [[ ! -f "$data/postgres/PG_VERSION" ]] || return 0
  local password
  password=$(od -An -N 24 -tx1 /dev/urandom | tr -d ' \n')
  printf '127.0.0.1:*:*:quartet:%s\n' "$password" > "$data/postgres.pass"
  printf '%s\n' "$password" > "$data/run/postgres.password"
  mkdir -p "$data/postgres"
  if [[ $EUID -eq 0 ]]; then chown "$postgres_owner:" "$data/postgres"; fi
  # Texts are ordered by their bytes, as the services want it.
  if ! (cd / && "${postgres_user[@]}" "$(postgres_bin)/initdb" --pgdata "$data/postgres" --username quartet \
    --pwfile "$data/run/postgres.password" --auth scram-sha-256 --encoding UTF8 --locale C) > "$data/log/initdb.log" 2>&1; then
    tail -n 20 "$data/log/initdb.log" >&2
    rm -rf "$data/postgres" "$data/run/postgres.password"
    return 1
  fi
  rm -f "$data/run/postgres.password"
}

# The processes of a server with these data, but for the dead that nobody has buried: they end some moments after their
# postmaster was killed, and until then they hold its shared memory, which keeps a new one from starting.
postgres_processes() {
  local process folder
  folder=$(cd "$data/postgres" && pwd -P)
  for process in /proc/[0-9]*; do
    if [[ "$(readlink "$process/cwd" 2> /dev/null)" == "$folder" ]] && start_time "${process#/proc/}" > /dev/null; then
      echo "${process#/proc/}"
    fi
  done
}

# Waits until a killed server is gone, and takes away the lock that it has left, whose number another process may have.
await_end_of_postgres() {
  local deadline=$((SECONDS + postgres_patience)) left told=
  while left=$(postgres_processes | xargs) && [[ -n "$left" ]]; do
    if [[ -z "$told" ]]; then
      say "Waiting for the end of the former PostgreSQL server (at most $postgres_patience s): processes $left"
      told=yes
    fi
    if [[ $SECONDS -ge $deadline ]]; then
      complain "Processes of the former PostgreSQL server still run in $data/postgres: $left"
      complain "They must end before a new one can start: kill $left"
      return 1
    fi
    sleep 0.1
  done
  # Whether shared memory is still in use is what the server itself looks at.
  rm -f "$data/postgres/postmaster.pid"
}

launch_postgres() {
  make_postgres
  await_end_of_postgres
  local sockets=''
  launch postgres "${postgres_user[@]}" "$(postgres_bin)/postgres" -D "$data/postgres" -p "$(postgres_port)" \
    -c listen_addresses=127.0.0.1 -c "unix_socket_directories=$sockets" -c max_connections=500
}

# ask_postgres SQL: its answer.
ask_postgres() {
  PGPASSFILE=$data/postgres.pass PGCONNECT_TIMEOUT=2 "$(postgres_bin)/psql" --host 127.0.0.1 --port "$(postgres_port)" \
    --username quartet --dbname postgres --no-psqlrc --no-password --tuples-only --no-align --command "$1" 2> /dev/null
}

# Waits for the server and makes the databases of the services named that are not there yet.
make_databases() {
  local deadline=$((SECONDS + 60)) service
  until ask_postgres 'SELECT 1' > /dev/null; do
    if [[ $SECONDS -ge $deadline ]] || ! running postgres > /dev/null; then
      complain "PostgreSQL does not start."
      show_end_of_log postgres
      return 1
    fi
    sleep 0.1
  done
  for service in "$@"; do
    if [[ -z "$(ask_postgres "SELECT 1 FROM pg_database WHERE datname = 'quartet_$service'")" ]]; then
      ask_postgres "CREATE DATABASE quartet_$service" > /dev/null
    fi
  done
}

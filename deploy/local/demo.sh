# shellcheck shell=bash
# Something to look at: a sales team's list of leads, of which one colleague's are qualified and some deals moved on.
# Uses $bin, $base_port and $data of the caller. All of it is written so that a second run changes nothing.

# shellcheck disable=SC2154  # set by the caller
quartet_here() { "$bin/quartet" --host 127.0.0.1 --base-port "$base_port" "$@"; }

# The colleague's leads, by name.
sample_leads() {
  quartet_here lead list --filter 'owner = "mira@bluebird.example"' -o csv | grep -oE '^leads/[^,]+'
}

# deals TOPIC…: names of the open opportunities about these topics that are still at the first stage.
deals() {
  local topics
  topics=$(printf '%s\n' "$@")
  quartet_here opportunity list --filter 'state = "OPEN" AND stage = "QUALIFY" AND owner = "mira@bluebird.example"' -o csv |
    tr -d '\r' | awk -F , -v topics="$topics" '
      BEGIN { split(topics, list, "\n"); for (i in list) wanted[list[i]] = 1 }
      $2 in wanted { print $1 }'
}

# move_on WHERE COMMAND… -- TOPIC…: does something with those deals, if any of them still waits for it; its output matters
# only if that fails.
move_on() {
  local where=$1 command=() names output
  shift
  while [[ "$1" != -- ]]; do
    command+=("$1")
    shift
  done
  shift
  names=$(deals "$@")
  if [[ -z "$names" ]]; then return; fi
  output=$(quartet_here opportunity "${command[@]}" - <<< "$names" 2>&1) || { complain "$output" && return 1; }
  say "Deals moved on to $where: $(wc -l <<< "$names")"
}

run_demo() {
  local list imported=0
  list=$(dirname "${BASH_SOURCE[0]}")/demo-leads.csv
  say ""
  if [[ -e "$data/demo" ]]; then
    say "The sample leads are there already."
    quartet_here pipeline
    return
  fi

  say "Two of these rows cannot be leads, so that you see what becomes of such."
  say "\$ quartet lead import deploy/local/demo-leads.csv"
  # The list has two rows that cannot be leads, which import reports by its exit code 1; worse is worse.
  quartet_here lead import "$list" --rejects "$data/demo-rejects.csv" || imported=$?
  if [[ $imported -gt 1 ]]; then return "$imported"; fi
  if [[ $(sample_leads | wc -l) -lt 25 ]]; then
    complain "The sample leads did not all arrive; deploy/local/up --demo again will bring the rest."
    return 1
  fi

  say ""
  say "\$ quartet lead qualify --filter 'owner = \"mira@bluebird.example\"'"
  quartet_here lead qualify --filter 'owner = "mira@bluebird.example"'

  say ""
  move_on DEVELOP move --stage DEVELOP -- "Ovens for six branches" "Sterilisers for three clinics" "Packing line" "Dome motor overhaul" \
    "Pump monitoring" "Laser cutter"
  move_on PROPOSE move --stage PROPOSE -- "Tail lifts for forty lorries" "Clean room" "Filter house"
  move_on CLOSE move --stage CLOSE -- "Second folding machine" "Projector lift"
  move_on WON win --reason "Signed after the visit" -- "Varnish line for the new hall" "Bakery conveyor"
  move_on LOST lose --reason "Bought second-hand" -- "Kiln sensors"
  touch "$data/demo"

  say ""
  say "\$ quartet pipeline"
  quartet_here pipeline
}

# Reads the constants of common/base/limits.h, then the table of common/LIMITS.md, | `name` | value | …, and names each that
# the other does not have, or has with another value.
FNR == NR { if ($0 !~ /^inline constexpr .* k[A-Z][A-Za-z]* =/ || $0 ~ / k(K|M)iB =/) next
  name = $0; sub(/ =.*/, "", name); sub(/.* /, "", name)
  value = $0; sub(/.* = /, "", value); sub(/;.*/, "", value); gsub(/'/, "", value)
  sub(/ \* k/, " ", value); known[name] = value; next }
split($0, cell, "|") > 3 && cell[2] ~ /`k/ {
  name = cell[2]; gsub(/[ `]/, "", name); value = cell[3]; gsub(/^ +| +$|,/, "", value)
  told[name] = 1
  if (!(name in known)) { print "common/LIMITS.md: there is no " name; wrong = 1 }
  else if (known[name] != value) { print "common/LIMITS.md: " name " is " known[name] ", not " value; wrong = 1 } }
END { for (name in known) { ++count; if (!(name in told)) { print "common/LIMITS.md does not tell of " name; wrong = 1 } }
  exit wrong || count == 0 }

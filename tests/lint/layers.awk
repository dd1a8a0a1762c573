# Reads the table of layers in common/README.md, | layer | purpose | may include |, then sources of common, and names each
# include that the table does not allow.
FNR == NR { if (NF == 5 && $2 ~ /^ [a-z]+ $/ && $2 != " layer ") {
    gsub(/ /, "", $2); known[$2] = 1; n = split($4, names, " "); for (i = 1; i <= n; ++i) may[$2, names[i]] = 1 }
  next }
FNR == 1 { split(FILENAME, path, "/"); layer = path[2]
  if (!(layer in known)) { print FILENAME ": common/README.md does not tell of the layer " layer; wrong = 1 } }
/^#include "(common|services)\// { split($0, part, /["\/]/)
  if (part[2] == "services" || (part[3] != layer && !((layer, part[3]) in may))) {
    print FILENAME ":" FNR ": " layer " may not include " part[2] "/" part[3]; wrong = 1 } }
END { exit wrong || length(known) == 0 }

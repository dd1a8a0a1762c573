# shellcheck shell=bash

# taken_ports PORT…: those of them on which somebody listens so that nobody else can on 127.0.0.1.
taken_ports() {
  local wanted=" $* " table where state port
  for table in /proc/net/tcp /proc/net/tcp6; do
    # A machine without IPv6 has no tcp6.
    [[ -r "$table" ]] || continue
    # By way of cat: bash reads a table of the kernel's byte by byte, and each read makes the kernel begin anew.
    while read -r _ where _ state _; do
      [[ "$state" == 0A ]] || continue # a listener
      # 127.0.0.1 itself or every interface, as IPv4 or as IPv6, in the kernel's byte order.
      case "${where%:*}" in
        0100007F | 00000000 | 00000000000000000000000000000000 | 0000000000000000FFFF00000100007F) ;;
        *) continue ;;
      esac
      port=$((16#${where##*:}))
      if [[ "$wanted" == *" $port "* ]]; then echo "$port"; fi
    done < <(cat "$table")
  done | sort -nu
}

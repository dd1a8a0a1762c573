#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quartet::config {

// A network address as people write it: "127.0.0.1:7400", "[::1]:7400", "redis:6379".
struct Address {
  std::string host;  // without brackets
  int port = 0;      // 0 to 65,535

  bool operator==(const Address&) const = default;
};

// Nothing if `text` is not a host, a colon and a port.
std::optional<Address> ParseAddress(std::string_view text);

// "host:port", the host in brackets if it is an IPv6 address.
std::string FormatAddress(std::string_view host, int port);

// 4 or 6 if `host` is an IP address written in numbers, otherwise 0.
int IpFamily(const std::string& host);

// Whether only this machine can reach `host`: localhost, 127.0.0.0/8 or ::1.
bool IsLoopback(const std::string& host);

// Whether `host` means every interface: 0.0.0.0 or ::.
bool IsWildcard(const std::string& host);

}  // namespace quartet::config

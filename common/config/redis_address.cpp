#include "common/config/redis_address.h"

#include <sys/un.h>

#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace quartet::config {
namespace {

struct Scheme {
  std::string_view name;
  RedisAddress::Kind kind;
};
constexpr Scheme kSchemes[] = {{"redis", RedisAddress::Kind::kServer},
                               {"sentinel", RedisAddress::Kind::kSentinel},
                               {"cluster", RedisAddress::Kind::kCluster}};
constexpr std::string_view kSocketScheme = "unix";
// With the NUL behind it; what is longer would be cut.
constexpr std::size_t kSocketPathMax = sizeof(sockaddr_un::sun_path) - 1;

Error Wrong(std::string what) {
  return InvalidArgument({{"redis", std::move(what)}});
}

// Nothing if a % is not followed by two hexadecimal digits.
std::optional<std::string> DecodePercent(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(byte);
    i += 2;
  }
  return decoded;
}

Status ReadScheme(std::string_view scheme, RedisAddress& address) {
  for (const Scheme& known : kSchemes) {
    if (!scheme.starts_with(known.name)) continue;
    const std::string_view rest = scheme.substr(known.name.size());
    if (!rest.empty() && rest != "s") continue;
    address.kind = known.kind;
    address.tls = rest == "s";
    return {};
  }
  return Wrong("the scheme is none of redis, sentinel and cluster, nor one of these with an s for TLS, nor unix");
}

Status ReadSocket(std::string_view path, RedisAddress& address) {
  if (!path.starts_with('/')) return Wrong("the socket's path does not begin with a slash: unix:///path");
  if (path.size() > kSocketPathMax) return Wrong(fmt::format("the socket's path is longer than {}", kSocketPathMax));
  address.hosts = {{.host = std::string(path), .port = 0}};
  return {};
}

Status ReadCredentials(std::string_view text, RedisAddress& address) {
  const auto colon = text.find(':');
  const auto user = DecodePercent(text.substr(0, colon));
  const auto password = DecodePercent(colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1));
  if (!user || !password) return Wrong("before the @ a % is not followed by two hexadecimal digits");
  address.user = *user;
  address.password = *password;
  return {};
}

Status ReadHosts(std::string_view text, RedisAddress& address) {
  address.hosts.clear();
  while (true) {
    const auto comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    auto host = ParseAddress(one);
    if (!host) return Wrong(fmt::format("'{}' is not host:port", one));
    if (host->port == 0) return Wrong(fmt::format("'{}' has no port that can be connected to", one));
    address.hosts.push_back(std::move(*host));
    if (comma == std::string_view::npos) return {};
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

bool IsSocket(const Address& address) {
  return address.host.starts_with('/');
}

std::string FormatServer(const Address& address) {
  return IsSocket(address) ? address.host : FormatAddress(address.host, address.port);
}

std::string RedisAddress::ToString() const {
  if (IsSocket(hosts.front())) return fmt::format("{}://{}", kSocketScheme, hosts.front().host);
  std::string text;
  if (kind != Kind::kServer || tls) {
    for (const Scheme& scheme : kSchemes) {
      if (scheme.kind == kind) text = fmt::format("{}{}://", scheme.name, tls ? "s" : "");
    }
  }
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (i > 0) text += ",";
    text += FormatAddress(hosts[i].host, hosts[i].port);
  }
  if (kind == Kind::kSentinel) text += "/" + master_name;
  return text;
}

Result<RedisAddress> ParseRedisAddress(std::string_view text) {
  RedisAddress address;
  bool is_socket = false;
  if (const auto end = text.find("://"); end != std::string_view::npos) {
    is_socket = text.substr(0, end) == kSocketScheme;
    if (!is_socket) QUARTET_RETURN_IF_ERROR(ReadScheme(text.substr(0, end), address));
    text.remove_prefix(end + 3);
  }
  // A password may hold an @ of its own; a host never does.
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    QUARTET_RETURN_IF_ERROR(ReadCredentials(text.substr(0, at), address));
    text.remove_prefix(at + 1);
  }
  if (is_socket) {
    QUARTET_RETURN_IF_ERROR(ReadSocket(text, address));
    return address;
  }
  if (address.kind == RedisAddress::Kind::kSentinel) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash + 1 == text.size()) {
      return Wrong("the name of the master is missing: sentinel://host:port,…/name");
    }
    address.master_name = text.substr(slash + 1);
    text = text.substr(0, slash);
  } else if (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  QUARTET_RETURN_IF_ERROR(ReadHosts(text, address));
  if (address.kind == RedisAddress::Kind::kServer && address.hosts.size() > 1) {
    return Wrong("several hosts are a cluster:// or a sentinel://");
  }
  return address;
}

}  // namespace quartet::config

#include "common/events/redis/servers/slots.h"

#include <charconv>

#include <hiredis/hiredis.h>

#include "common/events/redis/servers/connection.h"

namespace quartet::events {
namespace {

constexpr std::uint16_t kPolynomial = 0x1021;

constexpr std::array<std::uint16_t, 256> MakeTable() {
  std::array<std::uint16_t, 256> table = {};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    auto value = static_cast<std::uint16_t>(byte << 8);
    for (int bit = 0; bit < 8; ++bit) {
      const bool carry = (value & 0x8000) != 0;
      value = static_cast<std::uint16_t>(value << 1);
      if (carry) value ^= kPolynomial;
    }
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint16_t, 256> kTable = MakeTable();

std::string_view Tag(std::string_view key) {
  const auto open = key.find('{');
  if (open == std::string_view::npos) return key;
  const auto close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

std::string KnownHost(std::string_view host, const config::Address& asked) {
  return host.empty() || host == "?" ? asked.host : std::string(host);
}

// [host, port, id, …]
std::optional<config::Address> ParseNode(const redisReply& node, const config::Address& asked) {
  if (node.elements < 2 || node.element[1]->type != REDIS_REPLY_INTEGER) return std::nullopt;
  return config::Address{.host = KnownHost(ReplyText(*node.element[0]), asked),
                         .port = static_cast<int>(node.element[1]->integer)};
}

}  // namespace

int SlotOf(std::string_view key) {
  std::uint16_t crc = 0;
  for (const char character : Tag(key)) {
    const auto byte = static_cast<std::uint8_t>(character);
    crc = static_cast<std::uint16_t>((crc << 8) ^ kTable[static_cast<std::uint8_t>(crc >> 8) ^ byte]);
  }
  return crc % kSlots;
}

std::optional<std::vector<SlotRange>> ParseSlots(const redisReply& reply, const config::Address& asked) {
  if (reply.type != REDIS_REPLY_ARRAY) return std::nullopt;
  std::vector<SlotRange> ranges;
  for (std::size_t i = 0; i < reply.elements; ++i) {
    const redisReply& range = *reply.element[i];
    if (range.elements < 3) return std::nullopt;
    SlotRange parsed{.first = static_cast<int>(range.element[0]->integer),
                     .last = static_cast<int>(range.element[1]->integer)};
    if (parsed.first < 0 || parsed.last >= kSlots || parsed.first > parsed.last) return std::nullopt;
    for (std::size_t j = 2; j < range.elements; ++j) {
      const auto node = ParseNode(*range.element[j], asked);
      if (!node) return std::nullopt;
      if (j == 2) {
        parsed.master = *node;
      } else {
        parsed.replicas.push_back(*node);
      }
    }
    ranges.push_back(std::move(parsed));
  }
  return ranges;
}

std::optional<Redirect> ParseRedirect(std::string_view error, const config::Address& asked) {
  Redirect redirect{.ask = error.starts_with("ASK ")};
  if (!redirect.ask && !error.starts_with("MOVED ")) return std::nullopt;
  error.remove_prefix(error.find(' ') + 1);
  const char* const end = error.data() + error.size();
  const auto [after_slot, slot_error] = std::from_chars(error.data(), end, redirect.slot);
  // An IPv6 address comes without brackets: the port is behind the last colon.
  const auto colon = error.rfind(':');
  if (slot_error != std::errc() || after_slot == end || *after_slot != ' ' || colon == std::string_view::npos ||
      redirect.slot < 0 || redirect.slot >= kSlots) {
    return std::nullopt;
  }
  const auto host_begin = static_cast<std::size_t>(after_slot + 1 - error.data());
  if (colon < host_begin) return std::nullopt;
  redirect.server.host = KnownHost(error.substr(host_begin, colon - host_begin), asked);
  if (std::from_chars(error.data() + colon + 1, end, redirect.server.port).ec != std::errc()) return std::nullopt;
  return redirect;
}

}  // namespace quartet::events

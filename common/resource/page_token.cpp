// The token is base64url (RFC 4648, without padding) of, integers big-endian:
//   1 byte   format, 1
//   8 bytes  create_time_us
//   8 bytes  query
//   n bytes  id
//   4 bytes  checksum of all before
#include "common/resource/page_token.h"

#include <limits>
#include <optional>

#include <fmt/format.h>

#include "common/base/limits.h"

namespace quartet::resource {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::size_t kHeadBytes = 17;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// FNV-1a, 64 bits.
std::uint64_t Hash(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash ^= static_cast<std::uint8_t>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

void AppendInteger(std::uint64_t value, std::size_t size_bytes, std::string& bytes) {
  for (std::size_t i = size_bytes; i-- > 0;) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t ReadInteger(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::string ToBase64(std::string_view bytes) {
  std::string text;
  std::uint32_t window = 0;
  int bits = 0;
  for (const char c : bytes) {
    window = window << 8 | static_cast<std::uint8_t>(c);
    for (bits += 8; bits >= 6; bits -= 6) text.push_back(kAlphabet[(window >> (bits - 6)) & 63]);
  }
  if (bits > 0) text.push_back(kAlphabet[(window << (6 - bits)) & 63]);
  return text;
}

// Nothing for text that ToBase64 does not make.
std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes;
  std::uint32_t window = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    window = window << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>(window >> bits));
    }
  }
  const std::uint32_t unused = window & ((1U << bits) - 1);
  if (bits >= 6 || unused != 0) return std::nullopt;
  return bytes;
}

std::uint64_t Checksum(std::string_view bytes) {
  return Hash(bytes) & std::numeric_limits<std::uint32_t>::max();
}

Error NotOurs() {
  return Error{.code = Code::kInvalidArgument,
               .reason = "INVALID_PAGE_TOKEN",
               .message = "is not a token that this method gave; leave it empty to begin with the first page"};
}

}  // namespace

std::uint64_t HashQuery(std::string_view collection, std::string_view filter, std::string_view order_by,
                        bool show_deleted) {
  return Hash(fmt::format("{}:{}:{}:{}:{}:{}:{}", collection.size(), collection, filter.size(), filter, order_by.size(),
                          order_by, show_deleted ? 1 : 0));
}

std::string EncodePageToken(const PageToken& token) {
  std::string bytes;
  AppendInteger(kFormat, 1, bytes);
  AppendInteger(static_cast<std::uint64_t>(token.create_time_us), 8, bytes);
  AppendInteger(token.query, 8, bytes);
  bytes += token.id;
  AppendInteger(Checksum(bytes), kChecksumBytes, bytes);
  return ToBase64(bytes);
}

Result<PageToken> DecodePageToken(std::string_view text) {
  if (text.size() > limits::kPageTokenCharactersMax) return NotOurs();
  const std::optional<std::string> decoded = FromBase64(text);
  if (!decoded || decoded->size() < kHeadBytes + kChecksumBytes) return NotOurs();
  const std::string_view bytes = *decoded;
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (Checksum(body) != ReadInteger(bytes.substr(body.size()))) return NotOurs();
  if (static_cast<std::uint8_t>(body[0]) != kFormat) return NotOurs();
  return PageToken{.create_time_us = static_cast<std::int64_t>(ReadInteger(body.substr(1, 8))),
                   .id = std::string(body.substr(kHeadBytes)),
                   .query = ReadInteger(body.substr(9, 8))};
}

}  // namespace quartet::resource

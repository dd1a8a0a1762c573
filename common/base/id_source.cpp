#include "common/base/id_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>

#include <uuid/uuid.h>

namespace quartet {
namespace {

constexpr std::uint32_t kSequenceMax = 0x3FFFF;  // 18 bits: 12 in rand_a, 6 in rand_b

std::string Format(const std::array<std::uint8_t, 16>& bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text(36, '-');
  char* place = text.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++place;
    *place++ = kHex[bytes[i] >> 4];
    *place++ = kHex[bytes[i] & 15];
  }
  return text;
}

constexpr std::array<std::uint8_t, 256> HexDigits() {
  std::array<std::uint8_t, 256> is_digit{};
  for (const char c : std::string_view("0123456789abcdef")) is_digit[static_cast<unsigned char>(c)] = 1;
  return is_digit;
}
constexpr std::array<std::uint8_t, 256> kIsHexDigit = HexDigits();

}  // namespace

UuidV7Source::UuidV7Source(const Clock& clock, std::uint64_t seed) : clock_(clock), random_(seed) {}

std::string UuidV7Source::NewUuid() {
  std::array<std::uint8_t, 16> bytes{};
  std::lock_guard lock(mutex_);
  const std::int64_t now_ms = clock_.NowMicros() / 1000;
  if (now_ms > last_ms_) {
    last_ms_ = now_ms;
    sequence_ = static_cast<std::uint32_t>(random_()) & (kSequenceMax >> 1);
  } else if (++sequence_ > kSequenceMax) {
    ++last_ms_;
    sequence_ = 0;
  }
  for (int i = 0; i < 6; ++i) bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * i));
  bytes[6] = static_cast<std::uint8_t>(0x70 | (sequence_ >> 14));
  bytes[7] = static_cast<std::uint8_t>(sequence_ >> 6);
  bytes[8] = static_cast<std::uint8_t>(0x80 | (sequence_ & 0x3F));
  std::uint64_t tail = random_();
  for (std::size_t i = 9; i < 16; ++i, tail >>= 8) bytes[i] = static_cast<std::uint8_t>(tail);
  return Format(bytes);
}

std::string UuidV5(std::string_view name) {
  // Quartet's own namespace: a random UUID, fixed for ever.
  constexpr uuid_t kNamespace = {0x5e, 0x0c, 0x1b, 0x7a, 0x93, 0x4d, 0x4f, 0x2e,
                                 0x8a, 0x61, 0x2d, 0xc4, 0x70, 0xb9, 0x15, 0xee};
  std::array<std::uint8_t, 16> bytes{};
  uuid_generate_sha1(bytes.data(), kNamespace, name.data(), name.size());
  return Format(bytes);
}

std::string UuidOfRequest(std::string_view collection, std::string_view request_id) {
  constexpr std::size_t kVersionAt = 14;
  constexpr std::size_t kTaken = 18;  // "xxxxxxxx-xxxx-7xxx": milliseconds, version, and what orders ids within one
  std::string name(collection);
  std::string id = UuidV5(name.append("/").append(request_id));
  if (request_id.size() == id.size() && request_id[kVersionAt] == '7') id.replace(0, kTaken, request_id, 0, kTaken);
  return id;
}

std::optional<std::int64_t> TimeOfUuidV7(std::string_view uuid) {
  if (!IsUuid(uuid) || uuid[14] != '7') return std::nullopt;
  std::string digits(uuid.substr(0, 8));
  digits.append(uuid.substr(9, 4));
  std::int64_t time_ms = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), time_ms, 16);
  return time_ms * 1'000;
}

std::string FirstUuidV7At(std::int64_t time_us) {
  // A time between two milliseconds belongs to the later one: what was made in the earlier was made before.
  const std::int64_t time_ms = std::max<std::int64_t>(0, (time_us + 999) / 1'000);
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%012llx", static_cast<unsigned long long>(time_ms));
  const std::string_view hex(digits.data(), 12);
  return std::string(hex.substr(0, 8)).append("-").append(hex.substr(8));
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-') return false;
  int digits = 0;
  for (const char c : text) digits += kIsHexDigit[static_cast<unsigned char>(c)];
  return digits == 32;
}

}  // namespace quartet

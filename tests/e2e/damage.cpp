#include "tests/e2e/damage.h"

#include <fmt/core.h>

#include "common/resource/resource_name.h"

namespace quartet::test {

std::string Damage::Literal(std::string_view bytes) const {
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return suite_.IsOnPostgres() ? fmt::format("'\\x{}'", hex) : fmt::format("x'{}'", hex);
}

std::string Damage::Where(std::string_view column, std::string_view name) {
  return fmt::format(" WHERE {} = '{}'", column, resource::IdOf(name));
}

std::string Damage::BodyOf(std::string_view service, const std::string& table, const std::string& name) const {
  const std::string hex = suite_.Execute(
      service, fmt::format("SELECT {} FROM {}{}", suite_.IsOnPostgres() ? "encode(body, 'hex')" : "hex(body)", table,
                           Where("id", name)));
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

}  // namespace quartet::test

#include "common/storage/postgres/result.h"

#include <string_view>

#include <libpq-fe.h>

namespace quartet::storage {

void PostgresResultDeleter::operator()(pg_result* result) const {
  PQclear(result);
}

std::int64_t IntegerAt(const pg_result* result, int row, int column) {
  const std::string_view bytes(PQgetvalue(result, row, column),
                               static_cast<std::size_t>(PQgetlength(result, row, column)));
  if (bytes.empty() || bytes.size() > sizeof(std::int64_t)) return 0;
  // From network order; the first byte has the sign, which fills what a shorter integer leaves.
  std::uint64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

}  // namespace quartet::storage

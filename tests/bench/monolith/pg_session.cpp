#include "tests/bench/monolith/pg_session.h"

#include <endian.h>

#include <array>
#include <charconv>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

namespace quartet::bench {

PgParams& PgParams::Add(std::string_view value, bool binary) {
  // An empty view may have no data, which libpq would read as NULL.
  values_.push_back(value.empty() ? "" : value.data());
  lengths_.push_back(static_cast<int>(value.size()));
  formats_.push_back(binary ? 1 : 0);
  return *this;
}

PgParams& PgParams::Number(std::int64_t number) {
  const std::uint64_t network_order = htobe64(static_cast<std::uint64_t>(number));
  kept_.push_back(std::make_unique<std::string>(reinterpret_cast<const char*>(&network_order), sizeof network_order));
  return Add(*kept_.back(), /*binary=*/true);
}

PgParams& PgParams::Literal(std::string literal) {
  kept_.push_back(std::make_unique<std::string>(std::move(literal)));
  return Add(*kept_.back(), /*binary=*/false);
}

std::int64_t PgRows::Number(int row, int column) const {
  std::uint64_t network_order = 0;
  const std::string_view bytes = Bytes(row, column);
  if (bytes.size() != sizeof network_order) throw std::runtime_error("a column is no BIGINT");
  std::memcpy(&network_order, bytes.data(), sizeof network_order);
  return static_cast<std::int64_t>(be64toh(network_order));
}

std::string_view PgRows::Bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t PgRows::changed() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

PgSession::PgSession(const std::string& address) : connection_(PQconnectdb(address.c_str()), PQfinish) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
}

PgRows PgSession::Checked(PGresult* result) const {
  PgRows rows(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
    throw std::runtime_error(fmt::format("PostgreSQL: {}", PQerrorMessage(connection_.get())));
  }
  return rows;
}

void PgSession::Script(const std::string& sql) {
  Checked(PQexec(connection_.get(), sql.c_str()));
}

std::int64_t PgSession::Number(const std::string& sql) {
  const PgRows rows = Checked(PQexec(connection_.get(), sql.c_str()));
  if (rows.size() != 1) throw std::runtime_error("a query gave no number: " + sql);
  return std::stoll(std::string(rows.Bytes(0, 0)));
}

void PgSession::Prepare(const std::string& name, const std::string& sql) {
  Checked(PQprepare(connection_.get(), name.c_str(), sql.c_str(), 0, nullptr));
}

PgRows PgSession::Run(const char* name, const PgParams& params) {
  constexpr int kBinary = 1;
  return Checked(PQexecPrepared(connection_.get(), name, params.size(), params.values(), params.lengths(),
                                params.formats(), kBinary));
}

void PgSession::Copy(const std::string& copy, std::string_view rows) {
  Checked(PQexec(connection_.get(), copy.c_str()));
  if (PQputCopyData(connection_.get(), rows.data(), static_cast<int>(rows.size())) != 1 ||
      PQputCopyEnd(connection_.get(), nullptr) != 1) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
  while (PGresult* result = PQgetResult(connection_.get())) Checked(result);
}

void AppendCopyText(std::string_view text, std::string& row) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        row += "\\\\";
        break;
      case '\t':
        row += "\\t";
        break;
      case '\n':
        row += "\\n";
        break;
      case '\r':
        row += "\\r";
        break;
      default:
        row += c;
    }
  }
}

void AppendCopyBytes(std::string_view bytes, std::string& row) {
  row += "\\\\x";
  for (const char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    row += kDigits[static_cast<unsigned char>(byte) >> 4];
    row += kDigits[static_cast<unsigned char>(byte) & 15];
  }
}

}  // namespace quartet::bench

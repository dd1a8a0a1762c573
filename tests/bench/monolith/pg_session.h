// A thin hand on libpq for the monolith, which does without the services' storage layer.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

namespace quartet::bench {

// Parameters of one statement, in their order. Texts and bytes must outlive it.
class PgParams {
 public:
  PgParams& Text(std::string_view text) { return Add(text, /*binary=*/true); }
  PgParams& Bytes(std::string_view bytes) { return Add(bytes, /*binary=*/true); }
  PgParams& Number(std::int64_t number);  // BIGINT
  // In PostgreSQL's text form, for instance "{1,2}".
  PgParams& Literal(std::string literal);

  int size() const { return static_cast<int>(values_.size()); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }

 private:
  PgParams& Add(std::string_view value, bool binary);

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

// What a statement gave, in PostgreSQL's binary form.
class PgRows {
 public:
  explicit PgRows(PGresult* result) : result_(result, PQclear) {}

  int size() const { return PQntuples(result_.get()); }
  std::int64_t Number(int row, int column) const;  // of a BIGINT
  std::string_view Bytes(int row, int column) const;
  // How many rows a writing statement has changed.
  std::int64_t changed() const;
  const PGresult* get() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

// One connection, used by one thread. Every failure throws std::runtime_error with the server's message.
class PgSession {
 public:
  // `address`: a libpq connection string.
  explicit PgSession(const std::string& address);

  // Statements without parameters, several with semicolons between them.
  void Script(const std::string& sql);
  // One number that a query gives.
  std::int64_t Number(const std::string& sql);

  void Prepare(const std::string& name, const std::string& sql);
  PgRows Run(const char* name, const PgParams& params = {});

  // COPY … FROM STDIN, its rows in the text format.
  void Copy(const std::string& copy, std::string_view rows);

 private:
  PgRows Checked(PGresult* result) const;

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// One value of a row that is copied, escaped; columns are set apart by tabs, rows ended by newlines.
void AppendCopyText(std::string_view text, std::string& row);
void AppendCopyBytes(std::string_view bytes, std::string& row);

}  // namespace quartet::bench

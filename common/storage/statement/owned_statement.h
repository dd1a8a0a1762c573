#pragma once

#include <string>

#include "common/storage/statement/statement.h"

namespace quartet::storage {

// A statement whose text is put together once, when the program starts. A declaration
// that the text contradicts ends the program there and then: it is a mistake in it.
class OwnedStatement {
 public:
  OwnedStatement() = default;  // to be assigned
  // The names in `access` must outlive this object.
  OwnedStatement(std::string sql, const Access& access);

  operator Statement() const { return Statement::Declared(sql_, access_); }  // NOLINT(google-explicit-constructor)

 private:
  std::string sql_;
  Access access_;
};

}  // namespace quartet::storage

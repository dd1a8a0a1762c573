#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::storage {

enum class PostgresFailure {
  kStatement,    // wrong in itself: the same statement fails again
  kDuplicate,    // a unique constraint refuses
  kConflict,     // another transaction was in the way
  kUnavailable,  // the server cannot now: it has no space, or took too long
  kConnection,   // the connection serves no more; another one may
};

// What a server says of a statement that it refuses.
struct PostgresRefusal {
  std::string_view code;      // SQLSTATE
  std::string_view function;  // of the server, which reports it
  std::string_view message;   // the primary one; in the server's language, but for extensions
};

// `read_only`: whether the session may not write by its own will.
PostgresFailure ClassifyPostgres(const PostgresRefusal& refusal, bool read_only);

// The error that a caller may see; it never carries the statement's text, nor
// what the server says of it.
Error PostgresError(PostgresFailure failure, std::string_view code);

// UNAVAILABLE DATABASE_UNAVAILABLE for a connection that cannot be made or is
// lost. Callers see `detail`: never the words of libpq, which name hosts.
Error PostgresUnreachable(std::string_view detail = "");

// Text of libpq without `secret` and in one line.
std::string WithoutSecret(std::string text, std::string_view secret);

}  // namespace quartet::storage

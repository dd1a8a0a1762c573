#include "common/storage/postgres/error.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace quartet::storage {
namespace {

// https://www.postgresql.org/docs/current/errcodes-appendix.html
constexpr std::string_view kUniqueViolation = "23505";
constexpr std::string_view kQueryCanceled = "57014";
constexpr std::string_view kTooManyConnections = "53300";
constexpr std::string_view kProtocolViolation = "08P01";  // also: a wrong number of parameters
constexpr std::string_view kReadOnly = "25006";
constexpr std::string_view kNoSuchPreparedStatement = "26000";
constexpr std::string_view kInternalError = "XX000";
// Serialization failure, deadlock, a lock that was waited for too long.
constexpr std::array<std::string_view, 3> kConflicts = {"40001", "40P01", "55P03"};
// The server shuts down, has crashed, or starts.
constexpr std::array<std::string_view, 4> kShutdowns = {"57P01", "57P02", "57P03", "57P05"};

template <std::size_t size>
bool IsAmong(const std::array<std::string_view, size>& codes, std::string_view code) {
  return std::ranges::find(codes, code) != codes.end();
}

}  // namespace

PostgresFailure ClassifyPostgres(const PostgresRefusal& refusal, bool read_only) {
  const std::string_view code = refusal.code;
  if (code == kUniqueViolation) return PostgresFailure::kDuplicate;
  if (IsAmong(kConflicts, code)) return PostgresFailure::kConflict;
  // A server that has become a standby takes no writes; its successor does.
  if (code == kReadOnly) return read_only ? PostgresFailure::kStatement : PostgresFailure::kConnection;
  if (IsAmong(kShutdowns, code) || code == kTooManyConnections || code == kNoSuchPreparedStatement) {
    return PostgresFailure::kConnection;
  }
  // A statement prepared before the schema changed; a new connection prepares it anew.
  if (refusal.function == "RevalidateCachedQuery") return PostgresFailure::kConnection;
  // Citus, within a server that ends while it waits for another.
  if (code == kInternalError && refusal.message.starts_with("postmaster was shut down"))
    return PostgresFailure::kConnection;
  if (code == kProtocolViolation) return PostgresFailure::kStatement;
  const std::string_view family = code.substr(0, 2);
  if (family == "08") return PostgresFailure::kConnection;
  if (code == kQueryCanceled || family == "53" || family == "58") return PostgresFailure::kUnavailable;
  return PostgresFailure::kStatement;
}

Error PostgresError(PostgresFailure failure, std::string_view code) {
  using std::chrono::milliseconds;
  const std::string suffix = " (SQLSTATE " + std::string(code) + ")";
  switch (failure) {
    case PostgresFailure::kDuplicate:
      return AlreadyExists("UNIQUE_VIOLATION", "a record with the same unique value exists already");
    case PostgresFailure::kConflict:
      return Aborted("WRITE_CONFLICT", "another writer changed the same records", milliseconds(100));
    case PostgresFailure::kUnavailable:
      if (code == kQueryCanceled) {
        return Unavailable("DATABASE_UNAVAILABLE", "the database took too long" + suffix, milliseconds(1000));
      }
      return Unavailable("DATABASE_UNAVAILABLE", "the database has no resources left" + suffix, milliseconds(2000));
    case PostgresFailure::kConnection:
      return PostgresUnreachable("SQLSTATE " + std::string(code));
    case PostgresFailure::kStatement:
      break;
  }
  if (code == "XX001" || code == "XX002") {
    return Error{.code = Code::kDataLoss, .reason = "DATABASE_DAMAGED", .message = "the database is damaged" + suffix};
  }
  return Internal("the database refused a statement" + suffix);
}

Error PostgresUnreachable(std::string_view detail) {
  std::string message = "the database cannot be reached";
  if (!detail.empty()) message += " (" + std::string(detail) + ")";
  return Unavailable("DATABASE_UNAVAILABLE", std::move(message), std::chrono::milliseconds(500));
}

std::string WithoutSecret(std::string text, std::string_view secret) {
  constexpr std::string_view kInstead = "(password)";
  for (std::size_t at = 0; !secret.empty() && (at = text.find(secret, at)) != std::string::npos;) {
    text.replace(at, secret.size(), kInstead);
    at += kInstead.size();
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace quartet::storage

#include "common/events/inbox/dead_letters.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/events/envelope.h"

namespace quartet::events {
namespace {

constexpr std::string_view kUpsert =
    "INSERT INTO dead_letter (id, failed_at, consumer_group, error, delivery_count, payload)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (id) DO UPDATE SET failed_at = excluded.failed_at, consumer_group = excluded.consumer_group,"
    " error = excluded.error, delivery_count = excluded.delivery_count, payload = excluded.payload";
constexpr std::string_view kSelectOldest =
    "SELECT payload, consumer_group, error, delivery_count, failed_at FROM dead_letter"
    " ORDER BY failed_at, id LIMIT $1";
constexpr std::string_view kSelectOne =
    "SELECT payload, consumer_group, error, delivery_count, failed_at FROM dead_letter WHERE id = $1";
constexpr std::string_view kDelete = "DELETE FROM dead_letter WHERE id = $1";
// Not one that has failed again since it was read.
constexpr std::string_view kDeleteReplayed = "DELETE FROM dead_letter WHERE id = $1 AND failed_at = $2";

using limits::kPageSizeDefault;
using limits::kPageSizeMax;
constexpr std::size_t kIdsMax = limits::kBatchNamesMax;

Result<DeadLetter> Read(const storage::Row& row) {
  QUARTET_ASSIGN_OR_RETURN(Message message, ParseMessage(row.Bytes(0)));
  return DeadLetter{.message = std::move(message),
                    .group = row.String(1),
                    .error = row.String(2),
                    .delivery_count = row.Int(3),
                    .fail_time_us = row.Int(4)};
}

Status CheckIds(std::span<const std::string> ids) {
  if (ids.empty() || ids.size() > kIdsMax)
    return InvalidArgument({{.field = "ids", .description = fmt::format("must name 1 to {} dead letters", kIdsMax)}});
  std::vector<FieldViolation> violations;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    // Others may publish too and give their ids any form; but not every database takes any bytes for a text.
    const auto characters = CountCodePoints(ids[i]);
    if (!characters || *characters > limits::kLongTextMax || ids[i].find('\0') != std::string::npos)
      violations.push_back({.field = fmt::format("ids[{}]", i), .description = "is no dead letter's id"});
  }
  return violations.empty() ? Status() : Status(InvalidArgument(std::move(violations)));
}

Error NoSuch(const std::vector<std::string>& ids) {
  Error error = NotFound("DEAD_LETTER_NOT_FOUND", fmt::format("no such dead letter: {}", fmt::join(ids, ", ")));
  error.metadata["ids"] = fmt::format("{}", fmt::join(ids, ","));
  return error;
}

}  // namespace

Status WriteDeadLetter(storage::Transaction& transaction, const DeadLetter& letter) {
  const std::string payload = SerializeMessage(letter.message);
  const Result<std::int64_t> written = transaction.Execute(
      kUpsert, {std::string_view(letter.message.id), letter.fail_time_us, std::string_view(letter.group),
                std::string_view(letter.error), letter.delivery_count, storage::Blob{payload}});
  return written.ok() ? Status() : Status(written.error());
}

DeadLetters::DeadLetters(storage::Database& database, Bus& bus) : database_(database), bus_(bus) {}

Result<std::vector<DeadLetter>> DeadLetters::List(int page_size) {
  if (page_size < 0 || page_size > kPageSizeMax) {
    return InvalidArgument(
        {{.field = "page_size", .description = fmt::format("must be 1 to {}, or 0 for the default", kPageSizeMax)}});
  }
  const std::int64_t limit = page_size == 0 ? kPageSizeDefault : page_size;
  std::vector<DeadLetter> letters;
  std::optional<Error> unreadable;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) {
    letters.clear();
    return transaction.Query(kSelectOldest, {limit}, [&](const storage::Row& row) {
      Result<DeadLetter> letter = Read(row);
      if (letter.ok()) {
        letters.push_back(std::move(*letter));
      } else {
        unreadable = letter.error();
      }
    });
  }));
  if (unreadable) return *unreadable;
  return letters;
}

Status DeadLetters::Replay(std::span<const std::string> ids) {
  QUARTET_RETURN_IF_ERROR(CheckIds(ids));
  std::vector<Message> messages;
  std::vector<std::int64_t> fail_times;
  std::vector<std::string> missing;
  std::optional<Error> unreadable;
  Status read = database_.Read([&](storage::Transaction& transaction) -> Status {
    for (const std::string& id : std::set<std::string>(ids.begin(), ids.end())) {
      bool found = false;
      QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectOne, {std::string_view(id)}, [&](const storage::Row& row) {
        found = true;
        Result<DeadLetter> letter = Read(row);
        if (letter.ok()) {
          messages.push_back(std::move(letter->message));
          fail_times.push_back(letter->fail_time_us);
        } else {
          unreadable = letter.error();
        }
      }));
      if (!found) missing.push_back(id);
    }
    return {};
  });
  if (!read.ok()) return read;
  if (!missing.empty()) return NoSuch(missing);
  if (unreadable) return *unreadable;
  QUARTET_RETURN_IF_ERROR(bus_.Publish(messages));
  return database_.Write([&](storage::Transaction& transaction) -> Status {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto deleted = transaction.Execute(kDeleteReplayed, {std::string_view(messages[i].id), fail_times[i]});
      if (!deleted.ok()) return deleted.error();
    }
    return {};
  });
}

Status DeadLetters::Drop(std::span<const std::string> ids) {
  QUARTET_RETURN_IF_ERROR(CheckIds(ids));
  return database_.Write([&](storage::Transaction& transaction) -> Status {
    std::vector<std::string> missing;
    for (const std::string& id : std::set<std::string>(ids.begin(), ids.end())) {
      const auto deleted = transaction.Execute(kDelete, {std::string_view(id)});
      if (!deleted.ok()) return deleted.error();
      if (*deleted == 0) missing.push_back(id);
    }
    return missing.empty() ? Status() : Status(NoSuch(missing));
  });
}

}  // namespace quartet::events

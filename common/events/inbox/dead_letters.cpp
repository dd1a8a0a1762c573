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

constexpr storage::Statement kUpsert = {
    "INSERT INTO dead_letter (id, failed_at, consumer_group, error, delivery_count, payload)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (id) DO UPDATE SET failed_at = excluded.failed_at, consumer_group = excluded.consumer_group,"
    " error = excluded.error, delivery_count = excluded.delivery_count, payload = excluded.payload",
    storage::Upserts("dead_letter").By("id", 1)};
constexpr storage::Statement kMeasure = {
    "SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(payload)), 0) AS BIGINT) FROM dead_letter",
    storage::Reads("dead_letter")};
constexpr storage::Statement kMeasureOne = {"SELECT LENGTH(payload) FROM dead_letter WHERE id = $1",
                                            storage::Reads("dead_letter").By("id", 1)};
constexpr storage::Statement kSelectOldestLetters = {
    "SELECT id, LENGTH(payload) FROM dead_letter ORDER BY failed_at, id LIMIT $1", storage::Reads("dead_letter")};
constexpr storage::Statement kSelectOne = {
    "SELECT payload, consumer_group, error, delivery_count, failed_at FROM dead_letter WHERE id = $1",
    storage::Reads("dead_letter").By("id", 1)};
constexpr storage::Statement kDeleteLetter = {"DELETE FROM dead_letter WHERE id = $1",
                                              storage::Deletes("dead_letter").By("id", 1)};
// Not one that has failed again since it was read.
constexpr storage::Statement kDeleteReplayed = {"DELETE FROM dead_letter WHERE id = $1 AND failed_at = $2",
                                                storage::Deletes("dead_letter").By("id", 1).By("failed_at", 2)};

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

// How many bytes the letter has; nothing if there is none.
Result<std::optional<std::int64_t>> LengthOf(storage::Transaction& transaction, std::string_view id) {
  std::optional<std::int64_t> length;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kMeasureOne, {id}, [&](const storage::Row& row) { length = row.Int(0); }));
  return length;
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

Result<std::vector<Burial>> BuryDeadLetters(storage::Database& database, std::span<const DeadLetter> letters) {
  std::vector<Burial> burials;
  QUARTET_RETURN_IF_ERROR(database.Write([&](storage::Transaction& transaction) -> Status {
    burials.clear();
    std::int64_t count = 0;
    std::int64_t bytes = 0;
    QUARTET_RETURN_IF_ERROR(transaction.Query(kMeasure, {}, [&](const storage::Row& row) {
      count = row.Int(0);
      bytes = row.Int(1);
    }));
    for (const DeadLetter& letter : letters) {
      QUARTET_ASSIGN_OR_RETURN(const auto former, LengthOf(transaction, letter.message.id));
      if (former && letter.once) {
        burials.push_back(Burial::kKnown);
        continue;
      }
      const std::string payload = SerializeMessage(letter.message);
      const std::int64_t more = std::ssize(payload) - former.value_or(0);
      if ((!former && count >= limits::kDeadLettersMax) || bytes + more > limits::kDeadLettersBytesMax) {
        burials.push_back(Burial::kNoRoom);
        continue;
      }
      count += former ? 0 : 1;
      bytes += more;
      const std::string error = letter.error.substr(0, limits::kDeadLetterErrorBytesMax);
      QUARTET_RETURN_IF_ERROR(transaction.Run(
          kUpsert, {std::string_view(letter.message.id), letter.fail_time_us, std::string_view(letter.group),
                    std::string_view(error), letter.delivery_count, storage::Blob{payload}}));
      burials.push_back(Burial::kKept);
    }
    return {};
  }));
  return burials;
}

DeadLetters::DeadLetters(storage::Database& database, Bus& bus) : database_(database), bus_(bus) {}

Result<std::vector<DeadLetter>> DeadLetters::List(int page_size) {
  if (page_size < 0 || page_size > kPageSizeMax) {
    return InvalidArgument(
        {{.field = "page_size", .description = fmt::format("must be 1 to {}, or 0 for the default", kPageSizeMax)}});
  }
  const std::int64_t limit = page_size == 0 ? kPageSizeDefault : page_size;
  std::vector<DeadLetter> letters;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    letters.clear();
    std::vector<std::string> ids;
    QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectOldestLetters, {limit},
                                              [&](const storage::Row& row) { ids.push_back(row.String(0)); }));
    // One by one, for they may be large.
    for (const std::string& id : ids) {
      QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectOne, {std::string_view(id)}, [&](const storage::Row& row) {
        Result<DeadLetter> letter = Read(row);
        if (letter.ok()) {
          letter->message.data.clear();
          letters.push_back(std::move(*letter));
        } else {
          // There to be dropped; it must not hide the others.
          letters.push_back({.message = {.id = id}, .group = row.String(1), .error = ToString(letter.error())});
        }
      }));
    }
    return {};
  }));
  return letters;
}

// The first of `ids` that are published together.
Result<std::span<const std::string>> DeadLetters::FirstPiece(std::span<const std::string> ids) {
  std::size_t count = 0;
  std::int64_t bytes = 0;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    count = 0;
    bytes = 0;
    for (const std::string& id : ids) {
      QUARTET_ASSIGN_OR_RETURN(const auto length, LengthOf(transaction, id));
      bytes += length.value_or(0);
      if (count > 0 && bytes > static_cast<std::int64_t>(limits::kMessageBatchBytesMax)) return {};
      ++count;
    }
    return {};
  }));
  return ids.first(count);
}

Status DeadLetters::Replay(std::span<const std::string> ids) {
  QUARTET_RETURN_IF_ERROR(CheckIds(ids));
  const std::set<std::string> distinct(ids.begin(), ids.end());
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    std::vector<std::string> missing;
    for (const std::string& id : distinct) {
      QUARTET_ASSIGN_OR_RETURN(const auto length, LengthOf(transaction, id));
      if (!length) missing.push_back(id);
    }
    return missing.empty() ? Status() : Status(NoSuch(missing));
  }));
  const std::vector<std::string> all(distinct.begin(), distinct.end());
  for (std::span<const std::string> left(all); !left.empty();) {
    QUARTET_ASSIGN_OR_RETURN(const auto piece, FirstPiece(left));
    QUARTET_RETURN_IF_ERROR(ReplayPiece(piece));
    left = left.subspan(piece.size());
  }
  return {};
}

Status DeadLetters::ReplayPiece(std::span<const std::string> ids) {
  std::vector<Message> messages;
  std::vector<std::int64_t> fail_times;
  std::optional<Error> unreadable;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    messages.clear();
    fail_times.clear();
    for (const std::string& id : ids) {
      QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectOne, {std::string_view(id)}, [&](const storage::Row& row) {
        Result<DeadLetter> letter = Read(row);
        if (letter.ok()) {
          messages.push_back(std::move(letter->message));
          fail_times.push_back(letter->fail_time_us);
        } else {
          unreadable = letter.error();
        }
      }));
    }
    return {};
  }));
  if (unreadable) return *unreadable;
  QUARTET_RETURN_IF_ERROR(bus_.Publish(messages));
  return database_.Write([&](storage::Transaction& transaction) -> Status {
    for (std::size_t i = 0; i < messages.size(); ++i) {
      QUARTET_RETURN_IF_ERROR(transaction.Run(kDeleteReplayed, {std::string_view(messages[i].id), fail_times[i]}));
    }
    return {};
  });
}

Status DeadLetters::Drop(std::span<const std::string> ids) {
  QUARTET_RETURN_IF_ERROR(CheckIds(ids));
  return database_.Write([&](storage::Transaction& transaction) -> Status {
    std::vector<std::string> missing;
    for (const std::string& id : std::set<std::string>(ids.begin(), ids.end())) {
      const auto deleted = transaction.Execute(kDeleteLetter, {std::string_view(id)});
      if (!deleted.ok()) return deleted.error();
      if (*deleted == 0) missing.push_back(id);
    }
    return missing.empty() ? Status() : Status(NoSuch(missing));
  });
}

}  // namespace quartet::events

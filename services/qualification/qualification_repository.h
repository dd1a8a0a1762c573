#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/resource/page_request.h"
#include "common/storage/database.h"
#include "services/qualification/qualification_rules.h"

namespace quartet::qualification {

// The reason of the error that a row is not the stored one any more.
inline constexpr std::string_view kMoved = "QUALIFICATION_MOVED";

// What a request_id stands for.
struct Request {
  std::string content;  // a digest of what was asked for
  std::string qualification_id;
};

// Whether a qualification of that id, if it has no row, was decided and deleted, and was none
// that never began.
bool IsForgotten(std::string_view id, std::int64_t watermark_us);

// Whether the row was never begun, and never will be: see Fence.
bool IsTombstone(const Row& row);

// A row that is due to be driven again, without what is in it.
struct DueRow {
  std::string id;
  std::int64_t redrive_time_us = 0;
  std::string waits_for;
  std::int64_t size_bytes = 0;
};

// SQL over the commit records. All functions run inside the caller's
// transaction; none keeps anything.
class QualificationRepository {
 public:
  // Announce a Find, a WaitingFor of one row in any state, and a FindRequest; see
  // storage::Transaction::Expect.
  void ExpectFind(storage::Transaction& transaction, std::string_view id) const;
  void ExpectWaitingFor(storage::Transaction& transaction, std::string_view holder) const;
  void ExpectRequest(storage::Transaction& transaction, std::string_view request_id) const;

  // Errors: DATA_LOSS QUALIFICATION_UNREADABLE.
  Result<std::optional<Row>> Find(storage::Transaction& transaction, std::string_view id) const;

  // The decision about `id` as it stands, or nothing if it has no row; reads less than Find. A
  // row that cannot be read is UNDECIDED, in attempt 0, which is no ground for anything, and
  // `unreadable` is set.
  void ExpectDecision(storage::Transaction& transaction, std::string_view id) const;
  Result<std::optional<v1::Decision>> FindDecision(storage::Transaction& transaction, std::string_view id,
                                                   bool& unreadable) const;

  // The qualification `id` if it is decided, otherwise nothing; reads less than Find.
  void ExpectDecided(storage::Transaction& transaction, std::string_view id) const;
  Result<std::optional<v1::Qualification>> FindDecided(storage::Transaction& transaction, std::string_view id) const;

  // Leaves a tombstone in the place of a row that does not exist, so that it never will: ABORTED,
  // of no kind, shown to no caller. A row that exists, perhaps since a moment ago, stays as it is:
  // only a Find after this tells. `id` must be a UUID.
  Status Fence(storage::Transaction& transaction, std::string_view id, std::int64_t now_us) const;

  // The watermark, in microseconds since the Unix epoch: what IsForgotten may have been deleted.
  // An absence is to be judged by the watermark of the same transaction.
  void ExpectWatermark(storage::Transaction& transaction) const;
  Result<std::int64_t> Watermark(storage::Transaction& transaction) const;
  // Raises it, if it is lower. Not later than in the transaction that deletes.
  Status RaiseWatermark(storage::Transaction& transaction, std::int64_t watermark_us) const;

  // Ids of qualifications that must not be deleted yet whatever their age: the oldest that is
  // not over, and those that somebody is about to take back. Errors: DATA_LOSS if it cannot be told what.
  Result<std::vector<std::string>> NeededIds(storage::Transaction& transaction) const;
  // Deletes the oldest below the watermark that are over, at most `limit`, with what their
  // request_ids stand for; how many.
  Result<int> DeleteOldest(storage::Transaction& transaction, std::int64_t watermark_us, int limit) const;

  Status Insert(storage::Transaction& transaction, const Row& row) const;
  // What of a row is written only if it changes: the rest is small and in no
  // index.
  struct Changed {
    bool plan = false;
    bool times = false;  // waits_for, redrive_time or redrive_count
  };
  // Writes the row as its next version if the stored one is still row.version
  // (rule 2), and raises row.version. Otherwise the operation fails: ABORTED
  // kMoved.
  Status Update(storage::Transaction& transaction, Row& row, Changed changed) const;

  // Makes this operation collide with every other process's that changes the row.
  Status Touch(storage::Transaction& transaction, std::string_view id) const;

  // Ids of rows that wait for `holder`, the oldest first.
  Result<std::vector<std::string>> WaitingFor(storage::Transaction& transaction, std::string_view holder,
                                              std::optional<v1::Qualification::State> state, int limit) const;
  // Makes the row, if it still waits for `holder`, wait for `next`.
  Status WaitFor(storage::Transaction& transaction, std::string_view id, std::string_view holder,
                 std::string_view next) const;
  // Rows that are due to be driven again, the longest due first, at most `limit` of those after `after`; and then
  // those whose time lies so far ahead that the clock has been set back since it was set.
  Result<std::vector<DueRow>> DueBy(storage::Transaction& transaction, std::int64_t now_us,
                                    const std::optional<DueRow>& after, int limit) const;
  // Has the row, which need not be readable, driven again at another time.
  Status Postpone(storage::Transaction& transaction, std::string_view id, std::int64_t redrive_time_us) const;

  // How many are not over, or `limit` if there are more.
  Result<std::int64_t> CountPending(storage::Transaction& transaction, std::int64_t limit) const;
  // Ids of those that are not decided, at most `limit`.
  Result<std::vector<std::string>> Undecided(storage::Transaction& transaction, std::int64_t limit) const;

  Result<std::optional<Request>> FindRequest(storage::Transaction& transaction, std::string_view request_id) const;
  // The request_id must not stand for anything yet.
  Status InsertRequest(storage::Transaction& transaction, std::string_view request_id, const Request& request) const;

  // One page, as callers see it, and the token of the next. `stuck_at_us`: only those that are
  // stuck at that time.
  Result<std::vector<v1::Qualification>> List(storage::Transaction& transaction, const resource::PageRequest& page,
                                              std::optional<std::int64_t> stuck_at_us,
                                              std::string& next_page_token) const;
};

}  // namespace quartet::qualification

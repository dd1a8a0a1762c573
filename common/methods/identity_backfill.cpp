#include "common/methods/identity_backfill.h"

#include <optional>
#include <string>

namespace quartet::methods {
namespace {

// Few enough that others are not kept waiting.
constexpr int kChunkRecords = 250;

constexpr storage::Statement kThrough = {"SELECT through FROM identity_backfill", storage::Reads("identity_backfill")};
constexpr storage::Statement kMove = {"UPDATE identity_backfill SET through = $2 WHERE through = $1",
                                      storage::Updates("identity_backfill")};
constexpr storage::Statement kEnd = {"DELETE FROM identity_backfill WHERE through = $1",
                                     storage::Deletes("identity_backfill").By("through", 1)};

}  // namespace

IdentityBackfill::IdentityBackfill(storage::Database& database, const resource::RecordRepository& records,
                                   const commit::IntentRepository& intents, IdentitiesOf identities_of,
                                   const Clock& clock)
    : database_(database),
      records_(records),
      intents_(intents),
      identities_of_(identities_of),
      begin_us_(clock.NowMicros()) {}

Result<bool> IdentityBackfill::Step() {
  if (is_done_) return false;
  std::optional<std::string> through;
  bool waits = false;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    through.reset();
    QUARTET_RETURN_IF_ERROR(transaction.Query(kThrough, {}, [&](const storage::Row& row) { through = row.String(0); }));
    QUARTET_ASSIGN_OR_RETURN(const auto old, intents_.OlderThan(transaction, begin_us_, 1));
    waits = !old.empty();
    return {};
  }));
  if (!through) is_done_ = true;
  if (!through || waits) return waits;
  QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(const auto chunk, records_.After(transaction, *through, kChunkRecords));
    for (const resource::Record& record : chunk) {
      if (record.delete_time_us != 0) continue;
      // What it shows may be changed by another process at this moment.
      QUARTET_RETURN_IF_ERROR(records_.Touch(transaction, record.id));
      for (const identity::Identity& identity : identities_of_(record)) {
        if (records_.schema().IsExclusive(identity.kind)) continue;
        auto claimed = records_.Claim(transaction, identity, record.id);
        if (!claimed.ok()) return std::move(claimed).error();
      }
    }
    if (chunk.size() < kChunkRecords) return transaction.Run(kEnd, {std::string_view(*through)});
    return transaction.Run(kMove, {std::string_view(*through), std::string_view(chunk.back().id)});
  }));
  return true;
}

}  // namespace quartet::methods

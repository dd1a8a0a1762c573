#pragma once

#include <atomic>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/commit/intent_repository.h"
#include "common/resource/record_repository.h"
#include "common/storage/database.h"

namespace quartet::methods {

// Gives the records of a database from before identities had a row for each
// record the rows that are missing: those of the second record with a phone number
// or a company's name. A chunk at a time, beside all other work; where it stopped is
// in the table identity_backfill, which has no row once everything is done. Until
// then a filter by such an identity may not find a record that came second.
class IdentityBackfill {
 public:
  using IdentitiesOf = std::vector<identity::Identity> (*)(const resource::Record& stored);

  // All must outlive it.
  IdentityBackfill(storage::Database& database, const resource::RecordRepository& records,
                   const commit::IntentRepository& intents, IdentitiesOf identities_of, const Clock& clock);

  // One chunk, unless intents wait that were written before this process began:
  // they may be an earlier program's, which left rows out. Whether anything may be
  // left.
  Result<bool> Step();

 private:
  storage::Database& database_;
  const resource::RecordRepository& records_;
  const commit::IntentRepository& intents_;
  const IdentitiesOf identities_of_;
  const std::int64_t begin_us_;
  std::atomic<bool> is_done_{false};
};

}  // namespace quartet::methods

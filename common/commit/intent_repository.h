#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/commit/intent.h"
#include "common/resource/record_repository.h"
#include "common/storage/database.h"

namespace quartet::commit {

// An intent with the final record that it is about, if that exists.
struct IntentOnRecord {
  Intent intent;
  bool has_record = false;
  resource::Record record;
};

// Brings the tables behind this repository up to date.
Status MigrateTables(storage::Database& database, const Clock& clock);

// SQL over intents and participations. All functions run inside the caller's
// transaction.
class IntentRepository {
 public:
  // `record_table`: the table of the service's records.
  explicit IntentRepository(std::string_view record_table);

  // Announce an OnRecord, an Of and a FindParticipation; see storage::Transaction::Expect.
  void ExpectOnRecord(storage::Transaction& transaction, std::string_view record_id) const;
  void ExpectOf(storage::Transaction& transaction, const Participation& participation) const;
  void ExpectParticipation(storage::Transaction& transaction, std::string_view qualification_id) const;

  Result<std::vector<Intent>> OnRecord(storage::Transaction& transaction, std::string_view record_id) const;
  // The intents by which a record other than `id` may gain or lose one of
  // `identities`, if these have one owner each.
  Result<std::vector<Intent>> OnIdentities(storage::Transaction& transaction, const resource::RecordRepository& records,
                                           std::span<const identity::Identity> identities, std::string_view id) const;
  // The intents of a qualification, whose participation knows where they are.
  Result<std::vector<Intent>> Of(storage::Transaction& transaction, const Participation& participation) const;
  Result<std::vector<IntentOnRecord>> All(storage::Transaction& transaction) const;

  // Those that change the content of records for which `where` holds (a condition
  // over the columns of the records' table). `scan_records`: those records are few,
  // so that it is quicker to look for intents on them than the other way round.
  Result<std::vector<IntentOnRecord>> OnRecords(storage::Transaction& transaction, const std::string& where,
                                                std::span<const storage::Param> params, bool scan_records) const;
  // Those that open records, and for which `where` holds (a condition over the
  // columns of `intent`).
  Result<std::vector<IntentOnRecord>> Opening(storage::Transaction& transaction, const std::string& where,
                                              std::span<const storage::Param> params) const;
  // Qualifications whose intents were written before `before_us`, the oldest
  // first, at most `limit`.
  Result<std::vector<std::string>> OlderThan(storage::Transaction& transaction, std::int64_t before_us,
                                             int limit) const;
  Status Insert(storage::Transaction& transaction, const Intent& intent, std::int64_t now_us) const;
  Status DeleteAllOf(storage::Transaction& transaction, const Participation& participation) const;

  // A participation that was never saved is one in state kNone.
  Result<Participation> FindParticipation(storage::Transaction& transaction, std::string_view qualification_id) const;
  Status SaveParticipation(storage::Transaction& transaction, const Participation& participation,
                           std::int64_t now_us) const;

 private:
  Result<std::vector<IntentOnRecord>> Select(storage::Transaction& transaction, std::string_view sql,
                                             std::span<const storage::Param> params) const;

  std::string all_;
  std::string from_records_;
  std::string from_intents_;
};

}  // namespace quartet::commit

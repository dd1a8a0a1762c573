#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/resource/record.h"
#include "common/resource/schema.h"
#include "common/storage/database.h"
#include "common/storage/statement/owned_statement.h"

namespace quartet::resource {

// SQL over a service's records and their identities. Knows nothing of intents:
// what it reads is what is final. All functions run inside the caller's
// transaction.
class RecordRepository {
 public:
  explicit RecordRepository(const Schema& schema);

  const Schema& schema() const { return schema_; }

  // Announce a Find, a Read and an Owner; see storage::Transaction::Expect.
  void ExpectFind(storage::Transaction& transaction, std::string_view id) const;
  void ExpectRead(storage::Transaction& transaction, std::string_view id) const;
  void ExpectOwner(storage::Transaction& transaction, const identity::Identity& identity) const;

  // The record, deleted or not; its columns are loaded as stored_columns, its
  // identities not at all.
  Result<std::optional<Record>> Find(storage::Transaction& transaction, std::string_view id) const;
  // The same without its columns, which only an Update needs.
  Result<std::optional<Record>> Read(storage::Transaction& transaction, std::string_view id) const;

  // Records for which `where` holds (a condition over the table's columns with
  // parameters from $1 on; may be empty), ordered by creation, at most `limit`.
  Result<std::vector<Record>> Select(storage::Transaction& transaction, const std::string& where,
                                     std::span<const storage::Param> params, bool descending, int limit) const;

  // Up to `limit` records, deleted ones too, by their ids from the one after `id` on.
  Result<std::vector<Record>> After(storage::Transaction& transaction, std::string_view id, int limit) const;

  // Whether `where`, as above, holds for no more than `limit` records.
  Result<bool> HasAtMost(storage::Transaction& transaction, const std::string& where,
                         std::span<const storage::Param> params, int limit) const;

  // Ids of up to `limit` live records whose column `reference` is `name`.
  Result<std::vector<std::string>> Referring(storage::Transaction& transaction, std::string_view reference,
                                             std::string_view name, int limit) const;

  // The identities that a record has, with whether they are former ones.
  struct OwnIdentity {
    identity::Identity identity;
    bool former = false;
  };
  Result<std::vector<OwnIdentity>> IdentitiesOf(storage::Transaction& transaction, std::string_view id) const;

  // Writes a new record; its identities are claimed separately.
  Status Insert(storage::Transaction& transaction, const Record& record) const;

  // Replaces `before`, as it was found, if that is still the stored version;
  // otherwise ABORTED ETAG_MISMATCH. A column that stays the same is not written,
  // which spares its indexes.
  Status Update(storage::Transaction& transaction, const Record& record, const Record& before) const;

  // Makes this operation collide with every other process's that changes the
  // record: for who relies on its state without changing it.
  Status Touch(storage::Transaction& transaction, std::string_view id) const;

  // Removes the record and all its identities for good.
  Status Remove(storage::Transaction& transaction, std::string_view id) const;

  // The record that owns an identity, former ones included; nothing if nobody
  // does. Of several that share it: the oldest that shows it still, or else the
  // oldest.
  Result<std::optional<std::string>> Owner(storage::Transaction& transaction, const identity::Identity& identity) const;

  // Whether the record has the identity, or had it formerly.
  Result<bool> Has(storage::Transaction& transaction, std::string_view id, const identity::Identity& identity) const;

  // Gives `id` the identity too, or if only one may have it makes it the owner
  // unless somebody is already; whether it has it now. What is only reserved, for
  // a record that shows it once a qualification is final, leads to the record and is
  // found by no filter.
  enum class Claimed : std::int64_t { kShown = 0, kReserved = 2 };
  Result<bool> Claim(storage::Transaction& transaction, const identity::Identity& identity, std::string_view id,
                     Claimed claimed = Claimed::kShown) const;

  // Frees an identity that `id` owns.
  Status Free(storage::Transaction& transaction, const identity::Identity& identity, std::string_view id) const;
  Status FreeAll(storage::Transaction& transaction, std::string_view id) const;

  // Marks an identity that the record no longer shows; it keeps leading there.
  Status MarkFormer(storage::Transaction& transaction, const identity::Identity& identity, std::string_view id,
                    bool former) const;

 private:
  Schema schema_;
  std::string select_;
  storage::OwnedStatement after_;
  storage::OwnedStatement find_;
  storage::OwnedStatement read_;
  storage::OwnedStatement insert_;
  storage::OwnedStatement touch_;
  storage::OwnedStatement remove_;
};

// The parameter that compares with a projected column.
storage::Param ParamOf(const ColumnValue& value);

// Reads id, version, create_time, update_time, delete_time, body from columns
// `first`… of a row.
Record ReadRecord(const storage::Row& row, int first = 0);

}  // namespace quartet::resource

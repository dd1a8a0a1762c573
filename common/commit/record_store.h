#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/commit/references.h"
#include "common/commit/resolution.h"
#include "common/events/outbox/outbox.h"
#include "common/storage/database.h"

namespace quartet::commit {

// What a committed qualification changes in the final records: what is in the
// database, and what a reader must show instead.
struct Overlay {
  std::optional<resource::Record> before;
  std::optional<resource::Record> after;
  // The id of a record of which this cannot be told, for what is stored of it, or of
  // the intent on it, cannot be read; empty otherwise.
  std::string unreadable;
};

// A record's new state, and the domain event that tells of it.
struct Mutation {
  resource::Record after;  // with columns and identities
  events::Message event;
  bool even_if_used = false;  // a deletion, though other records name this one
};

// Records as everybody outside of the protocol sees and changes them: each
// intent that is met is resolved first (rules 7, 18), so a conversion is seen
// whole or not at all. Thread-safe.
// Errors of all methods: UNAVAILABLE of the database, or of the orchestrator
// where the state of a record cannot be known without it.
class RecordStore {
 public:
  // Computes the new state from the one before; runs inside the transaction,
  // perhaps more than once. `now_us`: the time of the change.
  using ChangeRecord = std::function<Result<Mutation>(const resource::Record& before, std::int64_t now_us)>;

  RecordStore(const RecordKind& kind, const resource::RecordRepository& records, const IntentRepository& intents,
              const Resolution& resolution, storage::Database& database, events::Outbox& outbox,
              DecisionSource& decisions, ReferenceSource& references, const Clock& clock);

  // Whether a record like `after` may be created, as far as it names others. Errors:
  // RECORD_NOT_FOUND, as Create's.
  Status CheckReferences(const resource::Record& after);

  // The records at one moment, positional; nothing where there is none. Errors:
  // FAILED_PRECONDITION BATCH_TOO_LARGE if they have more bytes together; how many
  // had not is `names_max` in the metadata.
  Result<std::vector<std::optional<resource::Record>>> Get(
      std::span<const std::string> ids, std::size_t bytes_max = std::numeric_limits<std::size_t>::max());

  // The same of one record, if it can be told without waiting: for the disk, or for
  // decisions. Whether it can; `record` is set then.
  bool TryGet(const std::string& id, std::optional<resource::Record>& record);

  // Runs `read` over the final records in a snapshot, and gives what committed
  // qualifications change in that same snapshot: of the records that `read` names by
  // the intents that it has met there.
  using Met = std::vector<IntentOnRecord>;
  Result<std::vector<Overlay>> Snapshot(const std::function<Status(storage::Transaction&, Met& met)>& read);

  // The identities of a stored record.
  using IdentitiesOf = std::function<std::vector<identity::Identity>(const resource::Record&)>;
  // Gets the record as it is after a write, or why there was none.
  using Done = std::function<void(Result<resource::Record>)>;
  // Runs a task that may block, on another thread; false if it cannot.
  using Background = std::function<bool(std::function<void()>)>;

  // Writes a new record (version 1) and claims its identities. If a record with
  // this id exists already it is returned instead, whatever it is now. Errors:
  // ALREADY_EXISTS IDENTITY_TAKEN; FAILED_PRECONDITION RECORD_NOT_FOUND if it names
  // a record that is not there or deleted; ABORTED RECORD_IN_QUALIFICATION
  // (RetryInfo) while an undecided qualification reserves one of its identities.
  Result<resource::Record> Create(Mutation creation);
  // The same without waiting: `done` is called once, on the database's thread or,
  // if intents were to be resolved first, on one of `background`, which if it
  // takes nothing more means RESOURCE_EXHAUSTED OVERLOADED. It must be quick.
  void Create(Mutation creation, const Background& background, Done done);

  // Changes one record. Errors: NOT_FOUND; ABORTED RECORD_IN_QUALIFICATION
  // (RetryInfo) while an undecided qualification holds it or reserves an identity
  // that it would have; FAILED_PRECONDITION RECORD_NOT_FOUND if it would name, as it
  // did not before, a record that is not there or deleted; FAILED_PRECONDITION
  // RECORD_IN_USE for the deletion of one that others name; what `change` gives.
  Result<resource::Record> Change(const std::string& id, IdentitiesOf identities, ChangeRecord change);
  // The same without waiting, as above.
  void Change(const std::string& id, IdentitiesOf identities, ChangeRecord change, const Background& background,
              Done done);

  const resource::RecordRepository& records() const { return records_; }
  const IntentRepository& intents() const { return intents_; }
  // Whether qualifications open such records at all.
  bool AreOpened() const { return kind_.participant() != qualification::v1::LEAD; }

 private:
  // The final record; adds the intents on it to `found`.
  Result<std::optional<resource::Record>> ReadOne(storage::Transaction& transaction, const std::string& id,
                                                  std::vector<IntentOnRecord>& found) const;
  Result<std::vector<Overlay>> OverlaysOf(const std::vector<IntentOnRecord>& found);
  void CarryOut(const Decisions& decisions);

  // A write of one record, on its way.
  struct Pending;
  using PendingPtr = std::shared_ptr<Pending>;
  PendingPtr PendingCreate(Mutation creation) const;
  PendingPtr PendingChange(const std::string& id, IdentitiesOf identities, ChangeRecord change) const;
  // One try, inside a transaction: it has done everything, or else met intents.
  static events::Outbox::Run Try(const PendingPtr& write);
  void Enqueue(const PendingPtr& write, const Background& background, Done done);
  // Tries until it meets no more intents.
  Result<resource::Record> Run(const PendingPtr& write);
  // Learns what the last try, the `round`th from 0, went without: carries out the
  // intents that it met, ABORTED (RetryInfo) for one that is not decided; asks other
  // services about records that are named.
  Status Settle(Pending& write, int round);
  Status SettleIntents(const Pending& write, int round);
  // Whether `write` has to ask about what `after` names and `before` (if there is one)
  // did not; RECORD_NOT_FOUND for what is known to be gone.
  Result<bool> AsksForReferences(Pending& write, const resource::Record* before, const resource::Record& after) const;
  Result<resource::Record> ResultOf(Pending& write, Status status) const;
  Error DoesNotExist(const std::string& id) const;
  Status Write(storage::Transaction& transaction, const resource::Record& before,
               std::vector<identity::Identity> before_identities, const Mutation& mutation) const;

  const RecordKind& kind_;
  const resource::RecordRepository& records_;
  const IntentRepository& intents_;
  const Resolution& resolution_;
  storage::Database& database_;
  events::Outbox& outbox_;
  DecisionSource& decisions_;
  ReferenceSource& references_;
  const Clock& clock_;
};

}  // namespace quartet::commit

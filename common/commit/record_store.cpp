#include "common/commit/record_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/resource/identities.h"
#include "common/resource/resource_name.h"

namespace quartet::commit {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{50};
// Each round, intents that stood in the way have been resolved; so many
// qualifications in a row are contention to report.
constexpr int kRoundsMax = 8;

// Decisions that one reader has carried out.
constexpr int kCarriedOutMax = 64;

// Of the records of one read: what is asked of a database at once is in memory as a whole.
constexpr std::size_t kAskedTogether = 250;

Error TooLarge(std::size_t names_max, std::size_t bytes_max) {
  Error error = FailedPrecondition("BATCH_TOO_LARGE", "these records have more than " + std::to_string(bytes_max) +
                                                          " bytes together; ask for at most " +
                                                          std::to_string(names_max) + " at once");
  error.metadata = {{"names_max", std::to_string(names_max)}};
  return error;
}

std::vector<std::string> Holders(const std::vector<IntentOnRecord>& found) {
  std::vector<std::string> ids;
  for (const IntentOnRecord& entry : found) ids.push_back(entry.intent.qualification_id);
  return ids;
}

}  // namespace

RecordStore::RecordStore(const RecordKind& kind, const resource::RecordRepository& records,
                         const IntentRepository& intents, const Resolution& resolution, storage::Database& database,
                         events::Outbox& outbox, DecisionSource& decisions, ReferenceSource& references,
                         const Clock& clock)
    : kind_(kind),
      records_(records),
      intents_(intents),
      resolution_(resolution),
      database_(database),
      outbox_(outbox),
      decisions_(decisions),
      references_(references),
      clock_(clock) {}

Result<std::vector<std::optional<resource::Record>>> RecordStore::Get(std::span<const std::string> ids,
                                                                      std::size_t bytes_max) {
  std::vector<std::optional<resource::Record>> records;
  std::vector<IntentOnRecord> found;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    std::size_t bytes = 0;
    for (std::size_t begin = 0; begin < ids.size(); begin += kAskedTogether) {
      const auto together = ids.subspan(begin, std::min(kAskedTogether, ids.size() - begin));
      for (const std::string& id : together) {
        records_.ExpectRead(transaction, id);
        intents_.ExpectOnRecord(transaction, id);
      }
      for (const std::string& id : together) {
        QUARTET_ASSIGN_OR_RETURN(records.emplace_back(), ReadOne(transaction, id, found));
        bytes += records.back() ? records.back()->bytes.size() : 0;
        if (bytes > bytes_max) return TooLarge(std::max<std::size_t>(records.size() - 1, 1), bytes_max);
      }
    }
    return {};
  }));
  if (found.empty()) return records;
  QUARTET_ASSIGN_OR_RETURN(const auto overlays, OverlaysOf(found));
  for (const Overlay& overlay : overlays) {
    if (!overlay.unreadable.empty())
      return DataLoss(resource::NameOf(records_.schema().collection, overlay.unreadable) +
                      " is to become what cannot be read");
    const std::string& id = overlay.before ? overlay.before->id : overlay.after->id;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == id) records[i] = overlay.after;
    }
  }
  return records;
}

bool RecordStore::TryGet(const std::string& id, std::optional<resource::Record>& record) {
  std::vector<IntentOnRecord> found;
  const auto read = database_.TryRead([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(record, ReadOne(transaction, id, found));
    return {};
  });
  return read && read->ok() && found.empty();
}

Result<std::optional<resource::Record>> RecordStore::ReadOne(storage::Transaction& transaction, const std::string& id,
                                                             std::vector<IntentOnRecord>& found) const {
  QUARTET_ASSIGN_OR_RETURN(auto record, records_.Read(transaction, id));
  QUARTET_ASSIGN_OR_RETURN(auto intents, intents_.OnRecord(transaction, id));
  for (Intent& intent : intents) {
    if (!ChangesContent(intent.kind)) continue;
    found.push_back(
        {.intent = std::move(intent), .has_record = record.has_value(), .record = record.value_or(resource::Record{})});
  }
  return record;
}

Result<std::vector<Overlay>> RecordStore::Snapshot(const std::function<Status(storage::Transaction&, Met& met)>& read) {
  Met found;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    found.clear();
    return read(transaction, found);
  }));
  if (found.empty()) return std::vector<Overlay>{};
  return OverlaysOf(found);
}

Result<std::vector<Overlay>> RecordStore::OverlaysOf(const std::vector<IntentOnRecord>& found) {
  QUARTET_ASSIGN_OR_RETURN(const Decisions decisions, decisions_.Ask(Holders(found)));
  std::map<std::string, Overlay> overlays;
  bool any_decided = false;
  for (const IntentOnRecord& entry : found) {
    const Decision& decision = decisions.at(entry.intent.qualification_id);
    any_decided |= !Resolution::IsUndecided(entry.intent, decision);
    if (!Resolution::IsCommitted(entry.intent, decision)) continue;
    // What changes a record's content is alone on it, so there is one for each.
    Overlay& overlay = overlays[entry.intent.record_id];
    if (entry.has_record) overlay.before = entry.record;
    auto change = kind_.Apply(entry.intent, overlay.before, decision);
    if (change.ok())
      overlay.after = std::move(change->after);
    else if (change.error().code == Code::kDataLoss)
      overlay.unreadable = entry.intent.record_id;
    else
      return std::move(change).error();
  }
  if (any_decided) CarryOut(decisions);
  std::vector<Overlay> result;
  for (auto& [id, overlay] : overlays) result.push_back(std::move(overlay));
  return result;
}

void RecordStore::CarryOut(const Decisions& decisions) {
  // Nobody waits for this, and the reader's answer does not depend on it: what
  // fails, or is more than a reader should cause, is carried out by the next one, by
  // message or by the timer. Each by itself; they share a transaction all the same.
  int count = 0;
  for (const auto& [id, decision] : decisions) {
    if (decision.outcome() == Decision::UNDECIDED && decision.attempt() == 0) continue;
    if (++count > kCarriedOutMax) return;
    outbox_.Enqueue(
        [this, decision](storage::Transaction& transaction, std::vector<events::Message>& out) {
          return resolution_.Resolve(transaction, decision, true, out);
        },
        [](const Status&) {});
  }
}

struct RecordStore::Pending {
  std::string id;
  // Fills `met`, having changed nothing, or else `result`, having done everything.
  std::function<Status(Pending&, storage::Transaction&, std::vector<events::Message>&)> work;
  std::function<void(const Pending&, storage::Transaction&)> expect;  // announces what it reads
  // What the last try met, and cannot go on without knowing more of.
  std::vector<Intent> met;
  std::vector<std::string> unknown;  // names of other services' records
  bool asks_for_uses = false;

  ReferenceStates references;  // what is known of other services' records
  bool uses_are_counted = false;
  std::optional<resource::Record> result;
  std::optional<Mutation> creation;  // becomes the result if it was written
  bool is_created = false;
  bool exists = true;

  bool Waits() const { return !met.empty() || !unknown.empty() || asks_for_uses; }
};

RecordStore::PendingPtr RecordStore::PendingCreate(Mutation creation) const {
  auto write = std::make_shared<Pending>(Pending{.id = creation.after.id, .work = nullptr, .expect = nullptr});
  write->creation = std::move(creation);
  write->expect = [this](const Pending& pending, storage::Transaction& transaction) {
    records_.ExpectFind(transaction, pending.id);
    if (!records_.schema().exclusive_identities) return;
    for (const identity::Identity& identity : pending.creation->after.identities)
      records_.ExpectOwner(transaction, identity);
  };
  write->work = [this](Pending& pending, storage::Transaction& transaction,
                       std::vector<events::Message>& out) -> Status {
    const resource::Record& after = pending.creation->after;
    pending.is_created = false;
    QUARTET_ASSIGN_OR_RETURN(pending.result, records_.Find(transaction, after.id));
    if (pending.result) {
      // Who repeats a request must not be shown less than others have been.
      QUARTET_ASSIGN_OR_RETURN(pending.met, intents_.OnRecord(transaction, after.id));
      std::erase_if(pending.met, [](const Intent& i) { return !ChangesContent(i.kind); });
      return {};
    }
    QUARTET_ASSIGN_OR_RETURN(pending.met, intents_.OnIdentities(transaction, records_, after.identities, after.id));
    QUARTET_ASSIGN_OR_RETURN(const bool asks, AsksForReferences(pending, nullptr, after));
    if (asks || pending.Waits()) return {};
    QUARTET_RETURN_IF_ERROR(resource::ClaimIdentities(transaction, records_, after.identities, after.id));
    QUARTET_RETURN_IF_ERROR(records_.Insert(transaction, after));
    out.push_back(pending.creation->event);
    pending.is_created = true;
    return {};
  };
  return write;
}

RecordStore::PendingPtr RecordStore::PendingChange(const std::string& id, IdentitiesOf identities,
                                                   ChangeRecord change) const {
  auto write = std::make_shared<Pending>(Pending{.id = id, .work = nullptr, .expect = nullptr});
  write->expect = [this](const Pending& pending, storage::Transaction& transaction) {
    records_.ExpectFind(transaction, pending.id);
    intents_.ExpectOnRecord(transaction, pending.id);
  };
  write->work = [this, identities = std::move(identities), change = std::move(change)](
                    Pending& pending, storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
    QUARTET_ASSIGN_OR_RETURN(auto held, intents_.OnRecord(transaction, pending.id));
    // An attach that fills nothing lives with changes, though not with all.
    std::vector<Intent> attached = held;
    std::erase_if(attached, [](const Intent& i) { return ChangesContent(i.kind); });
    std::erase_if(held, [](const Intent& i) { return !ChangesContent(i.kind); });
    QUARTET_ASSIGN_OR_RETURN(const auto before, records_.Find(transaction, pending.id));
    pending.exists = before.has_value();
    pending.met = std::move(held);
    if (!pending.met.empty()) return {};
    if (!pending.exists) return DoesNotExist(pending.id);
    QUARTET_ASSIGN_OR_RETURN(Mutation mutation, change(*before, clock_.NowMicros()));
    if (!attached.empty() && kind_.BreaksAttachment(*before, mutation.after)) {
      pending.met = std::move(attached);
      return {};
    }
    QUARTET_ASSIGN_OR_RETURN(const bool asks, AsksForReferences(pending, &*before, mutation.after));
    if (asks) return {};
    if (mutation.after.delete_time_us != 0 && before->delete_time_us == 0 && !mutation.even_if_used &&
        !pending.uses_are_counted && references_.MayBeUsed()) {
      pending.asks_for_uses = true;
      return {};
    }
    if (mutation.after.version != before->version) {
      if (mutation.after.delete_time_us == 0) {
        QUARTET_ASSIGN_OR_RETURN(pending.met,
                                 intents_.OnIdentities(transaction, records_, mutation.after.identities, pending.id));
        if (!pending.met.empty()) return {};
      }
      QUARTET_RETURN_IF_ERROR(Write(transaction, *before, identities(*before), mutation));
      out.push_back(std::move(mutation.event));
    }
    pending.result = std::move(mutation.after);
    return {};
  };
  return write;
}

Result<resource::Record> RecordStore::Create(Mutation creation) {
  return Run(PendingCreate(std::move(creation)));
}

void RecordStore::Create(Mutation creation, const Background& background, Done done) {
  Enqueue(PendingCreate(std::move(creation)), background, std::move(done));
}

Result<resource::Record> RecordStore::Change(const std::string& id, IdentitiesOf identities, ChangeRecord change) {
  return Run(PendingChange(id, std::move(identities), std::move(change)));
}

void RecordStore::Change(const std::string& id, IdentitiesOf identities, ChangeRecord change,
                         const Background& background, Done done) {
  Enqueue(PendingChange(id, std::move(identities), std::move(change)), background, std::move(done));
}

Error RecordStore::DoesNotExist(const std::string& id) const {
  return NotFound("NOT_FOUND", resource::NameOf(records_.schema().collection, id) + " does not exist");
}

events::Outbox::Run RecordStore::Try(const PendingPtr& write) {
  return [write](storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
    write->met.clear();
    write->unknown.clear();
    write->asks_for_uses = false;
    return write->work(*write, transaction, out);
  };
}

void RecordStore::Enqueue(const PendingPtr& write, const Background& background, Done done) {
  auto decide = [this, write, background, done = std::move(done)](Status status) {
    if (!status.ok() || !write->Waits()) {
      done(ResultOf(*write, std::move(status)));
      return;
    }
    // To resolve intents is to ask another service and to wait, which this thread must not.
    const bool accepted = background([this, write, done] {
      const Status settled = Settle(*write, 0);
      done(settled.ok() ? Run(write) : ResultOf(*write, settled));
    });
    if (!accepted) done(Overloaded());
  };
  outbox_.Enqueue(
      Try(write), std::move(decide), [write](storage::Transaction& transaction) { write->expect(*write, transaction); },
      // The record, and the event that shows it.
      write->creation ? 2 * write->creation->after.bytes.size() : 0);
}

Result<resource::Record> RecordStore::Run(const PendingPtr& write) {
  for (int round = 0;; ++round) {
    Status status = outbox_.Write(Try(write));
    if (status.ok() && write->Waits()) {
      status = Settle(*write, round);
      if (status.ok()) continue;
    }
    return ResultOf(*write, std::move(status));
  }
}

Status RecordStore::Settle(Pending& write, int round) {
  if (!write.met.empty()) QUARTET_RETURN_IF_ERROR(SettleIntents(write, round));
  if (!write.unknown.empty()) {
    QUARTET_ASSIGN_OR_RETURN(auto states, references_.LookUp(write.unknown));
    write.references.merge(states);
  }
  if (!write.asks_for_uses) return {};
  const std::string name = resource::NameOf(records_.schema().collection, write.id);
  QUARTET_ASSIGN_OR_RETURN(const auto uses, references_.CountUses(name));
  write.uses_are_counted = true;
  if (uses.empty()) return {};
  Error error = FailedPrecondition("RECORD_IN_USE", "");
  std::string users;
  for (const auto& [what, found] : uses) {
    const std::string count = std::to_string(found.count);
    users += (users.empty() ? "" : " and ") + std::string(found.more ? "more than " : "") + count + " " + what;
    error.metadata[what] = count + (found.more ? "+" : "");
  }
  error.message = name + " is named by " + users + "; say force to delete it all the same";
  return error;
}

Result<bool> RecordStore::AsksForReferences(Pending& write, const resource::Record* before,
                                            const resource::Record& after) const {
  const resource::Schema& schema = records_.schema();
  // A deletion names nothing anew; what is undeleted names all of it.
  if (after.delete_time_us != 0) return false;
  if (before != nullptr && before->delete_time_us != 0) before = nullptr;
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    if (std::ranges::find(schema.references, schema.columns[i], &resource::Reference::column) ==
        schema.references.end())
      continue;
    const std::string& name = std::get<std::string>(after.columns[i]);
    if (name.empty() || (before != nullptr && before->stored_columns[i] == name)) continue;
    const auto known = write.references.find(name);
    if (known == write.references.end())
      write.unknown.push_back(name);
    else if (known->second != ReferenceState::kLive)
      return FailedPrecondition("RECORD_NOT_FOUND", name + (known->second == ReferenceState::kDeleted
                                                                ? " is deleted; undelete it first, or name another"
                                                                : " does not exist"));
  }
  return !write.unknown.empty();
}

Status RecordStore::CheckReferences(const resource::Record& after) {
  Pending asking{.id = after.id, .work = nullptr, .expect = nullptr};
  QUARTET_ASSIGN_OR_RETURN(const bool asks, AsksForReferences(asking, nullptr, after));
  if (!asks) return {};
  QUARTET_ASSIGN_OR_RETURN(asking.references, references_.LookUp(asking.unknown));
  asking.unknown.clear();
  const auto known = AsksForReferences(asking, nullptr, after);
  return known.ok() ? Status() : Status(known.error());
}

Status RecordStore::SettleIntents(const Pending& write, int round) {
  std::vector<std::string> holders;
  for (const Intent& intent : write.met) holders.push_back(intent.qualification_id);
  QUARTET_ASSIGN_OR_RETURN(const Decisions asked, decisions_.Ask(holders));
  for (const Intent& intent : write.met) {
    if (round < kRoundsMax && !Resolution::IsUndecided(intent, asked.at(intent.qualification_id))) continue;
    const bool is_lead = kind_.participant() == qualification::v1::LEAD;
    return Aborted(is_lead ? "LEAD_BEING_QUALIFIED" : "RECORD_IN_QUALIFICATION",
                   resource::NameOf(records_.schema().collection, write.id) + " or what it needs is held by " +
                       resource::NameOf("qualifications", intent.qualification_id),
                   kRetryAfter);
  }
  return resolution_.ResolveEach(outbox_, asked);
}

Result<resource::Record> RecordStore::ResultOf(Pending& write, Status status) const {
  if (status.ok()) return write.is_created ? std::move(write.creation->after) : *std::move(write.result);
  // What an undecided qualification only would open is not there yet.
  if (!write.exists && status.error().code == Code::kAborted) return DoesNotExist(write.id);
  return std::move(status).error();
}

Status RecordStore::Write(storage::Transaction& transaction, const resource::Record& before,
                          std::vector<identity::Identity> before_identities, const Mutation& mutation) const {
  const resource::Record& after = mutation.after;
  if (after.delete_time_us != 0) {
    // A deleted record frees what it has (rule 15), its former identities too.
    QUARTET_RETURN_IF_ERROR(records_.FreeAll(transaction, after.id));
  } else {
    if (before.delete_time_us != 0) before_identities.clear();
    QUARTET_RETURN_IF_ERROR(
        resource::ChangeIdentities(transaction, records_, before_identities, after.identities, after.id));
  }
  return records_.Update(transaction, after, before);
}

}  // namespace quartet::commit

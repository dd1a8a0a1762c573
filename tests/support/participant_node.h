#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/commit/migrations.h"
#include "common/commit/participant.h"
#include "common/commit/record_store.h"
#include "common/events/memory_bus.h"
#include "common/events/migrations.h"
#include "common/events/outbox/relay.h"
#include "common/methods/paging.h"
#include "common/methods/typed_record.h"
#include "common/resource/resource_name.h"
#include "common/storage/migrations.h"
#include "tests/support/database_backend.h"
#include "tests/support/test_references.h"

namespace quartet::test {

// Ends a test that cannot go on.
inline void Require(const Status& status) {
  if (!status.ok()) throw std::runtime_error(ToString(status.error()));
}
template <class T>
T Require(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(ToString(result.error()));
  return std::move(result).value();
}

// A database that is only read: what is written to it is refused.
class ReadOnly final : public storage::Database {
 public:
  explicit ReadOnly(storage::Database& database) : database_(database) {}
  void Enqueue(storage::WriteOperation operation) override {
    operation.done(Unavailable("READ_ONLY", "this one only looks"));
  }
  Status Read(const std::function<Status(storage::Transaction&)>& run) override { return database_.Read(run); }
  void Close() override {}
  storage::DatabaseCounters Counters() const override { return database_.Counters(); }

 private:
  storage::Database& database_;
};

// What one service has of the commit protocol: the real participant and record
// store over a database of its own. It sends to a bus in memory that nobody
// else reads.
template <class Traits>
class ParticipantNode {
 public:
  using Message = typename Traits::Message;
  using Typed = methods::TypedRecord<Traits>;
  using Command = qualification::v1::Command;
  using Reply = qualification::v1::Reply;

  // Clock, ids, kind and decisions must outlive it.
  ParticipantNode(const DatabaseBackendFactory& backend, const Clock& clock, IdSource& ids,
                  const commit::RecordKind& kind, commit::DecisionSource& decisions,
                  std::span<const storage::MigrationFile> migrations)
      : backend_(backend.make()),
        clock_(clock),
        ids_(ids),
        kind_(kind),
        decisions_(decisions),
        migrations_(migrations),
        bus_(clock, 1),
        contradictions_(counters_),
        records_(Traits::kSchema),
        intents_(Traits::kSchema.table),
        resolution_(kind, records_, intents_, clock, contradictions_) {
    Open();
  }

  ~ParticipantNode() { Close(); }
  ParticipantNode(const ParticipantNode&) = delete;
  ParticipantNode& operator=(const ParticipantNode&) = delete;

  // The process dies and comes back: memory is lost, the database is kept.
  void Restart() {
    Close();
    Open();
  }

  // Stops it to keep a copy of its database, or to put that back.
  void Keep() {
    Close();
    backend_->Keep();
    Open();
  }
  void PutBack() {
    Close();
    backend_->PutBack();
    Open();
  }

  // Handles commands as one batch; one status for each.
  std::vector<Status> TryHandle(const std::vector<Command>& commands) {
    std::vector<events::Delivery> deliveries;
    for (const Command& command : commands) deliveries.emplace_back().message.data = command.SerializeAsString();
    return participant().Handle(deliveries);
  }
  // Handles commands, all of which must succeed, and gives the replies to them.
  std::vector<Reply> Handle(const std::vector<Command>& commands) {
    for (const Status& status : TryHandle(commands)) Require(status);
    return TakeReplies();
  }

  // Replies, and domain events, that were sent since the last call. First
  // acknowledgements, each by itself, which are joined on their way.
  std::vector<Reply> TakeReplies() {
    std::vector<Reply> acknowledged;
    std::vector<Reply> others;
    for (Reply& reply : Take<Reply>("qualification.replies", replies_taken_)) {
      if (!reply.has_acknowledged()) others.push_back(reply);
      for (const std::string& name : reply.acknowledged().qualifications()) {
        Reply& one = acknowledged.emplace_back();
        one.set_participant(reply.participant());
        one.mutable_acknowledged()->add_qualifications(name);
      }
    }
    acknowledged.insert(acknowledged.end(), others.begin(), others.end());
    return acknowledged;
  }
  std::vector<typename Traits::Event> TakeEvents() {
    return Take<typename Traits::Event>(std::string(Traits::kTopic), events_taken_);
  }

  // A record that was created directly.
  std::string Create(Message message) {
    const std::int64_t now_us = clock_.NowMicros();
    resource::Record record = Typed::Encode(message, ids_.NewUuid(), 1, now_us, now_us);
    const auto mutation = Typed::MutationOf(Traits::Event::CREATED, std::move(record), message);
    return resource::NameOf(Traits::kSchema.collection, Require(store().Create(mutation)).id);
  }
  // As a reader sees it.
  Result<std::optional<Message>> Get(const std::string& name) { return Get(name, store()); }
  // The same, but what was met is not carried out.
  Result<std::optional<Message>> Peek(const std::string& name) { return Get(name, *observer_); }
  Result<std::vector<Message>> PeekAll(const std::string& filter = "", int page_size = 1'000) {
    return List(filter, page_size, *observer_);
  }
  // All records, page by page, as a reader sees them.
  Result<std::vector<Message>> List(const std::string& filter = "", int page_size = 1'000) {
    return List(filter, page_size, store());
  }

  // The first page alone, and nothing carried out.
  Result<std::vector<Message>> ListFirst(const std::string& filter, int page_size, bool descending) {
    std::string token;
    return ListPage(filter, page_size, descending ? "create_time desc" : "", *observer_, token);
  }

  Status Change(const std::string& name, const std::function<void(Message&)>& change) {
    return Write(name, [&](Message& message, const resource::Record& before) {
      change(message);
      return Typed::MutationOf(Traits::Event::UPDATED, Typed::Next(before, message, clock_.NowMicros()), message);
    });
  }
  // Of the record as its reader knows it by that etag.
  Status ChangeAt(const std::string& name, const std::string& etag, const std::function<void(Message&)>& change) {
    return Write(name, [&](Message& message, const resource::Record& before) -> Result<commit::Mutation> {
      if (message.etag() != etag) return Aborted("ETAG_MISMATCH", "read it again");
      change(message);
      return Typed::MutationOf(Traits::Event::UPDATED, Typed::Next(before, message, clock_.NowMicros()), message);
    });
  }
  Status Delete(const std::string& name, bool force = false) {
    return Write(name, [&](Message& message, const resource::Record& before) {
      const std::int64_t now_us = clock_.NowMicros();
      auto mutation = Typed::MutationOf(Traits::Event::DELETED, Typed::Deleted(before, message, now_us), message);
      mutation.even_if_used = force;
      return mutation;
    });
  }

  // Waits for what nobody waits for: decisions that readers carry out.
  void Drain() {
    Require(database_->Write([](storage::Transaction&) { return Status(); }));
  }
  // And sees that everything is published.
  void Settle() {
    Drain();
    while (relay_->Step()) {
    }
  }
  // Intents that are in the database now.
  std::vector<commit::IntentOnRecord> Intents() {
    Settle();
    std::vector<commit::IntentOnRecord> all;
    Require(database_->Read([&](storage::Transaction& transaction) -> Status {
      QUARTET_ASSIGN_OR_RETURN(all, intents_.All(transaction));
      return {};
    }));
    return all;
  }
  // The records that own identities, each once, also those that do not exist yet.
  std::set<std::string> Owners() {
    std::set<std::string> owners;
    Require(database_->Read([&](storage::Transaction& transaction) {
      return transaction.Query("SELECT DISTINCT record_id FROM identity", std::initializer_list<storage::Param>{},
                               [&](const storage::Row& row) { owners.insert(row.String(0)); });
    }));
    return owners;
  }
  // The record that an identity leads to, also one that does not exist yet; "" if none.
  std::string Owner(const identity::Identity& identity) {
    std::string owner;
    Require(database_->Read([&](storage::Transaction& transaction) -> Status {
      QUARTET_ASSIGN_OR_RETURN(const auto found, records_.Owner(transaction, identity));
      owner = found.value_or("");
      return {};
    }));
    return owner;
  }

  // Contradictions that were seen, by what they are counted as.
  std::map<std::string, std::int64_t> Contradictions() const { return counters_.Values(); }

  commit::Watermark watermark;
  // The other services, as this one is told of them.
  TestReferences references;

  storage::Database& database() { return *database_; }
  // Which of two replicas does what comes: they share the database, and the second
  // remembers decisions as services do.
  int replica = 0;
  commit::Participant& participant() { return replica == 0 ? *participant_ : *second_participant_; }
  commit::RecordStore& store() { return replica == 0 ? *store_ : *second_store_; }

 private:
  Result<std::optional<Message>> Get(const std::string& name, commit::RecordStore& store) {
    const std::string id = resource::IdOf(name);
    QUARTET_ASSIGN_OR_RETURN(const auto found, store.Get(std::span(&id, 1)));
    if (!found.front()) return std::optional<Message>();
    QUARTET_ASSIGN_OR_RETURN(Message message, Typed::Decode(*found.front()));
    return std::optional<Message>(std::move(message));
  }
  Result<std::vector<Message>> List(const std::string& filter, int page_size, commit::RecordStore& store) {
    std::vector<Message> all;
    std::string token;
    do {
      QUARTET_ASSIGN_OR_RETURN(auto page, ListPage(filter, page_size, "", store, token));
      std::move(page.begin(), page.end(), std::back_inserter(all));
    } while (!token.empty());
    return all;
  }
  // Moves `token` on.
  Result<std::vector<Message>> ListPage(const std::string& filter, int page_size, const std::string& order_by,
                                        commit::RecordStore& store, std::string& token) {
    QUARTET_ASSIGN_OR_RETURN(const auto request, resource::PageRequest::Parse({.collection = Traits::kSchema.collection,
                                                                               .page_size = page_size,
                                                                               .page_token = token,
                                                                               .filter = filter,
                                                                               .order_by = order_by},
                                                                              Traits::kFilterFields));
    QUARTET_ASSIGN_OR_RETURN(const methods::Page page,
                             methods::ReadPage(store, request, &Project, Traits::kChangeableFields));
    std::vector<Message> messages;
    for (const resource::Record& record : page.records) {
      QUARTET_ASSIGN_OR_RETURN(messages.emplace_back(), Typed::Decode(record));
    }
    token = page.next_page_token;
    return messages;
  }

  static resource::Record Project(const resource::Record& stored) {
    const Message message = Require(Typed::Decode(stored));
    resource::Record record = stored;
    record.columns = Traits::Columns(message);
    record.identities = Typed::Identities(message);
    return record;
  }

  template <class Change>
  Status Write(const std::string& name, const Change& change) {
    auto changed =
        store().Change(resource::IdOf(name), &Typed::IdentitiesOf,
                       [&](const resource::Record& before, std::int64_t /*now_us*/) -> Result<commit::Mutation> {
                         QUARTET_ASSIGN_OR_RETURN(Message message, Typed::Decode(before));
                         return change(message, before);
                       });
    if (!changed.ok()) return std::move(changed).error();
    return {};
  }

  template <class Proto>
  std::vector<Proto> Take(const std::string& topic, std::size_t& taken) {
    Settle();
    const auto messages = bus_.Messages(topic);
    std::vector<Proto> out;
    for (; taken < messages.size(); ++taken) {
      if (!out.emplace_back().ParseFromString(messages[taken].data)) throw std::runtime_error("not a " + topic);
    }
    return out;
  }

  void Open() {
    database_ = Require(backend_->Open());
    Require(storage::Migrate(*database_, "events", events::kMigrations, clock_));
    Require(storage::Migrate(*database_, "commit", commit::kMigrations, clock_));
    Require(storage::Migrate(*database_, std::string(Traits::kSchema.table), migrations_, clock_));
    relay_ = std::make_unique<events::Relay>(
        bus_, *database_, alone_, ids_, clock_,
        events::RelayOptions{.service = std::string(Traits::kSchema.table), .linger = {}});
    outbox_ = std::make_unique<events::Outbox>(*database_, *relay_, ids_, clock_);
    store_ = std::make_unique<commit::RecordStore>(kind_, records_, intents_, resolution_, *database_, *outbox_,
                                                   decisions_, references, clock_);
    read_only_ = std::make_unique<ReadOnly>(*database_);
    no_outbox_ = std::make_unique<events::Outbox>(*read_only_, *relay_, ids_, clock_);
    observer_ = std::make_unique<commit::RecordStore>(kind_, records_, intents_, resolution_, *read_only_, *no_outbox_,
                                                      decisions_, references, clock_);
    remembered_ = std::make_unique<commit::CachingDecisionSource>(
        [this](const std::vector<std::string>& ids) { return Fetch(ids); });
    second_store_ = std::make_unique<commit::RecordStore>(kind_, records_, intents_, resolution_, *database_, *outbox_,
                                                          *remembered_, references, clock_);
    second_participant_ =
        std::make_unique<commit::Participant>(kind_, records_, intents_, resolution_, *database_, *outbox_,
                                              *remembered_, references, watermark, clock_, ids_);
    participant_ = std::make_unique<commit::Participant>(kind_, records_, intents_, resolution_, *database_, *outbox_,
                                                         decisions_, references, watermark, clock_, ids_);
  }
  Result<commit::CachingDecisionSource::Fetched> Fetch(const std::vector<std::string>& ids) {
    QUARTET_ASSIGN_OR_RETURN(const auto answer, decisions_.Ask(ids));
    commit::CachingDecisionSource::Fetched fetched;
    for (const std::string& id : ids) fetched.decisions.push_back(answer.at(id));
    return fetched;
  }

  void Close() {
    // First: what is queued uses the rest.
    database_->Close();
    second_participant_.reset();
    second_store_.reset();
    remembered_.reset();
    participant_.reset();
    observer_.reset();
    no_outbox_.reset();
    read_only_.reset();
    store_.reset();
    outbox_.reset();
    relay_.reset();
    database_.reset();
  }

  const std::unique_ptr<DatabaseBackend> backend_;
  const Clock& clock_;
  IdSource& ids_;
  const commit::RecordKind& kind_;
  commit::DecisionSource& decisions_;
  const std::span<const storage::MigrationFile> migrations_;
  const events::FixedMembership alone_;
  events::MemoryBus bus_;
  std::size_t replies_taken_ = 0;
  std::size_t events_taken_ = 0;
  telemetry::Counters counters_;
  telemetry::Contradictions contradictions_;
  const resource::RecordRepository records_;
  const commit::IntentRepository intents_;
  const commit::Resolution resolution_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::Relay> relay_;
  std::unique_ptr<events::Outbox> outbox_;
  std::unique_ptr<commit::RecordStore> store_;
  std::unique_ptr<ReadOnly> read_only_;
  std::unique_ptr<events::Outbox> no_outbox_;
  std::unique_ptr<commit::RecordStore> observer_;
  std::unique_ptr<commit::Participant> participant_;
  std::unique_ptr<commit::CachingDecisionSource> remembered_;
  std::unique_ptr<commit::RecordStore> second_store_;
  std::unique_ptr<commit::Participant> second_participant_;
};

}  // namespace quartet::test

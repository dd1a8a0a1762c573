#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/commit/record_store.h"
#include "common/methods/fields.h"
#include "common/methods/paging.h"
#include "common/methods/typed_record.h"
#include "common/resource/page_request.h"
#include "common/resource/violations.h"

namespace quartet::methods {

// The standard methods of one resource. Beside TypedRecord's, Traits has:
//   static constexpr std::span<const resource::FilterField> kFilterFields;
//   static constexpr std::string_view kIsInUse;       added to a filter for those that
//                                                   name a record: whether they have a use for it
//   kChangeableFields                               names of those that ReadPage must know of
//   void Check(Message&, resource::Violations&) const;  normalises in place
//   void PrepareNew(Message&) const;                    sets a new record's state
//   Status CheckUpdate(const Message& before, const Message& after) const;
//                                                       may it change so?
// These three may depend on configuration, which the traits object then holds.
// Methods that read may wait, unless they are told not to (rpc::ServeRead), and are
// called from the worker pool. Those that write never wait: they return once the
// write is queued and call `finish` when it is durable, or has failed, from whatever
// thread; `out` must live until then. So does Update with validate_only, which reads.
// All errors are those of the RPCs (see the service protos).
template <class Traits>
class StandardMethods {
 public:
  using Message = typename Traits::Message;
  using Event = typename Traits::Event;
  using Typed = TypedRecord<Traits>;
  using List = google::protobuf::RepeatedPtrField<Message>;
  // Changes a message in place; an error refuses the change. May be called more
  // than once, until the method has finished.
  using ChangeMessage = std::function<Status(Message&)>;
  using Finish = std::function<void(Status)>;

  // `background` runs what would block the database's thread; see RecordStore.
  StandardMethods(commit::RecordStore& store, const Clock& clock, IdSource& ids,
                  commit::RecordStore::Background background, Traits traits = {})
      : store_(store), clock_(clock), ids_(ids), background_(std::move(background)), traits_(std::move(traits)) {}

  void Create(const Message& given, const std::string& request_id, bool validate_only, Message* out, Finish finish) {
    Message& message = *out;
    message = given;
    ClearServerFields(message);
    traits_.PrepareNew(message);
    resource::Violations violations;
    traits_.Check(message, violations);
    if (!request_id.empty() && !IsUuid(request_id)) violations.Add("request_id", "must be a UUID in lower case");
    if (Status valid = violations.ToStatus(); !valid.ok()) return finish(std::move(valid));
    // The id follows from the request, so that a repeated request finds what the
    // first one made.
    std::string id = request_id.empty() ? ids_.NewUuid() : UuidOfRequest(Traits::kSchema.collection, request_id);
    const std::int64_t now_us = clock_.NowMicros();
    resource::Record record = Typed::Encode(message, std::move(id), 1, now_us, now_us);
    if (validate_only) {
      const bool begun =
          background_([this, record = std::move(record), finish] { finish(store_.CheckReferences(record)); });
      if (!begun) finish(Overloaded());
      return;
    }
    std::string bytes = record.bytes;
    store_.Create(Typed::MutationOf(Event::CREATED, std::move(record), message), background_,
                  [out, bytes = std::move(bytes), finish = std::move(finish)](const Result<resource::Record>& stored) {
                    if (!stored.ok()) return finish(stored.error());
                    // Who repeats a request is given what the first one made, whatever it is by now.
                    if (stored->version == 1 && stored->bytes == bytes) return finish({});
                    auto made = Typed::Decode(*stored);
                    if (!made.ok()) return finish(std::move(made).error());
                    *out = *std::move(made);
                    finish({});
                  });
  }

  // Fills `out` with the serialised message; nothing if it would have to wait and may not.
  std::optional<Status> Get(const std::string& name, bool may_wait, std::string& out) {
    auto record = Find(name, may_wait);
    if (!record) return std::nullopt;
    if (!record->ok()) return std::move(*record).error();
    auto serialised = Typed::Serialised(std::move(*record).value());
    if (!serialised.ok()) return Status(std::move(serialised).error());
    out = *std::move(serialised);
    return Status();
  }

  Status BatchGet(const google::protobuf::RepeatedPtrField<std::string>& names, List* out) {
    QUARTET_ASSIGN_OR_RETURN(const auto ids, ParseIds(Traits::kSchema.collection, names));
    QUARTET_ASSIGN_OR_RETURN(const auto records, store_.Get(ids, limits::kBatchBytesMax));
    std::string missing;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!records[i]) {
        missing += (missing.empty() ? "" : ", ") + names[static_cast<int>(i)];
        continue;
      }
      QUARTET_ASSIGN_OR_RETURN(*out->Add(), Typed::Decode(*records[i]));
    }
    if (!missing.empty()) return NotFound("NOT_FOUND", "these do not exist: " + missing);
    return {};
  }

  // `unreachable`: gets the names of records of the page that cannot be read (AIP-217).
  using Names = google::protobuf::RepeatedPtrField<std::string>;
  Status ListPage(const resource::ListQuery& query, List* out, std::string* next_page_token, Names* unreachable) {
    QUARTET_ASSIGN_OR_RETURN(const auto request, resource::PageRequest::Parse(query, Traits::kFilterFields));
    QUARTET_ASSIGN_OR_RETURN(const Page page, ReadPage(store_, request, &Project, Traits::kChangeableFields));
    for (const std::string& id : page.unreadable)
      *unreachable->Add() = resource::NameOf(Traits::kSchema.collection, id);
    for (const resource::Record& record : page.records) {
      auto message = Typed::Decode(record);
      if (message.ok())
        *out->Add() = *std::move(message);
      else
        *unreachable->Add() = resource::NameOf(Traits::kSchema.collection, record.id);
    }
    *next_page_token = page.next_page_token;
    return {};
  }

  // The records, as readers see them, that have a use for the one of that name.
  // Errors: INVALID_ARGUMENT if records here name none of its collection.
  Result<commit::Uses> CountReferring(const std::string& name) {
    std::string column;
    for (const resource::Reference& reference : Traits::kSchema.references) {
      if (resource::ParseName(reference.collection, name)) column = reference.column;
    }
    if (column.empty()) return InvalidArgument({{"name", "must be the name of a record that records here may name"}});
    commit::Uses uses;
    List users;
    Names unreadable;
    std::string next;
    QUARTET_RETURN_IF_ERROR(ListPage({.collection = Traits::kSchema.collection,
                                      .page_size = kUsesCountedMax,
                                      .filter = column + " = \"" + name + "\"" + std::string(Traits::kIsInUse)},
                                     &users, &next, &unreadable));
    uses.count = users.size() + unreadable.size();
    uses.more = !next.empty();
    return uses;
  }

  // `message` and `mask` must live as long as `out`.
  void Update(const Message& message, const google::protobuf::FieldMask& mask, bool validate_only, Message* out,
              Finish finish) {
    const auto merge = [this, &message, &mask](Message& stored) -> Status {
      const Message before = stored;
      QUARTET_RETURN_IF_ERROR(MergeFields(message, mask, stored));
      resource::Violations violations;
      traits_.Check(stored, violations);
      QUARTET_RETURN_IF_ERROR(violations.ToStatus());
      return traits_.CheckUpdate(before, stored);
    };
    if (!validate_only) return Change(message.name(), message.etag(), Event::UPDATED, merge, out, std::move(finish));
    const bool begun = background_([this, &message, merge, out, finish] {
      const auto stored = *Find(message.name(), /*may_wait=*/true);
      if (!stored.ok()) return finish(stored.error());
      auto known = Typed::Decode(*stored);
      if (!known.ok()) return finish(std::move(known).error());
      *out = *std::move(known);
      Status status = CheckLive(*out, message.etag());
      finish(status.ok() ? merge(*out) : std::move(status));
    });
    if (!begun) finish(Overloaded());
  }

  // Changes a live record whose etag is `etag` (if that is not empty).
  void Change(const std::string& name, const std::string& etag, typename Event::Change event, ChangeMessage change,
              Message* out, Finish finish) {
    ChangeRecord(name, LiveChange(etag, event, std::move(change)), out, std::move(finish));
  }

  // Changes a live record in place and says whether it has changed anything; an error refuses the change. May be
  // called more than once.
  using ReviseMessage = std::function<Result<bool>(Message&)>;

  // Revises a live record, returning when it is done. Where nothing was changed nothing is written: the record keeps
  // its version and times, and there is no event.
  Status Revise(const std::string& name, typename Event::Change event, const ReviseMessage& revise, Message* out) {
    QUARTET_ASSIGN_OR_RETURN(const std::string id, ParseId(name));
    const NextOf next = [event, &revise](Message& message, const resource::Record& before,
                                         std::int64_t now_us) -> Result<commit::Mutation> {
      QUARTET_RETURN_IF_ERROR(CheckLive(message, ""));
      QUARTET_ASSIGN_OR_RETURN(const bool changed, revise(message));
      if (!changed) return commit::Mutation{.after = before, .event = {}};
      return Typed::MutationOf(event, Typed::Next(before, message, now_us), message);
    };
    const auto stored = store_.Change(id, &Typed::IdentitiesOf, OnMessage(next, out));
    return stored.ok() ? Status() : Status(stored.error());
  }

  // `force`: though other records name it.
  void Delete(const std::string& name, const std::string& etag, bool force, Message* out, Finish finish) {
    ChangeRecord(
        name,
        [etag, force](Message& message, const resource::Record& before,
                      std::int64_t now_us) -> Result<commit::Mutation> {
          QUARTET_RETURN_IF_ERROR(CheckLive(message, etag));
          auto mutation = Typed::MutationOf(Event::DELETED, Typed::Deleted(before, message, now_us), message);
          mutation.even_if_used = force;
          return mutation;
        },
        out, std::move(finish));
  }

  void Undelete(const std::string& name, Message* out, Finish finish) {
    ChangeRecord(
        name,
        [name](Message& message, const resource::Record& before, std::int64_t now_us) -> Result<commit::Mutation> {
          if (before.delete_time_us == 0) return FailedPrecondition("NOT_DELETED", name + " is not deleted");
          return Typed::MutationOf(Event::UNDELETED, Typed::Undeleted(before, message, now_us), message);
        },
        out, std::move(finish));
  }

  static resource::Record Project(const resource::Record& stored) {
    // One that cannot be read has what an empty one has.
    const auto decoded = Typed::Decode(stored);
    const Message message = decoded.ok() ? *decoded : Message();
    resource::Record record = stored;
    record.columns = Traits::Columns(message);
    record.identities = Typed::Identities(message);
    return record;
  }

 private:
  static constexpr int kUsesCountedMax = 1'000;

  static Result<std::string> ParseId(const std::string& name) {
    auto id = resource::ParseName(Traits::kSchema.collection, name);
    if (!id) return BadName("name", Traits::kSchema.collection);
    return *std::move(id);
  }

  // Nothing if it would have to wait and may not.
  std::optional<Result<resource::Record>> Find(const std::string& name, bool may_wait) {
    const Result<std::string> id = ParseId(name);
    if (!id.ok()) return id.error();
    std::optional<resource::Record> record;
    if (may_wait) {
      auto records = store_.Get(std::span(&*id, 1));
      if (!records.ok()) return std::move(records).error();
      record = std::move(records->front());
    } else if (!store_.TryGet(*id, record)) {
      return std::nullopt;
    }
    if (!record) return NotFound("NOT_FOUND", name + " does not exist");
    return *std::move(record);
  }

  static Status CheckLive(const Message& message, const std::string& etag) {
    if (message.has_delete_time()) return FailedPrecondition("DELETED", message.name() + " is deleted");
    if (!etag.empty() && etag != message.etag())
      return Aborted("ETAG_MISMATCH", message.name() + " was changed meanwhile; read it again");
    return {};
  }

  // The record's next version, made from the stored message in place.
  using NextOf = std::function<Result<commit::Mutation>(Message&, const resource::Record& before, std::int64_t now_us)>;

  static NextOf LiveChange(const std::string& etag, typename Event::Change event, ChangeMessage change) {
    return [etag, event, change = std::move(change)](Message& message, const resource::Record& before,
                                                     std::int64_t now_us) -> Result<commit::Mutation> {
      QUARTET_RETURN_IF_ERROR(CheckLive(message, etag));
      QUARTET_RETURN_IF_ERROR(change(message));
      return Typed::MutationOf(event, Typed::Next(before, message, now_us), message);
    };
  }

  // The message is changed where the caller wants it.
  static commit::RecordStore::ChangeRecord OnMessage(NextOf next, Message* out) {
    return
        [next = std::move(next), out](const resource::Record& before, std::int64_t now_us) -> Result<commit::Mutation> {
          QUARTET_ASSIGN_OR_RETURN(*out, Typed::Decode(before));
          return next(*out, before, now_us);
        };
  }

  void ChangeRecord(const std::string& name, NextOf next, Message* out, Finish finish) {
    const Result<std::string> id = ParseId(name);
    if (!id.ok()) return finish(id.error());
    store_.Change(*id, &Typed::IdentitiesOf, OnMessage(std::move(next), out), background_,
                  [finish = std::move(finish)](const Result<resource::Record>& stored) {
                    finish(stored.ok() ? Status() : Status(stored.error()));
                  });
  }

  commit::RecordStore& store_;
  const Clock& clock_;
  IdSource& ids_;
  const commit::RecordStore::Background background_;
  const Traits traits_;
};

}  // namespace quartet::methods

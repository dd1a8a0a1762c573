#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/id_source.h"
#include "common/commit/record_store.h"
#include "common/methods/fields.h"
#include "common/methods/paging.h"
#include "common/methods/typed_record.h"
#include "common/resource/page_request.h"
#include "common/resource/violations.h"

namespace quartet::methods {

// The standard methods of one resource. Beside TypedRecord's, Traits has:
//   static constexpr std::span<const resource::FilterField> kFilterFields;
//   void Check(Message&, resource::Violations&) const;  normalises in place
//   void PrepareNew(Message&) const;                    sets a new record's state
//   Status CheckUpdate(const Message& before, const Message& after) const;
//                                                       may it change so?
// These three may depend on configuration, which the traits object then holds.
// All methods block; they are called from the worker pool. Their errors are
// those of the RPCs (see the service protos).
template <class Traits>
class StandardMethods {
 public:
  using Message = typename Traits::Message;
  using Event = typename Traits::Event;
  using Typed = TypedRecord<Traits>;
  using List = google::protobuf::RepeatedPtrField<Message>;
  // Changes a message in place; an error refuses the change.
  using ChangeMessage = std::function<Status(Message&)>;

  StandardMethods(commit::RecordStore& store, const Clock& clock, IdSource& ids, Traits traits = {})
      : store_(store), clock_(clock), ids_(ids), traits_(std::move(traits)) {}

  Status Create(Message message, const std::string& request_id, bool validate_only, Message* out) {
    ClearServerFields(message);
    traits_.PrepareNew(message);
    resource::Violations violations;
    traits_.Check(message, violations);
    if (!request_id.empty() && !IsUuid(request_id)) violations.Add("request_id", "must be a UUID in lower case");
    QUARTET_RETURN_IF_ERROR(violations.ToStatus());
    // The id follows from the request, so that a repeated request finds what the
    // first one made.
    std::string id =
        request_id.empty() ? ids_.NewUuid() : UuidV5(std::string(Traits::kSchema.collection) + "/" + request_id);
    const std::int64_t now_us = clock_.NowMicros();
    resource::Record record = Typed::Encode(message, std::move(id), 1, now_us, now_us);
    if (validate_only) {
      *out = std::move(message);
      return {};
    }
    const auto creation = Typed::MutationOf(Event::CREATED, std::move(record), message);
    QUARTET_ASSIGN_OR_RETURN(const resource::Record stored, store_.Create(creation));
    *out = Typed::Decode(stored);
    return {};
  }

  Status Get(const std::string& name, Message* out) {
    QUARTET_ASSIGN_OR_RETURN(const std::string id, ParseId(name));
    QUARTET_ASSIGN_OR_RETURN(auto records, store_.Get(std::span(&id, 1)));
    if (!records.front()) return NotFound("NOT_FOUND", name + " does not exist");
    *out = Typed::Decode(*records.front());
    return {};
  }

  Status BatchGet(const google::protobuf::RepeatedPtrField<std::string>& names, List* out) {
    QUARTET_ASSIGN_OR_RETURN(const auto ids, ParseIds(Traits::kSchema.collection, names));
    QUARTET_ASSIGN_OR_RETURN(const auto records, store_.Get(ids));
    std::string missing;
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (records[i])
        *out->Add() = Typed::Decode(*records[i]);
      else
        missing += (missing.empty() ? "" : ", ") + names[static_cast<int>(i)];
    }
    if (!missing.empty()) return NotFound("NOT_FOUND", "these do not exist: " + missing);
    return {};
  }

  Status ListPage(const resource::ListQuery& query, List* out, std::string* next_page_token) {
    QUARTET_ASSIGN_OR_RETURN(const auto request, resource::PageRequest::Parse(query, Traits::kFilterFields));
    QUARTET_ASSIGN_OR_RETURN(const Page page, ReadPage(store_, request, &Project));
    for (const resource::Record& record : page.records) *out->Add() = Typed::Decode(record);
    *next_page_token = page.next_page_token;
    return {};
  }

  Status Update(const Message& message, const google::protobuf::FieldMask& mask, bool validate_only, Message* out) {
    const auto merge = [&](Message& stored) -> Status {
      const Message before = stored;
      QUARTET_RETURN_IF_ERROR(MergeFields(message, mask, stored));
      resource::Violations violations;
      traits_.Check(stored, violations);
      QUARTET_RETURN_IF_ERROR(violations.ToStatus());
      return traits_.CheckUpdate(before, stored);
    };
    if (!validate_only) return Change(message.name(), message.etag(), Event::UPDATED, merge, out);
    QUARTET_RETURN_IF_ERROR(Get(message.name(), out));
    QUARTET_RETURN_IF_ERROR(CheckLive(*out, message.etag()));
    return merge(*out);
  }

  // Changes a live record whose etag is `etag` (if that is not empty).
  Status Change(const std::string& name, const std::string& etag, typename Event::Change event,
                const ChangeMessage& change, Message* out) {
    return ChangeRecord(
        name, out,
        [&](Message& message, const resource::Record& before, std::int64_t now_us) -> Result<commit::Mutation> {
          QUARTET_RETURN_IF_ERROR(CheckLive(message, etag));
          QUARTET_RETURN_IF_ERROR(change(message));
          return Typed::MutationOf(event, Typed::Next(before, message, now_us), message);
        });
  }

  Status Delete(const std::string& name, const std::string& etag, Message* out) {
    return ChangeRecord(
        name, out,
        [&](Message& message, const resource::Record& before, std::int64_t now_us) -> Result<commit::Mutation> {
          QUARTET_RETURN_IF_ERROR(CheckLive(message, etag));
          return Typed::MutationOf(
              Event::DELETED,
              Typed::Encode(message, before.id, before.version + 1, before.create_time_us, now_us, now_us), message);
        });
  }

  Status Undelete(const std::string& name, Message* out) {
    return ChangeRecord(
        name, out,
        [&](Message& message, const resource::Record& before, std::int64_t now_us) -> Result<commit::Mutation> {
          if (before.delete_time_us == 0) return FailedPrecondition("NOT_DELETED", name + " is not deleted");
          return Typed::MutationOf(Event::UNDELETED,
                                   Typed::Encode(message, before.id, before.version + 1, before.create_time_us, now_us),
                                   message);
        });
  }

  static resource::Record Project(const resource::Record& stored) {
    Message message = Typed::Decode(stored);
    resource::Record record = stored;
    record.columns = Traits::Columns(message);
    record.identities = Typed::Identities(message);
    return record;
  }

 private:
  static Result<std::string> ParseId(const std::string& name) {
    auto id = resource::ParseName(Traits::kSchema.collection, name);
    if (!id) return BadName("name", Traits::kSchema.collection);
    return *std::move(id);
  }

  static Status CheckLive(const Message& message, const std::string& etag) {
    if (message.has_delete_time()) return FailedPrecondition("DELETED", message.name() + " is deleted");
    if (!etag.empty() && etag != message.etag())
      return Aborted("ETAG_MISMATCH", message.name() + " was changed meanwhile; read it again");
    return {};
  }

  Status ChangeRecord(
      const std::string& name, Message* out,
      const std::function<Result<commit::Mutation>(Message&, const resource::Record&, std::int64_t)>& change) {
    QUARTET_ASSIGN_OR_RETURN(const std::string id, ParseId(name));
    QUARTET_ASSIGN_OR_RETURN(
        const resource::Record stored,
        store_.Change(
            id, [](const resource::Record& before) { return Typed::Identities(Typed::Decode(before)); },
            [&](const resource::Record& before, std::int64_t now_us) {
              Message message = Typed::Decode(before);
              return change(message, before, now_us);
            }));
    *out = Typed::Decode(stored);
    return {};
  }

  commit::RecordStore& store_;
  const Clock& clock_;
  IdSource& ids_;
  const Traits traits_;
};

}  // namespace quartet::methods

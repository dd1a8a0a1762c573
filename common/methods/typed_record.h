// common/methods: the standard methods of a resource (AIP-131 to 135, 164, 231)
// once for all services. A service describes its resource by a traits class
// (see typed_record.h) and forwards its RPCs to StandardMethods
// (standard_methods.h).
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <google/protobuf/util/time_util.h>

#include "common/commit/record_store.h"
#include "common/methods/fields.h"
#include "common/resource/record.h"
#include "common/resource/resource_name.h"

namespace quartet::methods {

// A resource's message and its stored form, one made from the other. Traits:
//   using Message, Event;                        the resource, its domain event
//   static constexpr resource::Schema kSchema;
//   static constexpr std::string_view kTopic;    "lead.events"
//   static constexpr std::string_view kPackage;  "quartet.lead.v1"
//   static std::vector<resource::ColumnValue> Columns(const Message&);
//   static std::vector<identity::Identity> Identities(const Message&);
//   static constexpr bool kHasIdentities;        whether it ever gives any
//   static Message& Of(Event&);                  the event's record
template <class Traits>
struct TypedRecord {
  using Message = typename Traits::Message;
  using Event = typename Traits::Event;

  // The message as its callers see it. Errors: DATA_LOSS UNREADABLE_DATA, naming the record.
  static Result<Message> Decode(const resource::Record& record) {
    Message message;
    if (!message.ParseFromString(record.bytes)) return Unreadable(record.id);
    message.set_etag(std::to_string(record.version));
    return message;
  }
  static Error Unreadable(const std::string& id) {
    const std::string name = resource::NameOf(Traits::kSchema.collection, id);
    Error error = DataLoss(name + " is stored in a form that cannot be read");
    error.metadata["record"] = name;
    return error;
  }

  // The same in its serialised form, which is the stored one but for the etag: what
  // follows a message adds to it. Errors: as Decode's, as far as that can be told
  // without parsing.
  static Result<std::string> Serialised(resource::Record record) {
    if (!IsWellFormed(record.bytes)) return Unreadable(record.id);
    Message etag;
    etag.set_etag(std::to_string(record.version));
    etag.AppendToString(&record.bytes);
    return std::move(record.bytes);
  }

  // The record that holds `message` as its next version. Sets the message's
  // name and times.
  static resource::Record Encode(Message& message, std::string id, std::int64_t version, std::int64_t create_time_us,
                                 std::int64_t update_time_us, std::int64_t delete_time_us = 0) {
    using google::protobuf::util::TimeUtil;
    message.set_name(resource::NameOf(Traits::kSchema.collection, id));
    *message.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(create_time_us);
    *message.mutable_update_time() = TimeUtil::MicrosecondsToTimestamp(update_time_us);
    if (delete_time_us != 0)
      *message.mutable_delete_time() = TimeUtil::MicrosecondsToTimestamp(delete_time_us);
    else
      message.clear_delete_time();
    message.clear_etag();
    resource::Record record{.id = std::move(id),
                            .version = version,
                            .create_time_us = create_time_us,
                            .update_time_us = update_time_us,
                            .delete_time_us = delete_time_us,
                            .columns = Traits::Columns(message),
                            .identities = Identities(message),
                            .bytes = message.SerializeAsString()};
    message.set_etag(std::to_string(version));
    return record;
  }

  // `before` changed into `message`. A record's time never goes back, whatever the clock does.
  static resource::Record Next(const resource::Record& before, Message& message, std::int64_t now_us) {
    return Encode(message, before.id, before.version + 1, before.create_time_us,
                  std::max(now_us, before.update_time_us), before.delete_time_us);
  }
  static resource::Record Deleted(const resource::Record& before, Message& message, std::int64_t now_us) {
    const std::int64_t time_us = std::max(now_us, before.update_time_us);
    return Encode(message, before.id, before.version + 1, before.create_time_us, time_us, time_us);
  }
  static resource::Record Undeleted(const resource::Record& before, Message& message, std::int64_t now_us) {
    return Encode(message, before.id, before.version + 1, before.create_time_us,
                  std::max(now_us, before.update_time_us));
  }

  static std::vector<identity::Identity> Identities(const Message& message) {
    auto identities = Traits::Identities(message);
    std::sort(identities.begin(), identities.end());
    identities.erase(std::unique(identities.begin(), identities.end()), identities.end());
    return identities;
  }

  static std::vector<identity::Identity> IdentitiesOf(const resource::Record& stored) {
    const auto message = Decode(stored);
    return message.ok() ? Identities(*message) : std::vector<identity::Identity>();
  }

  // The domain event that tells of `change`. `message` as Encode left it; it is lent to the event while that is
  // serialised, which spares a copy, and is the same afterwards.
  static events::Message EventOf(typename Event::Change change, const resource::Record& record, Message& message) {
    Event event;
    event.set_change(change);
    event.set_version(record.version);
    std::string kind = Event::Change_Name(change);
    std::transform(kind.begin(), kind.end(), kind.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    events::Message out;
    out.topic = Traits::kTopic;
    out.type = std::string(Traits::kPackage) + "." + kind;
    out.source = "/" + std::string(Traits::kSchema.table);
    out.subject = message.name();
    out.time_us = record.update_time_us;
    Traits::Of(event).Swap(&message);
    out.data = event.SerializeAsString();
    Traits::Of(event).Swap(&message);
    return out;
  }

  static commit::Mutation MutationOf(typename Event::Change change, resource::Record record, Message& message) {
    events::Message event = EventOf(change, record, message);
    return commit::Mutation{.after = std::move(record), .event = std::move(event)};
  }
};

}  // namespace quartet::methods

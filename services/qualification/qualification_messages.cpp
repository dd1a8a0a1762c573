#include "services/qualification/qualification_messages.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "common/resource/resource_name.h"

#include "quartet/qualification/v1/events.pb.h"

namespace quartet::qualification {
namespace {

std::string_view TopicOf(v1::Participant participant) {
  switch (participant) {
    case v1::LEAD:
      return "lead.commands";
    case v1::ACCOUNT:
      return "account.commands";
    case v1::CONTACT:
      return "contact.commands";
    case v1::OPPORTUNITY:
      return "opportunity.commands";
    default:
      return "";
  }
}

}  // namespace

events::Message CommandMessage(const Row& row, const Send& send) {
  events::Message message;
  message.topic = TopicOf(send.to);
  message.type = "quartet.qualification.v1.Command";
  message.source = "/qualification";
  message.subject = row.qualification().name();
  // Replicas of the account service have no company in common, so that they do not collide on its account.
  if (send.to == v1::ACCOUNT) message.partition_key = row.stored.company_key();
  message.data = send.command.SerializeAsString();
  // The row sends it again until it is answered. Nobody waits for a decision.
  message.carriage = send.command.has_decisions() ? events::Carriage::kJoined : events::Carriage::kResent;
  return message;
}

bool IsWellFormed(const v1::Reply& reply) {
  const auto is_name = [](const std::string& name) { return resource::ParseName("qualifications", name).has_value(); };
  if (reply.has_acknowledged()) return std::ranges::all_of(reply.acknowledged().qualifications(), is_name);
  return is_name(reply.qualification()) && (!reply.has_busy() || is_name(reply.busy().holder()));
}

events::Message DecidedEvent(const Row& row) {
  const bool committed = row.state() == v1::Qualification::COMMITTED;
  v1::QualificationEvent event;
  event.set_change(committed ? v1::QualificationEvent::COMMITTED : v1::QualificationEvent::ABORTED);
  event.set_version(row.version);
  *event.mutable_qualification() = row.qualification();
  events::Message message;
  message.topic = "qualification.events";
  message.type = std::string("quartet.qualification.v1.") + (committed ? "committed" : "aborted");
  message.source = "/qualification";
  message.subject = row.qualification().name();
  message.time_us = row.update_time_us;
  message.data = event.SerializeAsString();
  return message;
}

}  // namespace quartet::qualification

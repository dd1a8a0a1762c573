#include "services/qualification/pending/view.h"

#include <algorithm>

#include <google/protobuf/util/time_util.h>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::qualification {
namespace {

using google::protobuf::util::TimeUtil;

// What is known of a row that is not over without its stored form.
void AddProgress(const Row& row, v1::Qualification& view) {
  if (!row.waits_for.empty()) view.set_waits_for(resource::NameOf("qualifications", row.waits_for));
  view.set_tries(row.redrive_count);
  *view.mutable_next_try_time() = TimeUtil::MicrosecondsToTimestamp(row.redrive_time_us);
}

bool IsAwaited(const Row& row, v1::Participant participant) {
  const auto has = [participant](const auto& list) { return std::ranges::find(list, participant) != list.end(); };
  switch (row.state()) {
    case v1::Qualification::STARTED:
      return participant == v1::LEAD;
    case v1::Qualification::PREPARING: {
      const bool locked = participant == v1::LEAD && row.qualification().kind() == v1::Qualification::QUALIFY;
      return !locked && !has(row.stored.prepared());
    }
    case v1::Qualification::COMMITTED:
    case v1::Qualification::ABORTED:
      return !has(row.stored.acknowledged());
    default:
      return false;
  }
}

}  // namespace

v1::Qualification ViewOf(const Row& row) {
  v1::Qualification view = row.qualification();
  if (row.redrive_time_us == 0) return view;
  AddProgress(row, view);
  for (const int participant : row.stored.participants()) {
    const auto one = static_cast<v1::Participant>(participant);
    if (IsAwaited(row, one)) view.add_awaiting(one);
  }
  return view;
}

v1::Qualification UnreadableView(const Row& row) {
  v1::Qualification view = row.qualification();
  *view.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(row.create_time_us);
  *view.mutable_update_time() = TimeUtil::MicrosecondsToTimestamp(row.update_time_us);
  if (row.redrive_time_us != 0) AddProgress(row, view);
  *view.mutable_last_error() = rpc::ToRpcStatus(Unreadable(row.id));
  return view;
}

Error Unreadable(std::string_view id) {
  return {.code = Code::kDataLoss,
          .reason = "QUALIFICATION_UNREADABLE",
          .message = "the stored form of " + resource::NameOf("qualifications", id) + " is damaged"};
}

}  // namespace quartet::qualification

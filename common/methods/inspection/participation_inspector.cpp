#include "common/methods/inspection/participation_inspector.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/commit/intent.h"
#include "common/resource/resource_name.h"

#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::methods {
namespace {

using qualification::v1::ParticipationInspection;
using resource::InspectionRange;
using State = commit::Participation::State;

constexpr std::string_view kParticipations =
    "SELECT qualification_id, state, attempt, void_through, update_time, reply, records FROM participation WHERE {} "
    "ORDER BY qualification_id";
constexpr std::string_view kSizes = "SELECT qualification_id, length(reply) + length(records) FROM participation";
constexpr std::string_view kIntent = "SELECT attempt FROM intent WHERE record_id = $1 AND qualification_id = $2";

ParticipationInspection::State StateOf(std::int64_t stored) {
  switch (static_cast<State>(stored)) {
    case State::kNone:
      return ParticipationInspection::NONE;
    case State::kHeld:
      return ParticipationInspection::HELD;
    case State::kFinal:
      return ParticipationInspection::FINAL;
  }
  return ParticipationInspection::STATE_UNSPECIFIED;
}

std::string NameOf(std::string_view id) {
  return resource::NameOf("qualifications", id);
}

}  // namespace

Status ParticipationInspector::Participations(const resource::InspectionRequest& request,
                                              qualification::v1::InspectParticipationsResponse& response) const {
  response.Clear();
  response.set_read_time_us(clock_.NowMicros());
  if (!request.by_name) {
    return database_.Read([&](storage::Transaction& transaction) -> Status {
      InspectionRange range = InspectionRange::After(request.after);
      QUARTET_RETURN_IF_ERROR(
          range.Shorten(transaction, kSizes, "qualification_id", request.page_size, limits::kInspectionBytesMax));
      std::vector<Found> found;
      QUARTET_RETURN_IF_ERROR(Read(transaction, range, found));
      response.set_next_page_token(range.last());
      return Add(transaction, found, response);
    });
  }
  for (std::span<const std::string> rest = request.ids; !rest.empty();) {
    const auto ids = rest.first(std::min(rest.size(), limits::kInspectionExpectedMax));
    rest = rest.subspan(ids.size());
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
      for (const std::string& id : ids) {
        const auto range = InspectionRange::Of(id);
        transaction.Expect(fmt::format(kParticipations, range.Condition("qualification_id")), range.Params());
      }
      std::vector<Found> found;
      for (const std::string& id : ids) {
        const std::size_t before = found.size();
        QUARTET_RETURN_IF_ERROR(Read(transaction, InspectionRange::Of(id), found));
        if (found.size() == before) found.push_back(Unknown(id));
      }
      return Add(transaction, found, response);
    }));
  }
  return {};
}

Status ParticipationInspector::Read(storage::Transaction& transaction, const InspectionRange& range,
                                    std::vector<Found>& found) {
  return transaction.Query(fmt::format(kParticipations, range.Condition("qualification_id")), range.Params(),
                           [&found](const storage::Row& row) { found.push_back(Describe(row)); });
}

ParticipationInspector::Found ParticipationInspector::Unknown(const std::string& id) {
  Found unknown;
  unknown.described.set_qualification(NameOf(id));
  unknown.described.set_state(ParticipationInspection::NONE);
  unknown.described.set_readable(true);
  unknown.described.set_attempt(-1);
  unknown.described.set_void_through(-1);
  return unknown;
}

ParticipationInspector::Found ParticipationInspector::Describe(const storage::Row& row) {
  Found found;
  ParticipationInspection& out = found.described;
  out.set_qualification(NameOf(row.Bytes(0)));
  out.set_exists(true);
  out.set_state(StateOf(row.Int(1)));
  out.set_attempt(row.Int(2));
  out.set_void_through(row.Int(3));
  out.set_update_time_us(row.Int(4));
  const auto bytes = row.Bytes(5);
  qualification::v1::Reply reply;
  out.set_readable(reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
                   out.state() != ParticipationInspection::STATE_UNSPECIFIED);
  if (out.state() != ParticipationInspection::HELD) return found;
  for (std::string_view rest = row.Bytes(6); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    found.records.emplace_back(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return found;
}

Status ParticipationInspector::Add(storage::Transaction& transaction, std::vector<Found>& found,
                                   qualification::v1::InspectParticipationsResponse& response) const {
  for (Found& entry : found) {
    const std::string id = resource::IdOf(entry.described.qualification());
    for (const std::string& record : entry.records)
      transaction.Expect(kIntent, {std::string_view(record), std::string_view(id)});
  }
  for (Found& entry : found) {
    ParticipationInspection& out = *response.add_participations() = std::move(entry.described);
    const std::string id = resource::IdOf(out.qualification());
    for (const std::string& record : entry.records) {
      bool is_there = false;
      QUARTET_RETURN_IF_ERROR(
          transaction.Query(kIntent, {std::string_view(record), std::string_view(id)},
                            [&](const storage::Row& row) { is_there = row.Int(0) == out.attempt(); }));
      if (!is_there) out.add_without_intent(resource::NameOf(schema_.collection, record));
    }
  }
  return {};
}

}  // namespace quartet::methods

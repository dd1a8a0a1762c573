#include "services/qualification/inspection/qualification_inspector.h"

#include <algorithm>
#include <span>
#include <string>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/resource/inspection_range.h"
#include "common/resource/resource_name.h"

#include "quartet/qualification/v1/row.pb.h"

namespace quartet::qualification {
namespace {

using resource::InspectionRange;
using v1::QualificationInspection;

constexpr std::string_view kInspectedCollection = "qualifications";
constexpr std::string_view kRows =
    "SELECT id, create_time, update_time, redrive_count, body, plan, state, kind, lead FROM qualification WHERE {} "
    "ORDER BY id";
constexpr std::string_view kSizes = "SELECT id, length(body) + length(plan) FROM qualification";
constexpr std::string_view kFindWatermark = "SELECT time FROM watermark WHERE id = $1";
constexpr std::string_view kReverts = "SELECT id, body FROM qualification WHERE lead = $1 AND kind = $2 AND state = $3";

template <class Message>
bool Parse(const storage::Row& row, int column, Message& message) {
  const auto bytes = row.Bytes(column);
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void Describe(const storage::Row& row, QualificationInspection& out) {
  out.set_name(resource::NameOf(kInspectedCollection, row.Bytes(0)));
  out.set_exists(true);
  v1::StoredQualification stored;
  v1::Plan plan;
  if (!Parse(row, 4, stored) || !Parse(row, 5, plan)) return;
  v1::Qualification& qualification = *stored.mutable_qualification();
  // What it is searched by must be what it says.
  if (qualification.name() != out.name() || qualification.state() != row.Int(6) || qualification.kind() != row.Int(7) ||
      qualification.lead() != row.Bytes(8))
    return;
  out.set_readable(true);
  out.set_kind(qualification.kind());
  out.set_state(qualification.state());
  out.set_attempt(qualification.attempt());
  out.set_lead(qualification.lead());
  if (qualification.state() == v1::Qualification::COMMITTED) {
    if (qualification.has_account()) out.mutable_account()->Swap(qualification.mutable_account());
    if (qualification.has_contact()) out.mutable_contact()->Swap(qualification.mutable_contact());
    out.mutable_opportunities()->Swap(qualification.mutable_opportunities());
  }
  out.mutable_participants()->Swap(stored.mutable_participants());
  out.mutable_acknowledged()->Swap(stored.mutable_acknowledged());
  out.set_reverts(qualification.reverts());
  out.set_create_time_us(row.Int(1));
  out.set_update_time_us(row.Int(2));
  out.set_redrive_count(row.Int(3));
}

bool MayBeReverted(const QualificationInspection& row) {
  return row.readable() && row.kind() == v1::Qualification::QUALIFY && row.state() == v1::Qualification::COMMITTED;
}

Status Read(storage::Transaction& transaction, const InspectionRange& range,
            v1::InspectQualificationsResponse& response) {
  return transaction.Query(fmt::format(kRows, range.Condition("id")), range.Params(),
                           [&](const storage::Row& row) { Describe(row, *response.add_qualifications()); });
}

// In the transaction that finds rows missing.
Status ReadWatermark(storage::Transaction& transaction, v1::InspectQualificationsResponse& response) {
  return transaction.Query(kFindWatermark, {std::int64_t{1}},
                           [&](const storage::Row& row) { response.set_watermark_us(row.Int(0)); });
}

// For the qualifications of the response from the number `first` on.
Status FindReverts(storage::Transaction& transaction, int first, v1::InspectQualificationsResponse& response) {
  const std::int64_t kind = v1::Qualification::REVERT;
  const std::int64_t state = v1::Qualification::COMMITTED;
  for (int i = first; i < response.qualifications_size(); ++i) {
    const QualificationInspection& row = response.qualifications(i);
    if (MayBeReverted(row)) transaction.Expect(kReverts, {std::string_view(row.lead()), kind, state});
  }
  for (int i = first; i < response.qualifications_size(); ++i) {
    QualificationInspection& row = *response.mutable_qualifications(i);
    if (!MayBeReverted(row)) continue;
    QUARTET_RETURN_IF_ERROR(
        transaction.Query(kReverts, {std::string_view(row.lead()), kind, state}, [&row](const storage::Row& revert) {
          v1::StoredQualification stored;
          if (Parse(revert, 1, stored) && stored.qualification().reverts() == row.name())
            row.set_reverted_by(resource::NameOf(kInspectedCollection, revert.Bytes(0)));
        }));
  }
  return {};
}

}  // namespace

Status QualificationInspector::Qualifications(const resource::InspectionRequest& request,
                                              v1::InspectQualificationsResponse& response) const {
  response.Clear();
  response.set_read_time_us(clock_.NowMicros());
  if (!request.by_name) {
    return database_.Read([&](storage::Transaction& transaction) -> Status {
      InspectionRange range = InspectionRange::After(request.after);
      QUARTET_RETURN_IF_ERROR(range.Shorten(transaction, kSizes, "id", request.page_size, limits::kInspectionBytesMax));
      QUARTET_RETURN_IF_ERROR(ReadWatermark(transaction, response));
      QUARTET_RETURN_IF_ERROR(Read(transaction, range, response));
      response.set_next_page_token(range.last());
      return FindReverts(transaction, 0, response);
    });
  }
  for (std::span<const std::string> rest = request.ids; !rest.empty();) {
    const auto ids = rest.first(std::min(rest.size(), limits::kInspectionExpectedMax));
    rest = rest.subspan(ids.size());
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
      const int first = response.qualifications_size();
      for (const std::string& id : ids) {
        const auto range = InspectionRange::Of(id);
        transaction.Expect(fmt::format(kRows, range.Condition("id")), range.Params());
      }
      QUARTET_RETURN_IF_ERROR(ReadWatermark(transaction, response));
      for (const std::string& id : ids) {
        const int before = response.qualifications_size();
        QUARTET_RETURN_IF_ERROR(Read(transaction, InspectionRange::Of(id), response));
        if (response.qualifications_size() > before) continue;
        auto& unknown = *response.add_qualifications();
        unknown.set_name(resource::NameOf(kInspectedCollection, id));
        unknown.set_readable(true);
      }
      return FindReverts(transaction, first, response);
    }));
  }
  return {};
}

}  // namespace quartet::qualification

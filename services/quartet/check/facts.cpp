#include "services/quartet/check/facts.h"

#include <utility>
#include <vector>

#include "common/base/id_source.h"
#include "common/resource/resource_name.h"

namespace quartet::cli {
namespace {

using namespace qualification::v1;  // NOLINT(google-build-using-namespace): the messages of one service

// Names in one request.
constexpr std::size_t kBatchMax = 500;

constexpr std::pair<std::string_view, Service> kCollections[] = {{"leads", Service::kLead},
                                                                 {"contacts", Service::kContact},
                                                                 {"accounts", Service::kAccount},
                                                                 {"opportunities", Service::kOpportunity},
                                                                 {"qualifications", Service::kQualification}};

// Calls `use` with the answers to requests for `names`.
template <class Request, class Response, class Use>
Status AskInBatches(Inspections& inspections, Service service, const std::set<std::string>& names, Use use) {
  for (auto next = names.begin(); next != names.end();) {
    Request request;
    for (; next != names.end() && request.names_size() < static_cast<int>(kBatchMax); ++next) request.add_names(*next);
    QUARTET_ASSIGN_OR_RETURN(auto response, (inspections.Ask<Response>(service, request)));
    if (!use(response, request.names_size())) return Internal("a service answered for other names than it was asked");
  }
  return {};
}

}  // namespace

std::optional<Service> ServiceOfName(const std::string& name) {
  for (const auto& [collection, service] : kCollections) {
    if (resource::ParseName(collection, name)) return service;
  }
  return std::nullopt;
}

Service ServiceOf(int participant) {
  switch (participant) {
    case LEAD:
      return Service::kLead;
    case ACCOUNT:
      return Service::kAccount;
    case CONTACT:
      return Service::kContact;
    case OPPORTUNITY:
      return Service::kOpportunity;
    default:
      return Service::kQualification;
  }
}

void Facts::Want(const std::string& name) {
  const auto service = ServiceOfName(name);
  if (!service) return;
  if (*service == Service::kQualification)
    wanted_rows_.insert(name);
  else
    wanted_records_[*service].insert(name);
}

void Facts::WantParticipation(Service service, const std::string& qualification) {
  if (service != Service::kQualification && ServiceOfName(qualification) == Service::kQualification)
    wanted_participations_[service].insert(qualification);
}

Status Facts::Fetch(Inspections& inspections) {
  for (const auto& [service, names] : wanted_participations_) {
    const auto use = [&](InspectParticipationsResponse& response, int asked) {
      PutTime(service, response.read_time_us());
      const bool is_complete = response.participations_size() == asked;
      for (auto& one : *response.mutable_participations()) Put(service, std::move(one));
      return is_complete;
    };
    QUARTET_RETURN_IF_ERROR(
        (AskInBatches<InspectParticipationsRequest, InspectParticipationsResponse>(inspections, service, names, use)));
  }
  const auto use_rows = [&](InspectQualificationsResponse& response, int asked) {
    PutTime(Service::kQualification, response.read_time_us());
    PutWatermark(response.watermark_us());
    const bool is_complete = response.qualifications_size() == asked;
    for (auto& one : *response.mutable_qualifications()) Put(std::move(one));
    return is_complete;
  };
  QUARTET_RETURN_IF_ERROR((AskInBatches<InspectQualificationsRequest, InspectQualificationsResponse>(
      inspections, Service::kQualification, wanted_rows_, use_rows)));
  for (const auto& [service, names] : wanted_records_) {
    const auto use = [&](InspectRecordsResponse& response, int asked) {
      PutTime(service, response.read_time_us());
      const bool is_complete = response.records_size() == asked;
      for (auto& one : *response.mutable_records()) Put(std::move(one));
      return is_complete;
    };
    QUARTET_RETURN_IF_ERROR(
        (AskInBatches<InspectRecordsRequest, InspectRecordsResponse>(inspections, service, names, use)));
  }
  return {};
}

void Facts::Put(Row row) {
  std::string name = row.name();
  rows_.insert_or_assign(std::move(name), std::move(row));
}

void Facts::Put(StoredRecord record) {
  std::string name = record.name();
  records_.insert_or_assign(std::move(name), std::move(record));
}

void Facts::Put(Service service, Participation participation) {
  std::string name = participation.qualification();
  participations_[service].insert_or_assign(std::move(name), std::move(participation));
}

const Row& Facts::RowOf(const std::string& name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? Row::default_instance() : found->second;
}

const StoredRecord& Facts::RecordOf(const std::string& name) const {
  const auto found = records_.find(name);
  return found == records_.end() ? StoredRecord::default_instance() : found->second;
}

const Participation& Facts::ParticipationOf(Service service, const std::string& qualification) const {
  const auto of_service = participations_.find(service);
  if (of_service == participations_.end()) return Participation::default_instance();
  const auto found = of_service->second.find(qualification);
  return found == of_service->second.end() ? Participation::default_instance() : found->second;
}

bool Facts::MayBeForgotten(const std::string& qualification) const {
  const auto time_us = TimeOfUuidV7(resource::IdOf(qualification));
  return time_us && *time_us < watermark_us_;
}

std::int64_t Facts::TimeOf(Service service) const {
  const auto found = times_.find(service);
  return found == times_.end() ? 0 : found->second;
}

}  // namespace quartet::cli

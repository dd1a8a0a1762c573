#include "services/quartet/check/checker.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>

#include "services/quartet/check/examine.h"
#include "services/quartet/connection/rpc.h"

namespace quartet::cli {
namespace {

using namespace qualification::v1;  // NOLINT(google-build-using-namespace): the messages of one service

constexpr int kPageSize = 500;
// Suspects that are kept before they are looked at again, and in one batch then.
constexpr std::size_t kSuspectsMax = 1'000;
constexpr std::size_t kLookMax = 200;
// Something that is wrong in another way at each look is reported as it was at the last.
constexpr int kLooksMax = 5;

constexpr Service kParticipants[] = {Service::kLead, Service::kContact, Service::kAccount, Service::kOpportunity};

Error GivenUp() {
  return Error{.code = Code::kCancelled, .reason = std::string(kInterrupted), .message = "the check was given up"};
}

}  // namespace

Checker::Checker(Inspections& inspections, CheckOptions options, OnProgress on_progress)
    : inspections_(inspections), options_(options), on_progress_(std::move(on_progress)) {}

Status Checker::Run() {
  const auto is_wanted = [this](Service service) { return !options_.only || options_.only == service; };
  if (is_wanted(Service::kQualification)) QUARTET_RETURN_IF_ERROR(WalkRows());
  for (const Service service : kParticipants) {
    if (!is_wanted(service)) continue;
    QUARTET_RETURN_IF_ERROR(WalkRecords(service));
    QUARTET_RETURN_IF_ERROR(WalkParticipations(service));
  }
  QUARTET_RETURN_IF_ERROR(Settle());
  if (options_.repair) QUARTET_RETURN_IF_ERROR(Repair());
  std::ranges::move(FindBehind(findings_), std::back_inserter(findings_));
  return {};
}

Status Checker::WalkRows() {
  InspectQualificationsRequest request;
  request.set_page_size(kPageSize);
  do {
    QUARTET_ASSIGN_OR_RETURN(const auto page,
                             inspections_.Ask<InspectQualificationsResponse>(Service::kQualification, request));
    QUARTET_ASSIGN_OR_RETURN(auto found, Examine(page));
    totals_.qualifications += page.qualifications_size();
    QUARTET_RETURN_IF_ERROR(Keep(std::move(found)));
    QUARTET_RETURN_IF_ERROR(Progress("qualifications"));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return {};
}

Status Checker::WalkRecords(Service service) {
  InspectRecordsRequest request;
  request.set_page_size(kPageSize);
  request.set_identities(true);
  do {
    QUARTET_ASSIGN_OR_RETURN(const auto page, inspections_.Ask<InspectRecordsResponse>(service, request));
    QUARTET_ASSIGN_OR_RETURN(auto found, Examine(service, page));
    totals_.records += page.records_size();
    QUARTET_RETURN_IF_ERROR(Keep(std::move(found)));
    QUARTET_RETURN_IF_ERROR(Progress(fmt::format("{} records", ServiceName(service))));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return {};
}

Status Checker::WalkParticipations(Service service) {
  InspectParticipationsRequest request;
  request.set_page_size(kPageSize);
  do {
    QUARTET_ASSIGN_OR_RETURN(const auto page, inspections_.Ask<InspectParticipationsResponse>(service, request));
    QUARTET_ASSIGN_OR_RETURN(auto found, Examine(service, page));
    totals_.participations += page.participations_size();
    QUARTET_RETURN_IF_ERROR(Keep(std::move(found)));
    QUARTET_RETURN_IF_ERROR(Progress(fmt::format("{} participations", ServiceName(service))));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return {};
}

Result<Checker::Found> Checker::Examine(const InspectQualificationsResponse& page) {
  Facts facts;
  facts.PutTime(Service::kQualification, page.read_time_us());
  facts.PutWatermark(page.watermark_us());
  for (const Row& row : page.qualifications()) WantForRow(row, facts);
  QUARTET_RETURN_IF_ERROR(facts.Fetch(inspections_));
  Found found;
  for (const Row& row : page.qualifications()) {
    std::vector<Finding> findings;
    ExamineRow(row, facts, options_.grace, findings);
    if (!findings.empty()) found[{Subject::Type::kRow, Service::kQualification, row.name()}] = std::move(findings);
  }
  return found;
}

Result<Checker::Found> Checker::Examine(Service service, const InspectRecordsResponse& page) {
  Facts facts;
  for (const StoredRecord& record : page.records()) WantForRecord(record, facts);
  QUARTET_RETURN_IF_ERROR(facts.Fetch(inspections_));
  Found found;
  for (const StoredRecord& record : page.records()) {
    std::vector<Finding> findings;
    ExamineRecord(service, record, facts, findings);
    if (!findings.empty()) found[{Subject::Type::kRecord, service, record.name()}] = std::move(findings);
  }
  return found;
}

Result<Checker::Found> Checker::Examine(Service service, const InspectParticipationsResponse& page) {
  Facts facts;
  for (const Participation& participation : page.participations()) WantForParticipation(participation, facts);
  QUARTET_RETURN_IF_ERROR(facts.Fetch(inspections_));
  facts.PutTime(service, page.read_time_us());
  Found found;
  for (const Participation& participation : page.participations()) {
    std::vector<Finding> findings;
    ExamineParticipation(service, participation, facts, options_.grace, findings);
    if (!findings.empty())
      found[{Subject::Type::kParticipation, service, participation.qualification()}] = std::move(findings);
  }
  return found;
}

Result<Checker::Found> Checker::LookAgain(const std::vector<Subject>& subjects) {
  InspectQualificationsRequest rows;
  std::map<Service, InspectRecordsRequest> records;
  std::map<Service, InspectParticipationsRequest> participations;
  for (const Subject& subject : subjects) {
    if (subject.type == Subject::Type::kRow)
      rows.add_names(subject.name);
    else if (subject.type == Subject::Type::kRecord)
      records[subject.service].add_names(subject.name);
    else
      participations[subject.service].add_names(subject.name);
  }
  Found found;
  if (!rows.names().empty()) {
    QUARTET_ASSIGN_OR_RETURN(const auto page,
                             inspections_.Ask<InspectQualificationsResponse>(Service::kQualification, rows));
    QUARTET_ASSIGN_OR_RETURN(found, Examine(page));
  }
  for (auto& [service, request] : records) {
    request.set_identities(true);
    QUARTET_ASSIGN_OR_RETURN(const auto page, inspections_.Ask<InspectRecordsResponse>(service, request));
    QUARTET_ASSIGN_OR_RETURN(auto more, Examine(service, page));
    found.merge(more);
  }
  for (const auto& [service, request] : participations) {
    QUARTET_ASSIGN_OR_RETURN(const auto page, inspections_.Ask<InspectParticipationsResponse>(service, request));
    QUARTET_ASSIGN_OR_RETURN(auto more, Examine(service, page));
    found.merge(more);
  }
  return found;
}

Status Checker::Keep(Found found) {
  for (auto& [subject, findings] : found) {
    // What has no proper name cannot be asked for by it.
    if (!ServiceOfName(subject.name)) {
      Confirm(subject, findings);
      continue;
    }
    suspects_.push_back(
        {.subject = subject, .found = std::move(findings), .looked_at = std::chrono::steady_clock::now()});
  }
  return suspects_.size() < kSuspectsMax ? Status() : Settle();
}

Status Checker::Settle() {
  while (!suspects_.empty()) {
    std::vector<Suspect> looked = std::exchange(suspects_, {});
    QUARTET_RETURN_IF_ERROR(Pause(looked.back().looked_at + options_.pause));
    for (std::size_t begin = 0; begin < looked.size(); begin += kLookMax) {
      const auto batch = std::span(looked).subspan(begin, std::min(kLookMax, looked.size() - begin));
      QUARTET_RETURN_IF_ERROR(SettleBatch(batch));
    }
  }
  return {};
}

Status Checker::SettleBatch(std::span<Suspect> batch) {
  std::vector<Subject> subjects;
  for (const Suspect& suspect : batch) subjects.push_back(suspect.subject);
  QUARTET_ASSIGN_OR_RETURN(auto found, LookAgain(subjects));
  for (Suspect& suspect : batch) {
    auto now = found.find(suspect.subject);
    if (now == found.end()) continue;
    ++suspect.looks;
    std::vector<Finding> stable;
    bool has_moved = false;
    for (const Finding& finding : now->second) {
      if (suspect.looks == kLooksMax || std::ranges::find(suspect.found, finding) != suspect.found.end())
        stable.push_back(finding);
      else
        has_moved = true;
    }
    Confirm(suspect.subject, stable);
    if (!has_moved) continue;
    suspect.found = std::move(now->second);
    suspect.looked_at = std::chrono::steady_clock::now();
    suspects_.push_back(std::move(suspect));
  }
  return {};
}

void Checker::Confirm(const Subject& subject, std::vector<Finding>& found) {
  for (Finding& finding : found) {
    // Another look at the same may have found it, or another subject that has to do with it.
    if (std::ranges::find(findings_, finding) != findings_.end()) continue;
    if (findings_.size() >= kFindingsMax) {
      ++left_out_;
      continue;
    }
    findings_.push_back(std::move(finding));
    subjects_.push_back(subject);
  }
}

Status Checker::Progress(const std::string& what) {
  on_progress_(what, totals_);
  return Pause(std::chrono::steady_clock::now());
}

Status Checker::Pause(std::chrono::steady_clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
  if (!inspections_.WaitFor(std::max(left, std::chrono::milliseconds(0)))) return GivenUp();
  return {};
}

}  // namespace quartet::cli

// What follows from the findings.
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "services/quartet/check/checker.h"
#include "services/quartet/check/text.h"

namespace quartet::cli {
namespace {

using namespace qualification::v1;  // NOLINT(google-build-using-namespace): the messages of one service

constexpr int kRepairBatchMax = 500;
// An acknowledgement goes by way of Redis and is written down within a second.
constexpr std::chrono::milliseconds kRepairPause{500};
constexpr int kRepairLooksMax = 20;

// One or two may have another reason.
constexpr std::size_t kEvidenceMin = 3;

struct Evidence {
  std::set<std::string> names;
  std::int64_t first_us = 0;
  std::int64_t last_us = 0;
};

std::string Describe(Service service, const Evidence& evidence) {
  const bool is_orchestrator = service == Service::kQualification;
  return fmt::format(
      "its database is older than the others': {} {}, from {} to {} ({}); it seems to have been restored to a moment "
      "before {}",
      is_orchestrator ? "it knows nothing of what other services have carried out of qualifications:"
                      : "it does not have what it had prepared or acknowledged of qualifications:",
      evidence.names.size(), TimeText(evidence.first_us), TimeText(evidence.last_us),
      DurationText(evidence.last_us - evidence.first_us), TimeText(evidence.first_us));
}

}  // namespace

Status Checker::Repair() {
  std::map<Service, std::vector<std::string>> names;
  std::vector<std::size_t> tried;
  for (std::size_t i = 0; i < findings_.size(); ++i) {
    Finding& finding = findings_[i];
    if (IsNotice(finding.kind)) continue;
    if (IsRepairable(finding.kind)) {
      names[finding.service].push_back(finding.name);
      tried.push_back(i);
      continue;
    }
    finding.repair = Finding::Repair::kRefused;
    finding.refusal = "only a decision that has been made is carried out; what is right here cannot be told";
  }
  for (const auto& [service, all] : names) {
    for (auto next = all.begin(); next != all.end();) {
      ResolveQualificationsRequest request;
      for (; next != all.end() && request.names_size() < kRepairBatchMax; ++next) request.add_names(*next);
      QUARTET_RETURN_IF_ERROR(inspections_.Ask<ResolveQualificationsResponse>(service, request));
    }
  }
  for (int look = 0; look < kRepairLooksMax && !tried.empty(); ++look) {
    QUARTET_RETURN_IF_ERROR(Pause(std::chrono::steady_clock::now() + kRepairPause));
    QUARTET_RETURN_IF_ERROR(LeaveUnrepaired(tried));
  }
  for (const std::size_t i : tried) {
    findings_[i].repair = Finding::Repair::kRefused;
    findings_[i].refusal = "the service was asked to carry it out, and it is as before";
  }
  return {};
}

Status Checker::LeaveUnrepaired(std::vector<std::size_t>& numbers) {
  std::vector<std::size_t> left;
  for (std::size_t begin = 0; begin < numbers.size(); begin += kRepairBatchMax) {
    const auto batch =
        std::span(numbers).subspan(begin, std::min<std::size_t>(kRepairBatchMax, numbers.size() - begin));
    std::set<Subject> subjects;
    for (const std::size_t i : batch) subjects.insert(subjects_[i]);
    QUARTET_ASSIGN_OR_RETURN(const auto found, LookAgain({subjects.begin(), subjects.end()}));
    for (const std::size_t i : batch) {
      const auto now = found.find(subjects_[i]);
      if (now != found.end() && std::ranges::find(now->second, findings_[i]) != now->second.end())
        left.push_back(i);
      else
        findings_[i].repair = Finding::Repair::kDone;
    }
  }
  numbers = std::move(left);
  return {};
}

std::vector<Finding> FindBehind(const std::vector<Finding>& findings) {
  std::map<Service, Evidence> evidence;
  for (const Finding& finding : findings) {
    const Behind behind = IsBehind(finding.kind);
    if (behind == Behind::kNobody || finding.repair == Finding::Repair::kDone) continue;
    Evidence& of = evidence[behind == Behind::kOrchestrator ? Service::kQualification : finding.service];
    // Records that it names tell no time.
    if (finding.time_us == 0) continue;
    of.names.insert(finding.name);
    if (of.first_us == 0 || finding.time_us < of.first_us) of.first_us = finding.time_us;
    of.last_us = std::max(of.last_us, finding.time_us);
  }
  std::vector<Finding> verdicts;
  for (const auto& [service, of] : evidence) {
    if (of.names.size() < kEvidenceMin) continue;
    verdicts.push_back({.kind = FindingKind::kDatabaseBehind,
                        .service = service,
                        .name = std::string(ServiceName(service)),
                        .what = Describe(service, of),
                        .time_us = of.first_us});
  }
  return verdicts;
}

}  // namespace quartet::cli

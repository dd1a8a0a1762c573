#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include "services/quartet/check/examine.h"
#include "services/quartet/check/text.h"

namespace quartet::cli {
namespace {

using qualification::v1::Participant;
using qualification::v1::Qualification;
using qualification::v1::RecordOutcome;
using enum FindingKind;

constexpr std::int64_t kAllAttempts = std::numeric_limits<std::int64_t>::max();

bool Contains(const google::protobuf::RepeatedField<int>& list, int participant) {
  return std::ranges::find(list, participant) != list.end();
}

// The outcomes of a participant other than the lead.
std::vector<RecordOutcome> OutcomesOf(const Row& row, int participant) {
  switch (participant) {
    case qualification::v1::ACCOUNT:
      return row.has_account() ? std::vector{row.account()} : std::vector<RecordOutcome>{};
    case qualification::v1::CONTACT:
      return row.has_contact() ? std::vector{row.contact()} : std::vector<RecordOutcome>{};
    case qualification::v1::OPPORTUNITY:
      return {row.opportunities().begin(), row.opportunities().end()};
    default:
      return {};
  }
}

class RowExamination {
 public:
  RowExamination(const Row& row, const Facts& facts, std::chrono::microseconds grace, std::vector<Finding>& found)
      : row_(row), facts_(facts), found_(found) {
    is_old_ = facts.TimeOf(Service::kQualification) - row.update_time_us() > grace.count();
  }

  void Run() {
    if (!row_.exists()) return;
    if (!row_.readable()) {
      Add(kUnreadable, Service::kQualification, "its row cannot be read, or is not what it is searched by");
      return;
    }
    if (row_.state() != Qualification::COMMITTED && row_.state() != Qualification::ABORTED) {
      if (is_old_) {
        Add(kUndecided, Service::kQualification,
            fmt::format("it is {} since {}", Qualification::State_Name(row_.state()), TimeText(row_.update_time_us())));
      }
      return;
    }
    for (const int participant : row_.participants()) ExamineParticipant(participant);
  }

 private:
  void Add(FindingKind kind, Service service, std::string what) {
    found_.push_back({.kind = kind,
                      .service = service,
                      .name = row_.name(),
                      .what = std::move(what),
                      .time_us = row_.update_time_us()});
  }

  std::string Decided() const {
    return fmt::format("{} in attempt {} at {}", Qualification::State_Name(row_.state()), row_.attempt(),
                       TimeText(row_.update_time_us()));
  }

  // The lead's lock belongs to the qualification, not to an attempt.
  bool IsLock(int participant) const {
    return participant == qualification::v1::LEAD && row_.kind() == Qualification::QUALIFY;
  }

  void ExamineParticipant(int participant) {
    const Service service = ServiceOf(participant);
    const Participation& part = facts_.ParticipationOf(service, row_.name());
    const bool acknowledged = Contains(row_.acknowledged(), participant);
    // One that cannot be read is found where participations are examined.
    if (!part.readable()) return;
    const bool committed = row_.state() == Qualification::COMMITTED;
    switch (part.state()) {
      case Participation::FINAL:
        ExamineFinal(participant, part, acknowledged);
        return;
      case Participation::HELD:
        ExamineHeld(participant, part, acknowledged);
        return;
      default:
        break;
    }
    if (!committed) {
      if (!acknowledged && is_old_)
        Add(kNotAcknowledged, service,
            fmt::format("it was {}, which the {} service has not acknowledged", Decided(), ServiceName(service)));
      return;
    }
    if (part.exists() && part.void_through() >= (IsLock(participant) ? kAllAttempts : row_.attempt())) {
      Add(kCommittedButVoid, service,
          fmt::format("it was {}, but the {} service has voided attempts up to {}", Decided(), ServiceName(service),
                      part.void_through() == kAllAttempts ? "any" : fmt::to_string(part.void_through())));
    } else if (!acknowledged) {
      Add(kCommittedButUnprepared, service,
          fmt::format("it was {}, but the {} service does not hold what it had prepared", Decided(),
                      ServiceName(service)));
    } else if (part.exists() || !facts_.MayBeForgotten(row_.name()) || !RecordFindings(participant).empty()) {
      Add(kAcknowledgedButUnknown, service,
          fmt::format("it was {}, which the {} service has acknowledged, but its database does not have it{}",
                      Decided(), ServiceName(service), Joined(RecordFindings(participant))));
    }
  }

  void ExamineFinal(int participant, const Participation& part, bool acknowledged) {
    const Service service = ServiceOf(participant);
    if (row_.state() == Qualification::ABORTED) {
      Add(kAbortedButFinal, service,
          fmt::format("it was {}, but it is final in the {} service", Decided(), ServiceName(service)));
      return;
    }
    if (!IsLock(participant) && part.attempt() != row_.attempt()) {
      Add(kOtherAttemptFinal, service,
          fmt::format("it was {}, but attempt {} is final in the {} service", Decided(), part.attempt(),
                      ServiceName(service)));
      return;
    }
    if (!acknowledged && is_old_) {
      Add(kNotAcknowledged, service,
          fmt::format("it was {}, which the {} service has carried out and not acknowledged", Decided(),
                      ServiceName(service)));
    }
    for (Finding& finding : RecordFindings(participant)) found_.push_back(std::move(finding));
  }

  void ExamineHeld(int participant, const Participation& part, bool acknowledged) {
    const Service service = ServiceOf(participant);
    const bool is_decided_one =
        row_.state() == Qualification::ABORTED || IsLock(participant) || part.attempt() == row_.attempt();
    if (!is_decided_one) {
      Add(kCommittedButUnprepared, service,
          fmt::format("it was {}, but the {} service holds attempt {}", Decided(), ServiceName(service),
                      part.attempt()));
    } else if (acknowledged) {
      Add(kAcknowledgedButHeld, service,
          fmt::format("it was {}, which the {} service has acknowledged, but it still holds its intents", Decided(),
                      ServiceName(service)));
    } else if (is_old_) {
      Add(kDecisionNotApplied, service,
          fmt::format("it was {}, which the {} service has not carried out", Decided(), ServiceName(service)));
    }
  }

  // What is wrong with the records of one who has carried the decision out.
  std::vector<Finding> RecordFindings(int participant) const {
    std::vector<Finding> found;
    if (row_.state() != Qualification::COMMITTED || row_.kind() != Qualification::QUALIFY) return found;
    const bool is_reverted = !row_.reverted_by().empty();
    // While it is carried out both states are right.
    if (is_reverted && !Contains(facts_.RowOf(row_.reverted_by()).acknowledged(), participant)) return found;
    if (participant == qualification::v1::LEAD) {
      ExamineLead(is_reverted, found);
    } else {
      for (const RecordOutcome& outcome : OutcomesOf(row_, participant))
        ExamineOutcome(ServiceOf(participant), outcome, is_reverted, found);
    }
    return found;
  }

  Finding About(FindingKind kind, Service service, const std::string& name, std::string what) const {
    return {.kind = kind, .service = service, .name = name, .what = std::move(what), .time_us = row_.update_time_us()};
  }

  void ExamineLead(bool is_reverted, std::vector<Finding>& found) const {
    const StoredRecord& lead = facts_.RecordOf(row_.lead());
    if (!lead.intents().empty()) return;
    if (!lead.exists()) {
      if (ServiceOfName(row_.lead()) == Service::kLead)
        found.push_back(About(kRecordMissing, Service::kLead, row_.lead(),
                              fmt::format("{} has qualified it, but it does not exist", row_.name())));
      return;
    }
    if (!lead.readable()) return;
    const bool is_by_this =
        lead.state() == "STATE_QUALIFIED" && ReferencesIn(lead, "qualification") == std::set{row_.name()};
    if (is_reverted) {
      if (is_by_this)
        found.push_back(
            About(kRevertedButThere, Service::kLead, row_.lead(),
                  fmt::format("it is qualified by {}, which {} has taken back", row_.name(), row_.reverted_by())));
      return;
    }
    if (!is_by_this) {
      found.push_back(About(kLeadNotQualified, Service::kLead, row_.lead(),
                            fmt::format("{} has qualified it, but it is {}{}", row_.name(), lead.state(),
                                        lead.state() == "STATE_QUALIFIED" ? " by another" : "")));
      return;
    }
    std::set<std::string> opportunities;
    for (const RecordOutcome& outcome : row_.opportunities()) opportunities.insert(outcome.name());
    const auto names = [](const std::string& name) { return name.empty() ? std::set<std::string>{} : std::set{name}; };
    if (ReferencesIn(lead, "contact") != names(row_.contact().name()) ||
        ReferencesIn(lead, "account") != names(row_.account().name()) ||
        ReferencesIn(lead, "opportunities") != opportunities)
      found.push_back(About(kReferencesDiffer, Service::kLead, row_.lead(),
                            fmt::format("it names other records than {} made of it", row_.name())));
  }

  void ExamineOutcome(Service service, const RecordOutcome& outcome, bool is_reverted,
                      std::vector<Finding>& found) const {
    const StoredRecord& record = facts_.RecordOf(outcome.name());
    if (!record.exists()) {
      if (!is_reverted && record.intents().empty() && ServiceOfName(outcome.name()) == service)
        found.push_back(About(kRecordMissing, service, outcome.name(),
                              fmt::format("{} has {} it, but it does not exist", row_.name(),
                                          outcome.kind() == RecordOutcome::OPENED ? "opened" : "attached to")));
      return;
    }
    if (!record.readable() || outcome.kind() != RecordOutcome::OPENED) return;
    if (is_reverted) {
      found.push_back(About(kRevertedButThere, service, outcome.name(),
                            fmt::format("{} opened it, and {} has taken that back", row_.name(), row_.reverted_by())));
    } else if (ReferencesIn(record, "lead") != std::set{row_.lead()} ||
               ReferencesIn(record, "qualification") != std::set{row_.name()}) {
      found.push_back(About(kNotNamedBack, service, outcome.name(),
                            fmt::format("{} opened it from {}, which it does not name", row_.name(), row_.lead())));
    }
  }

  static std::string Joined(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) text += fmt::format("; {}: {}", finding.name, finding.what);
    return text;
  }

  const Row& row_;
  const Facts& facts_;
  std::vector<Finding>& found_;
  bool is_old_ = false;
};

}  // namespace

void WantForRow(const Row& row, Facts& facts) {
  if (!row.exists() || !row.readable()) return;
  for (const int participant : row.participants()) facts.WantParticipation(ServiceOf(participant), row.name());
  if (row.kind() != Qualification::QUALIFY || row.state() != Qualification::COMMITTED) return;
  facts.Want(row.reverted_by());
  facts.Want(row.lead());
  for (const int participant : row.participants()) {
    for (const RecordOutcome& outcome : OutcomesOf(row, participant)) facts.Want(outcome.name());
  }
}

void ExamineRow(const Row& row, const Facts& facts, std::chrono::microseconds grace, std::vector<Finding>& found) {
  RowExamination(row, facts, grace, found).Run();
}

}  // namespace quartet::cli

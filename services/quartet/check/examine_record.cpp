#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "services/quartet/check/examine.h"
#include "services/quartet/check/text.h"

namespace quartet::cli {
namespace {

using qualification::v1::IdentityFault;
using qualification::v1::IntentInspection;
using qualification::v1::Qualification;
using enum FindingKind;

// Whether the orchestrator has nothing of it, or only the tombstone of one that somebody asked about.
bool NeverBegan(const Row& row) {
  return !row.exists() || (row.readable() && row.kind() == Qualification::KIND_UNSPECIFIED);
}

class RecordExamination {
 public:
  RecordExamination(Service service, const StoredRecord& record, const Facts& facts, std::vector<Finding>& found)
      : service_(service), record_(record), facts_(facts), found_(found) {}

  void Run() {
    for (const IdentityFault& fault : record_.identity_faults()) ExamineIdentity(fault);
    for (const IntentInspection& intent : record_.intents()) ExamineIntent(intent);
    if (!record_.exists()) return;
    if (!record_.readable()) {
      Add(kUnreadable, "what is stored of it cannot be read, or belongs to another name");
      return;
    }
    if (!record_.differing_columns().empty())
      Add(kColumnsDiffer,
          fmt::format("it is searched by other values than it has: {}", fmt::join(record_.differing_columns(), ", ")));
    if (service_ == Service::kLead)
      ExamineLead();
    else
      ExamineOrigin();
    // What a qualification is changing may still name what that has taken away.
    if (!record_.deleted() && record_.intents().empty()) ExamineTargets();
  }

 private:
  void Add(FindingKind kind, std::string what, std::int64_t time_us = 0) {
    found_.push_back(
        {.kind = kind, .service = service_, .name = record_.name(), .what = std::move(what), .time_us = time_us});
  }

  std::string Reference(const std::string& field) const {
    const auto names = ReferencesIn(record_, field);
    return names.empty() ? "" : *names.begin();
  }

  void ExamineIdentity(const IdentityFault& fault) {
    const std::string what = fmt::format("{} #{}", fault.identity(), fault.digest());
    switch (fault.kind()) {
      case IdentityFault::MISSING:
        Add(kIdentityMissing, fmt::format("nobody finds it by its {}", what));
        break;
      case IdentityFault::STRAY:
        Add(kIdentityStray,
            fmt::format("{} leads to it, which {}", what, record_.exists() ? "it does not have" : "does not exist"));
        break;
      case IdentityFault::SHARED:
        Add(kIdentityShared, fmt::format("its {} leads to {}, too", what, fault.other()));
        break;
      default:
        break;
    }
  }

  void ExamineIntent(const IntentInspection& intent) {
    if (!intent.readable())
      Add(kUnreadable, fmt::format("the intent of {} on it cannot be read", intent.qualification()));
    if (!intent.held())
      Add(kIntentNotHeld, fmt::format("it carries an intent of {}, which does not know of it", intent.qualification()));
  }

  // Whether this qualification is committed and not taken back, as far as is known; says so if it is otherwise than
  // what lies here says.
  bool IsStanding(const std::string& qualification) {
    if (qualification.empty()) {
      Add(kReferencesDiffer, "it comes from a qualification, but names none");
      return false;
    }
    const Row& row = facts_.RowOf(qualification);
    if (!row.exists() && facts_.MayBeForgotten(qualification)) return false;
    if (NeverBegan(row)) {
      Add(kQualificationUnknown,
          fmt::format("it is of {}, of which the qualification service knows nothing", qualification));
      return false;
    }
    if (!row.readable()) return false;
    if (row.state() != Qualification::COMMITTED) {
      Add(kUndecidedButFinal,
          fmt::format("it is of {}, which is {}", qualification, Qualification::State_Name(row.state())));
      return false;
    }
    return row.reverted_by().empty();
  }

  void ExamineLead() {
    const std::string qualification = Reference("qualification");
    if (record_.state() != "STATE_QUALIFIED") {
      if (!record_.references().empty())
        Add(kReferencesLeft, fmt::format("it is {}, but names {}", record_.state(), record_.references(0).name()));
      return;
    }
    // All else follows from the qualification, where it is examined.
    if (IsStanding(qualification) && facts_.RowOf(qualification).lead() != record_.name())
      Add(kReferencesDiffer, fmt::format("it says that {} has qualified it, which is of {}", qualification,
                                         facts_.RowOf(qualification).lead()));
  }

  void ExamineOrigin() {
    const std::string lead = Reference("lead");
    const std::string qualification = Reference("qualification");
    if (lead.empty() && qualification.empty()) return;
    if (IsStanding(qualification)) {
      const Row& row = facts_.RowOf(qualification);
      const auto is_this = [this](const auto& outcome) { return outcome.name() == record_.name(); };
      if (!is_this(row.account()) && !is_this(row.contact()) && std::ranges::none_of(row.opportunities(), is_this))
        Add(kReferencesDiffer, fmt::format("it says that {} has opened it, which names others", qualification));
    } else if (const StoredRecord& origin = facts_.RecordOf(lead);
               !facts_.RowOf(qualification).exists() && origin.readable() && origin.intents().empty() &&
               std::ranges::none_of(origin.references(),
                                    [this](const auto& reference) { return reference.name() == record_.name(); })) {
      Add(kNotNamedBack, fmt::format("it comes from {}, which is {} and does not name it", lead, origin.state()));
    }
  }

  void ExamineTargets() {
    // What a lead names follows from its qualification, where it is examined.
    if (service_ == Service::kLead && facts_.RowOf(Reference("qualification")).exists()) return;
    for (const auto& reference : record_.references()) {
      if (reference.field() == "qualification") continue;
      const StoredRecord& target = facts_.RecordOf(reference.name());
      if (!target.exists()) {
        // One with an intent is going to be there.
        if (target.intents().empty())
          Add(kDanglingReference,
              fmt::format("its {} is {}, which does not exist", reference.field(), reference.name()));
      } else if (target.deleted() && service_ != Service::kLead && reference.field() != "lead") {
        Add(kDeletedReference, fmt::format("its {} is {}, which is deleted", reference.field(), reference.name()));
      }
    }
  }

  const Service service_;
  const StoredRecord& record_;
  const Facts& facts_;
  std::vector<Finding>& found_;
};

// What a service has of a decided qualification that names it among no participants: a prepare that came after an
// abort, or from an orchestrator that another has forgotten. What its participants have is examined with the row.
template <class Add>
void ExamineUnasked(Service service, const Participation& participation, const Facts& facts,
                    std::chrono::microseconds grace, const Add& add) {
  const Row& row = facts.RowOf(participation.qualification());
  if (!row.readable() || (row.state() != Qualification::COMMITTED && row.state() != Qualification::ABORTED)) return;
  if (std::ranges::any_of(row.participants(), [&](int participant) { return ServiceOf(participant) == service; }))
    return;
  const std::string decided =
      fmt::format("it was {} without the {} service", Qualification::State_Name(row.state()), ServiceName(service));
  if (participation.state() == Participation::FINAL)
    add(row.state() == Qualification::ABORTED ? kAbortedButFinal : kOtherAttemptFinal,
        fmt::format("{}, but it is final there since {}", decided, TimeText(participation.update_time_us())));
  else if (facts.TimeOf(service) - participation.update_time_us() > grace.count())
    add(kDecisionNotApplied,
        fmt::format("{}, which holds its intents since {}", decided, TimeText(participation.update_time_us())));
}

}  // namespace

void WantForRecord(const StoredRecord& record, Facts& facts) {
  if (!record.exists() || !record.readable()) return;
  for (const auto& reference : record.references()) facts.Want(reference.name());
}

void ExamineRecord(Service service, const StoredRecord& record, const Facts& facts, std::vector<Finding>& found) {
  RecordExamination(service, record, facts, found).Run();
}

void WantForParticipation(const Participation& participation, Facts& facts) {
  if (participation.state() != Participation::NONE) facts.Want(participation.qualification());
}

void ExamineParticipation(Service service, const Participation& participation, const Facts& facts,
                          std::chrono::microseconds grace, std::vector<Finding>& found) {
  const auto add = [&](FindingKind kind, std::string what) {
    found.push_back({.kind = kind,
                     .service = service,
                     .name = participation.qualification(),
                     .what = std::move(what),
                     .time_us = participation.update_time_us()});
  };
  if (!participation.exists()) return;
  if (!participation.readable()) {
    add(kUnreadable, fmt::format("the {} service's part in it cannot be read", ServiceName(service)));
    return;
  }
  if (!participation.without_intent().empty())
    add(kHeldWithoutIntent, fmt::format("the {} service's part in it has lost its intents on {}", ServiceName(service),
                                        fmt::join(participation.without_intent(), ", ")));
  if (participation.state() == Participation::NONE) return;
  const Row& row = facts.RowOf(participation.qualification());
  const bool is_final = participation.state() == Participation::FINAL;
  if (NeverBegan(row)) {
    if (is_final && !row.exists() && facts.MayBeForgotten(participation.qualification())) return;
    if (is_final)
      add(kQualificationUnknown,
          fmt::format("it is final in the {} service since {}, but the qualification service knows nothing of it",
                      ServiceName(service), TimeText(participation.update_time_us())));
    else if (facts.TimeOf(service) - participation.update_time_us() > grace.count())
      add(kUnknownHeld, fmt::format("the {} service holds its intents since {}, but the qualification service knows "
                                    "nothing of it",
                                    ServiceName(service), TimeText(participation.update_time_us())));
    return;
  }
  if (row.readable() && is_final && row.state() != Qualification::COMMITTED && row.state() != Qualification::ABORTED)
    add(kUndecidedButFinal,
        fmt::format("it is final in the {} service since {}, but it is {}", ServiceName(service),
                    TimeText(participation.update_time_us()), Qualification::State_Name(row.state())));
  ExamineUnasked(service, participation, facts, grace, add);
}

}  // namespace quartet::cli

// The rules of `quartet check`, without a suite: what each state of the databases is
// found to be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/quartet/check/checker.h"
#include "services/quartet/check/examine.h"
#include "services/quartet/operate/contradictions.h"

namespace quartet::cli {
namespace {

using qualification::v1::Qualification;
using qualification::v1::RecordOutcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum FindingKind;

constexpr std::chrono::seconds kGrace{10};
constexpr std::int64_t kDecided_us = 1'700'000'000'000'000;

const std::string kLead = "leads/01890000-0000-7000-8000-000000000001";
const std::string kContact = "contacts/01890000-0000-7000-8000-000000000002";
const std::string kRow = "qualifications/01890000-0000-7000-8000-000000000003";

// A lead that was qualified, its contact, and what is stored of it, all of it right.
class ExamineRowTest : public ::testing::Test {
 protected:
  ExamineRowTest() {
    row_.set_name(kRow);
    row_.set_exists(true);
    row_.set_readable(true);
    row_.set_kind(Qualification::QUALIFY);
    row_.set_state(Qualification::COMMITTED);
    row_.set_attempt(1);
    row_.set_lead(kLead);
    row_.mutable_contact()->set_name(kContact);
    row_.mutable_contact()->set_kind(RecordOutcome::OPENED);
    row_.set_update_time_us(kDecided_us);
    for (const auto participant : {qualification::v1::LEAD, qualification::v1::CONTACT}) {
      row_.add_participants(participant);
      row_.add_acknowledged(participant);
    }
    for (auto* part : {&lead_part_, &contact_part_}) {
      part->set_qualification(kRow);
      part->set_exists(true);
      part->set_readable(true);
      part->set_state(Participation::FINAL);
      part->set_attempt(1);
      part->set_void_through(0);
    }
    lead_.set_name(kLead);
    lead_.set_exists(true);
    lead_.set_readable(true);
    lead_.set_state("STATE_QUALIFIED");
    Add(lead_, "qualification", kRow);
    Add(lead_, "contact", kContact);
    contact_.set_name(kContact);
    contact_.set_exists(true);
    contact_.set_readable(true);
    Add(contact_, "lead", kLead);
    Add(contact_, "qualification", kRow);
  }

  static void Add(StoredRecord& record, const std::string& field, const std::string& name) {
    auto& reference = *record.add_references();
    reference.set_field(field);
    reference.set_name(name);
  }

  // `later`: how long after the decision.
  std::vector<FindingKind> Examine(std::chrono::seconds later = kGrace * 2) {
    Facts facts;
    facts.PutTime(Service::kQualification, kDecided_us + std::chrono::microseconds(later).count());
    facts.PutWatermark(watermark_us_);
    facts.Put(revert_);
    facts.Put(Service::kLead, lead_part_);
    facts.Put(Service::kContact, contact_part_);
    facts.Put(lead_);
    facts.Put(contact_);
    std::vector<Finding> found;
    ExamineRow(row_, facts, kGrace, found);
    std::vector<FindingKind> kinds;
    for (const Finding& finding : found) kinds.push_back(finding.kind);
    return kinds;
  }

  void Forget(Participation& part) {
    part.set_exists(false);
    part.set_state(Participation::NONE);
    part.set_attempt(-1);
    part.set_void_through(-1);
  }

  std::int64_t watermark_us_ = 0;
  Row row_;
  Row revert_;
  Participation lead_part_;
  Participation contact_part_;
  StoredRecord lead_;
  StoredRecord contact_;
};

TEST_F(ExamineRowTest, WhatIsRightIsNoFinding) {
  EXPECT_THAT(Examine(), IsEmpty());
}

TEST_F(ExamineRowTest, TheLeadsLockBelongsToNoAttempt) {
  lead_part_.set_attempt(0);
  EXPECT_THAT(Examine(), IsEmpty());
  contact_part_.set_attempt(0);
  EXPECT_THAT(Examine(), ElementsAre(kOtherAttemptFinal));
}

TEST_F(ExamineRowTest, WhatIsNotDecidedForLongIsFound) {
  row_.set_state(Qualification::PARKED);
  EXPECT_THAT(Examine(kGrace), IsEmpty());
  EXPECT_THAT(Examine(kGrace + std::chrono::seconds(1)), ElementsAre(kUndecided));
}

TEST_F(ExamineRowTest, ADecisionThatIsOnItsWayMayTakeItsTime) {
  row_.clear_acknowledged();
  row_.add_acknowledged(qualification::v1::LEAD);
  contact_part_.set_state(Participation::HELD);
  contact_.Clear();
  EXPECT_THAT(Examine(kGrace), IsEmpty());
  EXPECT_THAT(Examine(), ElementsAre(kDecisionNotApplied));
  contact_part_.set_state(Participation::FINAL);
  contact_.set_name(kContact);
  contact_.set_exists(true);
  EXPECT_THAT(Examine(kGrace), IsEmpty());
  EXPECT_THAT(Examine(), ElementsAre(kNotAcknowledged));
}

TEST_F(ExamineRowTest, WhatWasAcknowledgedIsNotHeldAnyMore) {
  contact_part_.set_state(Participation::HELD);
  EXPECT_THAT(Examine(), ElementsAre(kAcknowledgedButHeld));
}

TEST_F(ExamineRowTest, AVoidedAttemptThatWasCommittedIsFoundAtOnce) {
  Forget(contact_part_);
  contact_part_.set_exists(true);
  contact_part_.set_void_through(1);
  EXPECT_THAT(Examine(std::chrono::seconds(0)), ElementsAre(kCommittedButVoid));
  row_.clear_acknowledged();
  EXPECT_THAT(Examine(std::chrono::seconds(0)), ElementsAre(kCommittedButVoid));
}

TEST_F(ExamineRowTest, WhatWasPreparedMustBeThere) {
  row_.clear_acknowledged();
  row_.add_acknowledged(qualification::v1::LEAD);
  Forget(contact_part_);
  EXPECT_THAT(Examine(std::chrono::seconds(0)), ElementsAre(kCommittedButUnprepared));
  contact_part_.set_exists(true);
  contact_part_.set_state(Participation::HELD);
  contact_part_.set_attempt(0);
  EXPECT_THAT(Examine(std::chrono::seconds(0)), ElementsAre(kCommittedButUnprepared));
}

TEST_F(ExamineRowTest, WhatWasAcknowledgedAndPrunedIsNoFindingIfItsRecordsAreThere) {
  Forget(contact_part_);
  EXPECT_THAT(Examine(), ElementsAre(kAcknowledgedButUnknown));
  watermark_us_ = kDecided_us;
  EXPECT_THAT(Examine(), IsEmpty());
  contact_.Clear();
  EXPECT_THAT(Examine(), ElementsAre(kAcknowledgedButUnknown));
  Forget(lead_part_);
  lead_.set_state("STATE_OPEN");
  EXPECT_THAT(Examine(), ElementsAre(kAcknowledgedButUnknown, kAcknowledgedButUnknown));
}

TEST_F(ExamineRowTest, WhatWasAbortedIsNowhereFinal) {
  row_.set_state(Qualification::ABORTED);
  EXPECT_THAT(Examine(), ElementsAre(kAbortedButFinal, kAbortedButFinal));
  Forget(lead_part_);
  contact_part_.set_state(Participation::HELD);
  EXPECT_THAT(Examine(), ElementsAre(kAcknowledgedButHeld));
}

TEST_F(ExamineRowTest, ItsRecordsAreAsItSays) {
  lead_.set_state("STATE_OPEN");
  EXPECT_THAT(Examine(), ElementsAre(kLeadNotQualified));
  lead_.add_intents();
  EXPECT_THAT(Examine(), IsEmpty()) << "what is being changed is not judged";
  lead_.clear_intents();
  lead_.set_state("STATE_QUALIFIED");
  lead_.mutable_references(1)->set_name("contacts/01890000-0000-7000-8000-00000000000f");
  EXPECT_THAT(Examine(), ElementsAre(kReferencesDiffer));
  lead_.mutable_references(1)->set_name(kContact);
  contact_.clear_references();
  EXPECT_THAT(Examine(), ElementsAre(kNotNamedBack));
  row_.mutable_contact()->set_kind(RecordOutcome::ATTACHED);
  EXPECT_THAT(Examine(), IsEmpty());
  contact_.Clear();
  EXPECT_THAT(Examine(), ElementsAre(kRecordMissing));
}

TEST_F(ExamineRowTest, WhatWasTakenBackIsGoneOnceThatIsAcknowledged) {
  revert_.set_name("qualifications/01890000-0000-7000-8000-000000000004");
  revert_.set_exists(true);
  revert_.set_readable(true);
  row_.set_reverted_by(revert_.name());
  EXPECT_THAT(Examine(), IsEmpty());
  revert_.add_acknowledged(qualification::v1::LEAD);
  revert_.add_acknowledged(qualification::v1::CONTACT);
  EXPECT_THAT(Examine(), ElementsAre(kRevertedButThere, kRevertedButThere));
  lead_.set_state("STATE_OPEN");
  lead_.clear_references();
  contact_.Clear();
  EXPECT_THAT(Examine(), IsEmpty());
}

TEST_F(ExamineRowTest, WhatAServiceHasThatWasNotAskedIsFoundAtTheService) {
  const auto examine = [this](std::chrono::seconds later) {
    Facts facts;
    facts.PutTime(Service::kContact, kDecided_us + std::chrono::microseconds(later).count());
    facts.Put(row_);
    std::vector<Finding> found;
    ExamineParticipation(Service::kContact, contact_part_, facts, kGrace, found);
    std::vector<FindingKind> kinds;
    for (const Finding& finding : found) kinds.push_back(finding.kind);
    return kinds;
  };
  contact_part_.set_update_time_us(kDecided_us);
  contact_part_.set_state(Participation::HELD);
  row_.set_state(Qualification::ABORTED);
  EXPECT_THAT(examine(kGrace * 2), IsEmpty()) << "a participant's part is examined with the row";
  row_.clear_participants();
  row_.add_participants(qualification::v1::LEAD);
  EXPECT_THAT(examine(kGrace), IsEmpty()) << "it asks by itself";
  EXPECT_THAT(examine(kGrace * 2), ElementsAre(kDecisionNotApplied));
  contact_part_.set_state(Participation::FINAL);
  EXPECT_THAT(examine(kGrace), ElementsAre(kAbortedButFinal));
  row_.set_state(Qualification::COMMITTED);
  EXPECT_THAT(examine(kGrace), ElementsAre(kOtherAttemptFinal));
  row_.set_state(Qualification::PREPARING);
  EXPECT_THAT(examine(kGrace), ElementsAre(kUndecidedButFinal));
}

TEST(FindingTest, EveryKindHasANameAndARemedy) {
  for (int kind = 0; kind <= static_cast<int>(kDatabaseBehind); ++kind) {
    EXPECT_FALSE(FindingName(static_cast<FindingKind>(kind)).empty());
    EXPECT_FALSE(Remedy(static_cast<FindingKind>(kind)).empty());
  }
}

TEST(FindBehindTest, SeveralThatAreMissingTellWhichDatabaseIsOlder) {
  std::vector<Finding> findings;
  for (int i = 0; i < 3; ++i) {
    findings.push_back({.kind = kAcknowledgedButUnknown,
                        .service = Service::kContact,
                        .name = "qualifications/" + std::to_string(i),
                        .what = "",
                        .time_us = kDecided_us + i * 3'600'000'000LL});
    if (i < 2) {
      EXPECT_THAT(FindBehind(findings), IsEmpty());
    }
  }
  const auto behind = FindBehind(findings);
  ASSERT_THAT(behind, ::testing::SizeIs(1));
  EXPECT_EQ(behind[0].service, Service::kContact);
  EXPECT_THAT(behind[0].what, HasSubstr("qualifications: 3, from 2023-11-14T22:13:20Z to 2023-11-15T00:13:20Z (2 h)"));
  findings[0].repair = Finding::Repair::kDone;
  EXPECT_THAT(FindBehind(findings), IsEmpty());
}

TEST(ContradictionsTest, AreSummedUpByKind) {
  operations::v1::GetCountersResponse counters;
  auto& values = *counters.mutable_counters();
  values["database_reads_total"] = 5;
  values["contradictions_total{kind=\"b\"}"] = 2;
  values["contradictions_total{kind=\"a\"}"] = 1;
  values["contradictions_total{kind=\"never\"}"] = 0;
  EXPECT_EQ(ContradictionsIn(counters).total, 3);
  EXPECT_EQ(ContradictionsIn(counters).kinds, "a 1, b 2");
  EXPECT_EQ(ContradictionsIn({}).total, 0);
}

}  // namespace
}  // namespace quartet::cli

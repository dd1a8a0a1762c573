// Every state that the machine can reach, under every message that can come,
// late and repeated ones included.
#include <deque>
#include <map>
#include <set>

#include "common/resource/resource_name.h"
#include "tests/unit/qualification/rules_fixture.h"

namespace quartet::test {
namespace {

using namespace qualification::v1;
using qualification::Holder;
using qualification::Row;
using qualification::Step;

constexpr std::int64_t kNow_us = 1'700'000'000'000'000;
constexpr std::int64_t kAttemptsMax = 2;

// Something that can happen to a row.
struct Event {
  std::string name;
  std::function<Step(Row&)> happen;
  // What it says, where it is a reply.
  std::optional<Reply> reply;
  bool repeatable = true;  // hearing it twice in a row is hearing it once
};

// Rows that differ only in what no rule looks at are one.
std::string KeyOf(Row row) {
  for (auto* list : {row.stored.mutable_prepared(), row.stored.mutable_acknowledged()})
    std::sort(list->begin(), list->end());
  return row.stored.SerializeAsString() + "|" + row.waits_for + "|" + (row.redrive_time_us == 0 ? "over" : "");
}

std::vector<Event> EveryEvent(bool revert) {
  std::vector<Event> events;
  const auto hear = [&](std::string name, const Reply& reply, const Holder& holder, bool repeatable = true) {
    events.push_back({std::move(name), [=](Row& row) { return qualification::OnReply(row, reply, holder, kNow_us); },
                      reply, repeatable});
  };
  const Holder older{.create_time_us = kNow_us - 1, .decided = false};
  const Holder younger{.create_time_us = kNow_us + 1, .decided = false};
  for (std::int64_t attempt = 0; attempt <= kAttemptsMax; ++attempt) {
    Row row = NewQualification(1);
    row.qualification().set_attempt(attempt);
    const std::string suffix = " in attempt " + std::to_string(attempt);
    if (!revert) {
      hear("locked" + suffix, LockedReply(row, TestLead(1)), {});
    }
    for (const Participant from : {LEAD, ACCOUNT, CONTACT, OPPORTUNITY}) {
      const std::string who = Participant_Name(from) + suffix;
      if (revert || from != LEAD) hear("prepared by " + who, PreparedReply(row, from), {});
      hear("refused by " + who, RefusedReply(row, from, "NO"), {});
      if (!revert && from == LEAD) continue;
      hear("busy by older " + who, BusyReply(row, from, TestName("qualifications", 0)), older);
      hear("busy by younger " + who, BusyReply(row, from, TestName("qualifications", 2)), younger, false);
      hear("busy by another younger " + who, BusyReply(row, from, TestName("qualifications", 3)), younger, false);
      hear("busy by decided " + who, BusyReply(row, from, TestName("qualifications", 4)), Holder{}, false);
    }
  }
  for (const Participant from : {LEAD, ACCOUNT, CONTACT, OPPORTUNITY})
    hear("acknowledged by " + Participant_Name(from), AcknowledgedReply(NewQualification(1), from), {});
  const auto add = [&](std::string name, std::function<Step(Row&)> happen, bool repeatable) {
    events.push_back({std::move(name), std::move(happen), std::nullopt, repeatable});
  };
  add(
      "cancel", [](Row& row) { return qualification::Cancel(row, kNow_us); }, true);
  for (const bool decided : {false, true}) {
    add(
        "holder gone", [=](Row& row) { return qualification::OnHolderGone(row, decided, kNow_us); }, false);
    add(
        "redrive",
        [=](Row& row) {
          Step step = qualification::OnRedrive(row, decided, kNow_us);
          row.redrive_count = 0;
          return step;
        },
        false);
  }
  return events;
}

bool Contains(const google::protobuf::RepeatedField<int>& list, Participant participant) {
  return std::find(list.begin(), list.end(), participant) != list.end();
}

// What must hold of one step, whatever it is.
void CheckStep(const Row& before, const Event& event, const Row& after, const Step& step) {
  SCOPED_TRACE(event.name + " in " + before.stored.ShortDebugString());
  if (before.decided()) {
    // A decision never changes.
    Row masked = after;
    *masked.stored.mutable_acknowledged() = before.stored.acknowledged();
    EXPECT_EQ(masked.stored.SerializeAsString(), before.stored.SerializeAsString());
  }
  if (!step.changed) {
    EXPECT_EQ(KeyOf(after), KeyOf(before)) << "a change that is not written";
  }
  EXPECT_LE(step.sends.size(), 4u);
  std::set<Participant> told;
  for (const qualification::Send& send : step.sends) {
    EXPECT_TRUE(told.insert(send.to).second) << "told twice";
    EXPECT_TRUE(Contains(after.stored.participants(), send.to));
    if (send.command.has_prepare()) {
      EXPECT_FALSE(after.decided());
      EXPECT_FALSE(Contains(after.stored.prepared(), send.to));
      EXPECT_EQ(send.command.prepare().attempt(), after.qualification().attempt());
      EXPECT_EQ(send.to == LEAD && after.qualification().kind() == Qualification::QUALIFY,
                after.state() == Qualification::STARTED);
    }
    if (send.command.has_release()) {
      EXPECT_LT(send.command.release().attempt(), after.qualification().attempt());
    }
    if (send.command.has_decisions()) {
      EXPECT_TRUE(after.decided());
      EXPECT_FALSE(Contains(before.stored.acknowledged(), send.to));
    }
  }
  // Whoever is counted has just said so, of this attempt.
  for (const int counted : after.stored.prepared()) {
    const auto participant = static_cast<Participant>(counted);
    if (Contains(before.stored.prepared(), participant)) {
      EXPECT_EQ(before.qualification().attempt(), after.qualification().attempt());
      continue;
    }
    ASSERT_TRUE(event.reply && event.reply->has_prepared());
    EXPECT_EQ(event.reply->participant(), participant);
    EXPECT_EQ(event.reply->attempt(), after.qualification().attempt());
    EXPECT_EQ(before.state(), Qualification::PREPARING);
  }
  if (after.state() == Qualification::COMMITTED) {
    for (const int participant : after.stored.participants()) {
      const bool locked = participant == LEAD && after.qualification().kind() == Qualification::QUALIFY;
      EXPECT_TRUE(locked || Contains(after.stored.prepared(), static_cast<Participant>(participant)));
    }
  }
  if (after.state() == Qualification::ABORTED && !before.decided()) {
    EXPECT_TRUE(event.name == "cancel" || (event.reply && event.reply->has_refused()));
  }
  EXPECT_TRUE(after.waits_for.empty() || !after.decided());
  EXPECT_TRUE(after.state() != Qualification::PARKED || !after.waits_for.empty());
  EXPECT_GE(after.qualification().attempt(), before.qualification().attempt());
  if (!event.repeatable) return;
  Row again = after;
  const Step repeated = event.happen(again);
  EXPECT_FALSE(repeated.changed);
  EXPECT_TRUE(repeated.sends.empty());
}

// Answers what a redrive asks for until the row is decided.
void CheckEnds(Row row) {
  for (int round = 0; round < 3 && !row.decided(); ++round) {
    Step step = qualification::OnRedrive(row, /*holder_decided=*/true, kNow_us);
    while (!step.sends.empty() && !row.decided()) {
      Step next;
      for (const qualification::Send& send : step.sends) {
        const bool lock = send.command.prepare().has_lead();
        next = qualification::OnReply(row, lock ? LockedReply(row, TestLead(1)) : PreparedReply(row, send.to), {},
                                      kNow_us);
      }
      step = std::move(next);
    }
  }
  EXPECT_EQ(row.state(), Qualification::COMMITTED) << row.stored.ShortDebugString();
}

void ExploreFrom(const Row& first, std::size_t states_expected) {
  const auto events = EveryEvent(first.qualification().kind() == Qualification::REVERT);
  std::set<std::string> seen = {KeyOf(first)};
  std::deque<Row> queue = {first};
  while (!queue.empty()) {
    const Row before = std::move(queue.front());
    queue.pop_front();
    if (!before.decided()) CheckEnds(before);
    for (const Event& event : events) {
      Row after = before;
      const Step step = event.happen(after);
      CheckStep(before, event, after, step);
      if (::testing::Test::HasFailure()) return;
      if (after.qualification().attempt() > kAttemptsMax) continue;
      if (seen.insert(KeyOf(after)).second) queue.push_back(std::move(after));
    }
  }
  EXPECT_GE(seen.size(), states_expected);
}

TEST(QualificationStates, EveryStepFromEveryStateKeepsTheRules) {
  Row row = NewQualification(1);
  qualification::StartQualify(row, kNow_us);
  ExploreFrom(row, 150);
}

TEST(QualificationStates, EveryStepOfARevertKeepsTheRules) {
  Row committed = NewQualification(1);
  qualification::StartQualify(committed, kNow_us);
  qualification::OnReply(committed, LockedReply(committed, TestLead(1)), {}, kNow_us);
  for (const Participant from : {ACCOUNT, CONTACT, OPPORTUNITY})
    qualification::OnReply(committed, PreparedReply(committed, from), {}, kNow_us);
  Row row = NewRevert(1, committed);
  qualification::StartRevert(row, committed, kNow_us);
  ExploreFrom(row, 150);
}

}  // namespace
}  // namespace quartet::test

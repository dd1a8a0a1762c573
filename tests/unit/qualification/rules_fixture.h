#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/qualification_messages.h"

namespace quartet::test {

// One qualification, taken through the machine step by step.
class QualificationRules : public ::testing::Test {
 protected:
  using Row = qualification::Row;
  using Step = qualification::Step;
  using Holder = qualification::Holder;
  using Qualification = qualification::v1::Qualification;
  using Participant = qualification::v1::Participant;
  using Reply = qualification::v1::Reply;
  using Lines = std::vector<std::string>;

  static constexpr std::int64_t kBegin_us = 1'700'000'000'000'000;
  static constexpr Participant kThree[] = {qualification::v1::ACCOUNT, qualification::v1::CONTACT,
                                           qualification::v1::OPPORTUNITY};

  // Older and younger than the row that the tests start.
  static Holder Older() { return {.create_time_us = kBegin_us - 1, .decided = false}; }
  static Holder Younger() { return {.create_time_us = kBegin_us + 1, .decided = false}; }
  static Holder Decided() { return {.create_time_us = kBegin_us - 1, .decided = true}; }

  Step Start() { return Done(qualification::StartQualify(row_, now_us_)); }
  Step Hear(const Reply& reply, const Holder& holder = Decided()) {
    return Done(qualification::OnReply(row_, reply, holder, now_us_));
  }
  Step HolderGone(bool decided) { return Done(qualification::OnHolderGone(row_, decided, now_us_)); }
  Step Redrive(bool holder_decided = false) { return Done(qualification::OnRedrive(row_, holder_decided, now_us_)); }
  Step Cancel() { return Done(qualification::Cancel(row_, now_us_)); }

  // Up to PREPARING, COMMITTED, or PARKED on an older holder.
  void StartAndLock() {
    Start();
    Hear(LockedReply(row_, TestLead(1)));
  }
  void PrepareAll() {
    for (const Participant participant : kThree) Hear(PreparedReply(row_, participant));
  }
  void Park() { Hear(BusyReply(row_, qualification::v1::ACCOUNT, TestName("qualifications", 0)), Older()); }

  Qualification::State state() const { return row_.state(); }
  std::int64_t attempt() const { return row_.qualification().attempt(); }

  Row row_ = NewQualification(1);
  std::int64_t now_us_ = kBegin_us;

 private:
  // Time passes after each step, so that a time that should not have changed shows.
  Step Done(Step step) {
    now_us_ += 1'000;
    return step;
  }
};

}  // namespace quartet::test

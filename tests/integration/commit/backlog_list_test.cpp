// With thousands of qualifications that wait, a list asks about those that can matter
// for its page and no others.
#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kWaiting = 300;

class BacklogListTest : public ParticipantTest {
 protected:
  // Leads, all of them locked, and contacts that are being opened from them.
  BacklogListTest() {
    std::vector<Command> locks;
    std::vector<Command> prepares;
    for (int i = 1; i <= kWaiting; ++i) {
      clock_.Advance(1'000'000);
      leads_created_.push_back(leads_.Create(TestLead(i)));
      CreateContact("john" + std::to_string(i) + "@example.com");
      decisions_.SetUndecided(i);
      locks.push_back(LockLead(i, leads_created_.back()));
      prepares.push_back(PrepareContact(i, TestLead(i)));
    }
    leads_.Handle(locks);
    contacts_.Handle(prepares);
    decisions_.asked = 0;
  }

  template <class Node>
  std::size_t AskedFor(Node& node, const std::string& filter, int page_size, bool descending = false) {
    decisions_.asked = 0;
    Require(node.ListFirst(filter, page_size, descending));
    return decisions_.asked;
  }

  std::vector<std::string> leads_created_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(BacklogListTest);

TEST_P(BacklogListTest, AListOfOneAsksAboutOne) {
  EXPECT_EQ(AskedFor(leads_, "", 1), 1u);
  EXPECT_EQ(AskedFor(leads_, "", 10), 10u);
  EXPECT_EQ(AskedFor(leads_, "email = \"jane7@example.com\"", 50), 1u);
  EXPECT_EQ(AskedFor(leads_, "email = \"nobody@example.com\"", 50), 0u);
  EXPECT_EQ(AskedFor(leads_, "state = OPEN", 5), 5u);
}

TEST_P(BacklogListTest, WhatWillBeOpenedMattersOnlyWhereItWouldStand) {
  EXPECT_EQ(AskedFor(contacts_, "email = \"jane7@example.com\"", 50), 1u);
  EXPECT_EQ(AskedFor(contacts_, "email = \"john7@example.com\"", 50), 0u);
}

TEST_P(BacklogListTest, ALockThatIsCommittedIsFoundWhereverItIs) {
  qualification::v1::Names names;
  names.set_lead(leads_created_[200]);
  decisions_.Commit(201, 0, names);

  const auto qualified = Require(leads_.PeekAll("state = QUALIFIED", 10));

  ASSERT_THAT(qualified, SizeIs(1));
  EXPECT_EQ(qualified[0].name(), leads_created_[200]);
  EXPECT_THAT(Require(leads_.PeekAll("state = OPEN", 7)), SizeIs(kWaiting - 1));
}

TEST_P(BacklogListTest, LargeRecordsMakeShortPagesAndNoneIsMissing) {
  for (int i = 0; i < 60; ++i) {
    lead::v1::Lead lead = TestLead(1'000 + i);
    lead.set_notes(std::string(200'000, 'x'));
    leads_.Create(lead);
  }
  const auto first = Require(leads_.ListFirst("company = \"Example\"", 1'000, true));
  EXPECT_THAT(first, ::testing::SizeIs(::testing::Lt(20)));
  EXPECT_THAT(first, ::testing::Not(IsEmpty()));

  EXPECT_THAT(Require(leads_.PeekAll("", 1'000)), SizeIs(kWaiting + 60));
}

}  // namespace
}  // namespace quartet::test

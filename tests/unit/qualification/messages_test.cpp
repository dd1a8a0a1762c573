#include <string>

#include <gtest/gtest.h>

#include "services/qualification/qualification_messages.h"
#include "tests/unit/qualification/rules_fixture.h"

namespace quartet::test {
namespace {

using qualification::v1::ACCOUNT;

class QualificationMessages : public QualificationRules {
 protected:
  // Those to the account service are partitioned by `company`, the others by the qualification.
  void ExpectKeys(const Row& row, const Step& step, const std::string& company) {
    EXPECT_FALSE(step.sends.empty());
    for (const qualification::Send& send : step.sends) {
      const events::Message message = CommandMessage(row, send);
      EXPECT_EQ(message.subject, row.qualification().name());
      EXPECT_EQ(message.key(), send.to == ACCOUNT ? company : message.subject);
    }
  }
};

TEST_F(QualificationMessages, OfOneCompanyGoToOneReplicaOfTheAccountServiceUntilAllIsOver) {
  lead::v1::Lead lead = TestLead(1);
  lead.set_website("https://example.com");
  ExpectKeys(row_, Start(), "not asked yet");
  ExpectKeys(row_, Hear(LockedReply(row_, lead)), "example.com");
  ExpectKeys(row_, Redrive(), "example.com");
  Hear(PreparedReply(row_, ACCOUNT));
  Hear(PreparedReply(row_, qualification::v1::CONTACT));
  ExpectKeys(row_, Hear(PreparedReply(row_, qualification::v1::OPPORTUNITY)), "example.com");
  ASSERT_EQ(state(), Qualification::COMMITTED);

  Row revert = NewRevert(2, row_);
  ExpectKeys(revert, qualification::StartRevert(revert, row_, now_us_), "example.com");
}

TEST_F(QualificationMessages, OfOneThatMakesWayGoTheSameWay) {
  lead::v1::Lead lead = TestLead(1);
  lead.set_website("https://example.com");
  Start();
  Hear(LockedReply(row_, lead));
  ExpectKeys(row_, Hear(BusyReply(row_, ACCOUNT, TestName("qualifications", 0)), Older()), "example.com");
  ASSERT_EQ(state(), Qualification::PARKED);
}

}  // namespace
}  // namespace quartet::test

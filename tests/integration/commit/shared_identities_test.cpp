// Phone numbers and company names, which several records may have.
#include <gmock/gmock.h>

#include "common/methods/identity_backfill.h"
#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using identity::Kind;
using ::testing::SizeIs;

constexpr const char* kPhone = "+4989123456";
constexpr const char* kByPhone = "phone = \"+4989123456\"";

class SharedIdentities : public ParticipantTest {};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(SharedIdentities);

TEST_P(SharedIdentities, AFilterFindsEveryRecordThatHasOne) {
  CreateContact("a@example.com", kPhone);
  CreateContact("b@example.com", kPhone);
  CreateAccount("Example GmbH");
  CreateAccount("Example Inc.");

  EXPECT_THAT(Require(contacts_.List(kByPhone)), SizeIs(2));
  EXPECT_THAT(Require(accounts_.List("company = \"Example\"")), SizeIs(2));
}

TEST_P(SharedIdentities, OneThatIsOpenedByAQualificationIsFoundBeforeAndAfterItIsFinal) {
  CreateContact("a@example.com", kPhone);
  lead::v1::Lead lead = TestLead(1);
  lead.add_phones()->set_number(kPhone);
  Options options;
  options.set_duplicate_policy(Options::OPEN_ANYWAY);
  decisions_.SetUndecided(1);
  contacts_.Handle({PrepareContact(1, lead, 0, options)});
  EXPECT_THAT(Require(contacts_.PeekAll(kByPhone)), SizeIs(1)) << "nothing is opened yet";

  const Decision decision = decisions_.Commit(1);
  EXPECT_THAT(Require(contacts_.PeekAll(kByPhone)), SizeIs(2));
  contacts_.Handle({Tell(decision)});

  EXPECT_THAT(Require(contacts_.PeekAll(kByPhone)), SizeIs(2));
}

TEST_P(SharedIdentities, LeadToTheOtherOnceTheFirstIsDeleted) {
  const std::string first = CreateContact("a@example.com", kPhone);
  const std::string second = CreateContact("b@example.com", kPhone);
  EXPECT_EQ(contacts_.Owner({Kind::kPhone, kPhone}), resource::IdOf(first));

  Require(contacts_.Delete(first));

  EXPECT_EQ(contacts_.Owner({Kind::kPhone, kPhone}), resource::IdOf(second));
  EXPECT_THAT(Require(contacts_.List(kByPhone)), SizeIs(1));
}

TEST_P(SharedIdentities, OfAnAbortedOpenAreNobodys) {
  const std::string first = CreateContact("a@example.com", kPhone);
  lead::v1::Lead lead = TestLead(1);
  lead.add_phones()->set_number(kPhone);
  Options options;
  options.set_duplicate_policy(Options::OPEN_ANYWAY);
  contacts_.Handle({PrepareContact(1, lead, 0, options)});

  contacts_.Handle({Tell(decisions_.Abort(1))});

  EXPECT_EQ(contacts_.Owners(), std::set<std::string>{resource::IdOf(first)});
}

TEST_P(SharedIdentities, AnEmailAddressStillHasOneOwner) {
  CreateContact("a@example.com");

  EXPECT_THROW(CreateContact("a@example.com"), std::runtime_error);
}

// What two replicas do at one moment: neither has seen the other's row.
TEST_P(SharedIdentities, TwoThatFirstClaimOneAtOnceCollide) {
  const auto claim = [&](const std::string& id) {
    return contacts_.database().Write([&](storage::Transaction& transaction) -> Status {
      return transaction.Run("INSERT INTO identity (value, kind, record_id, former, first) VALUES ($1, 2, $2, 0, 1)",
                             {kPhone, std::string_view(id)});
    });
  };
  EXPECT_TRUE(claim(TestUuid(1)).ok());

  const Status second = claim(TestUuid(2));

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "UNIQUE_VIOLATION");
}

TEST_P(SharedIdentities, AreMadeForRecordsFromBefore) {
  const std::string first = CreateContact("a@example.com", kPhone);
  const std::string second = CreateContact("b@example.com", kPhone);
  const std::string deleted = CreateContact("c@example.com", kPhone);
  Require(contacts_.Delete(deleted));
  // As it was when the second one got no row.
  Require(contacts_.database().Write([&](storage::Transaction& transaction) -> Status {
    return transaction.Run("DELETE FROM identity WHERE kind = 2 AND record_id = $1",
                           {std::string_view(second).substr(std::string_view("contacts/").size())});
  }));
  ASSERT_THAT(Require(contacts_.List(kByPhone)), SizeIs(1));
  const resource::RecordRepository records(contact::ContactTraits::kSchema);
  const commit::IntentRepository intents("contact");
  clock_.Advance(1);
  methods::IdentityBackfill backfill(contacts_.database(), records, intents,
                                     &methods::TypedRecord<contact::ContactTraits>::IdentitiesOf, clock_);

  EXPECT_TRUE(Require(backfill.Step()));
  EXPECT_FALSE(Require(backfill.Step())) << "all are seen to";

  EXPECT_THAT(Require(contacts_.List(kByPhone)), SizeIs(2));
  EXPECT_EQ(contacts_.Owners(), (std::set<std::string>{resource::IdOf(first), resource::IdOf(second)}));
}

}  // namespace
}  // namespace quartet::test

// What is stored in a form that cannot be read is DATA_LOSS for that record: it ends no
// process, harms no other record, and is not left out without a word.
#include <gmock/gmock.h>

#include "common/methods/standard_methods.h"
#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class UnreadableTest : public ParticipantTest {
 protected:
  UnreadableTest() {
    good_ = CreateContact("jane1@example.com");
    bad_ = CreateContact("john@example.com");
    Damage("UPDATE contact SET body = $2 WHERE id = $1", resource::IdOf(bad_));
  }

  void Damage(const std::string& sql, const std::string& id) {
    Require(contacts_.database().Write([&](storage::Transaction& transaction) {
      return transaction.Run(sql, {std::string_view(id), storage::Blob{"\x0a\xff not a message"}});
    }));
  }

  static void ExpectDataLoss(const Error& error, const std::string& record) {
    EXPECT_EQ(error.code, Code::kDataLoss) << ToString(error);
    EXPECT_EQ(error.reason, "UNREADABLE_DATA");
    EXPECT_THAT(error.message, HasSubstr(record));
  }

  using Methods = methods::StandardMethods<contact::ContactTraits>;
  Methods methods_{contacts_.store(), clock_, ids_, [](const std::function<void()>& task) {
                     task();
                     return true;
                   }};
  std::string good_;
  std::string bad_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(UnreadableTest);

TEST_P(UnreadableTest, OnlyItIsDataLoss) {
  std::string out;
  const auto got = methods_.Get(bad_, /*may_wait=*/true, out);

  ASSERT_TRUE(got.has_value());
  ASSERT_FALSE(got->ok());
  ExpectDataLoss(got->error(), bad_);
  EXPECT_TRUE(methods_.Get(good_, true, out)->ok());
}

TEST_P(UnreadableTest, AListNamesItAndShowsTheOthers) {
  Methods::List contacts;
  Methods::Names unreachable;
  std::string next;

  Require(methods_.ListPage({.collection = "contacts"}, &contacts, &next, &unreachable));

  ASSERT_THAT(contacts, SizeIs(1));
  EXPECT_EQ(contacts.Get(0).name(), good_);
  EXPECT_THAT(unreachable, ElementsAre(bad_));
}

TEST_P(UnreadableTest, AChangeOfItIsRefused) {
  const Status changed = contacts_.Change(bad_, [](contact::v1::Contact& c) { c.set_title("CTO"); });

  ASSERT_FALSE(changed.ok());
  ExpectDataLoss(changed.error(), bad_);
}

TEST_P(UnreadableTest, ALeadThatIsLockedAlreadyIsRefusedRatherThanLeftWaiting) {
  const std::string lead = leads_.Create(TestLead(1));
  decisions_.SetUndecided(1);
  leads_.Handle({LockLead(1, lead)});
  EXPECT_EQ(leads_.Handle({LockLead(1, lead)}).at(0).prepared().lead().name(), lead)
      << "what is said again is the same";
  Require(leads_.database().Write([&](storage::Transaction& transaction) {
    return transaction.Run("UPDATE lead SET body = $2 WHERE id = $1",
                           {std::string_view(resource::IdOf(lead)), storage::Blob{"\x0a\xff not a message"}});
  }));

  const auto again = leads_.Handle({LockLead(1, lead)});

  ASSERT_THAT(again, SizeIs(1));
  ASSERT_TRUE(again[0].has_refused()) << again[0].ShortDebugString();
  EXPECT_EQ(ReasonOf(again[0]), "UNREADABLE_DATA");
}

TEST_P(UnreadableTest, AQualificationThatNeedsItIsRefusedRatherThanLeftWaiting) {
  lead::v1::Lead lead = TestLead(1);
  lead.clear_emails();
  lead.add_emails()->set_address("john@example.com");

  const Reply reply = contacts_.Handle({PrepareContact(1, lead)}).back();

  EXPECT_EQ(ReasonOf(reply), "UNREADABLE_DATA");
}

TEST_P(UnreadableTest, AnIntentThatCannotBeReadHidesNothingElse) {
  decisions_.SetUndecided(1);
  const std::string opened = RecordOf(contacts_.Handle({PrepareContact(1, TestLead(7))}).back()).name();
  Damage("UPDATE intent SET proposal = $2 WHERE record_id = $1", resource::IdOf(opened));
  decisions_.Commit(1);
  Methods::List contacts;
  Methods::Names unreachable;
  std::string next;
  std::string out;

  Require(methods_.ListPage({.collection = "contacts"}, &contacts, &next, &unreachable));

  EXPECT_THAT(contacts, SizeIs(1));
  EXPECT_THAT(unreachable, ::testing::UnorderedElementsAre(bad_, opened));
  ExpectDataLoss(methods_.Get(opened, true, out)->error(), opened);
}

}  // namespace
}  // namespace quartet::test

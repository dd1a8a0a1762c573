// Lists of qualifications that do not move, and of what cannot be read.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "common/base/limits.h"
#include "common/resource/page_request.h"
#include "common/resource/resource_name.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

using qualification::v1::Qualification;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kSecond_us = 1'000'000;

class Stuck : public EveryDatabase {
 protected:
  std::string Begin() {
    clock_.Advance(1'000);
    return orchestrator_.Begin("leads/" + ids_.NewUuid(), {}, "");
  }
  void PassTime(std::int64_t seconds) {
    clock_.Advance(seconds * kSecond_us);
    (void)orchestrator_.coordinator().Redrive();
  }
  void Finish(const std::string& id) {
    ASSERT_TRUE(orchestrator_.coordinator().Cancel(id).ok());
    Acknowledge(id);
  }
  // Everybody says that it is over there.
  void Acknowledge(const std::string& id) {
    std::vector<events::Delivery> deliveries;
    for (const auto participant : {qualification::v1::LEAD, qualification::v1::ACCOUNT, qualification::v1::CONTACT,
                                   qualification::v1::OPPORTUNITY}) {
      qualification::v1::Reply reply;
      reply.set_participant(participant);
      reply.mutable_acknowledged()->add_qualifications(resource::NameOf("qualifications", id));
      deliveries.emplace_back().message.data = reply.SerializeAsString();
    }
    for (const Status& status : orchestrator_.Handle(deliveries)) ASSERT_TRUE(status.ok());
    ASSERT_TRUE(orchestrator_.coordinator().FlushPending().ok());
  }
  void Damage(const std::string& id, std::string_view body) {
    ASSERT_TRUE(orchestrator_.database()
                    .Write([&](storage::Transaction& transaction) {
                      return transaction.Run("UPDATE qualification SET body = $2 WHERE id = $1",
                                             {std::string_view(id), storage::Blob{body}});
                    })
                    .ok());
  }
  // All pages of so many.
  std::vector<Qualification> List(bool stuck, std::int32_t page_size = 0) {
    std::vector<Qualification> all;
    std::string token;
    pages_.clear();
    do {
      const auto page = resource::PageRequest::Parse(
          {.collection = "qualifications", .page_size = page_size, .page_token = token}, {});
      EXPECT_TRUE(page.ok());
      EXPECT_TRUE(orchestrator_.database()
                      .Read([&](storage::Transaction& transaction) -> Status {
                        token.clear();
                        const auto now = stuck ? std::optional(clock_.NowMicros()) : std::nullopt;
                        QUARTET_ASSIGN_OR_RETURN(auto found, repository_.List(transaction, *page, now, token));
                        std::size_t bytes = 0;
                        for (auto& one : found) {
                          bytes += one.ByteSizeLong();
                          all.push_back(std::move(one));
                        }
                        pages_.push_back(bytes);
                        return {};
                      })
                      .ok());
    } while (!token.empty());
    return all;
  }
  std::vector<std::string> StuckIds(std::int32_t page_size = 0) {
    std::vector<std::string> ids;
    for (const auto& one : List(/*stuck=*/true, page_size)) ids.push_back(resource::IdOf(one.name()));
    return ids;
  }

  ManualClock clock_;
  UuidV7Source ids_{clock_, 1};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  OrchestratorNode orchestrator_{*backend_, clock_, ids_};
  const qualification::QualificationRepository repository_{};
  std::vector<std::size_t> pages_;  // bytes of each that was listed last
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Stuck);

TEST_P(Stuck, WhatWasAskedForThreeTimesInVainIsListedOldestFirst) {
  const std::string first = Begin();
  const std::string second = Begin();
  PassTime(1);
  PassTime(2);
  EXPECT_THAT(StuckIds(), IsEmpty());
  PassTime(4);
  EXPECT_THAT(StuckIds(), ElementsAre(first, second));
  EXPECT_THAT(StuckIds(/*page_size=*/1), ElementsAre(first, second));
  const auto listed = List(/*stuck=*/true);
  EXPECT_EQ(listed.at(0).tries(), 3);
  EXPECT_THAT(listed.at(0).awaiting(), ElementsAre(qualification::v1::LEAD));
}

TEST_P(Stuck, WhatIsOldIsListedAlsoIfNobodyDrivesIt) {
  const std::string id = Begin();
  clock_.Advance(30 * kSecond_us);
  EXPECT_THAT(StuckIds(), IsEmpty());
  clock_.Advance(1);
  EXPECT_THAT(StuckIds(), ElementsAre(id));
}

TEST_P(Stuck, WhatIsDecidedIsListedUntilAllHaveAcknowledged) {
  const std::string open = Begin();
  const std::string over = Begin();
  ASSERT_TRUE(orchestrator_.coordinator().Cancel(open).ok());
  Finish(over);
  clock_.Advance(31 * kSecond_us);
  EXPECT_THAT(StuckIds(), ElementsAre(open));
  Acknowledge(open);
  EXPECT_THAT(StuckIds(), IsEmpty());
}

TEST_P(Stuck, WhatCannotBeReadIsListedAndSaysSo) {
  const std::string first = Begin();
  const std::string damaged = Begin();
  const std::string empty = Begin();
  const std::string last = Begin();
  Damage(damaged, "\xff");
  Damage(empty, "");
  for (const bool stuck : {false, true}) {
    if (stuck) clock_.Advance(31 * kSecond_us);
    const auto listed = List(stuck, /*page_size=*/1);
    ASSERT_EQ(listed.size(), 4u);
    EXPECT_FALSE(listed[0].has_last_error());
    for (const auto& [position, id] : {std::pair(1, damaged), std::pair(2, empty)}) {
      EXPECT_EQ(listed[position].name(), resource::NameOf("qualifications", id));
      EXPECT_EQ(listed[position].state(), Qualification::STARTED);
      EXPECT_EQ(listed[position].last_error().code(), static_cast<int>(Code::kDataLoss));
    }
    EXPECT_EQ(listed[3].name(), resource::NameOf("qualifications", last));
  }
  const auto read = orchestrator_.coordinator().Read(damaged);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kDataLoss);
  EXPECT_EQ(read.error().reason, "QUALIFICATION_UNREADABLE");
}

TEST_P(Stuck, LargeOnesMakeShortPages) {
  qualification::v1::QualifyOptions options;
  for (int i = 0; i < 5; ++i) {
    std::string& name = *options.add_opportunities()->mutable_display_name();
    for (int c = 0; c < 500; ++c) name += "\U0001F600";
  }
  std::vector<std::string> begun;
  for (int i = 0; i < 350; ++i) {
    clock_.Advance(1'000);
    begun.push_back(orchestrator_.Begin("leads/" + ids_.NewUuid(), options, ""));
  }
  clock_.Advance(31 * kSecond_us);
  for (const bool stuck : {false, true}) {
    std::vector<std::string> listed;
    for (const auto& one : List(stuck, /*page_size=*/1'000)) listed.push_back(resource::IdOf(one.name()));
    EXPECT_EQ(listed, begun);
    ASSERT_EQ(pages_.size(), 2u);
    EXPECT_LE(pages_[0], limits::kPageBytesMax);
    EXPECT_GT(pages_[0] + 20'000, limits::kPageBytesMax);
  }
}

}  // namespace
}  // namespace quartet::test

#include "common/events/outbox/write_items.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/events/memory_bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"

namespace quartet::test {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class WriteItems : public EveryDatabase {
 protected:
  // Each item is a fact of its number, and a message about it; 13 fails.
  events::ItemWork Facts(std::size_t count) {
    return {.count = count,
            .run = [this](std::size_t item, storage::Transaction& transaction,
                          std::vector<events::Message>& messages) -> Status {
              const std::string id = std::to_string(item);
              QUARTET_RETURN_IF_ERROR(transaction.Run("INSERT INTO fact (id) VALUES ($1)", {std::string_view(id)}));
              messages.push_back(EventService::MakeMessage("lead.commands", id));
              ++runs_;
              return item == 13 ? Status(Internal("thirteen")) : Status();
            }};
  }
  static std::vector<bool> Succeeded(const std::vector<Status>& statuses) {
    std::vector<bool> succeeded;
    for (const Status& status : statuses) succeeded.push_back(status.ok());
    return succeeded;
  }

  ManualClock clock_;
  events::MemoryBus bus_{clock_, 1};
  EventService service_{bus_, clock_, GetParam()};
  int runs_ = 0;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(WriteItems);

TEST_P(WriteItems, AllShareOneOperation) {
  EXPECT_THAT(Succeeded(events::WriteItems(service_.outbox(), Facts(10))), Each(true));
  EXPECT_EQ(service_.Count("fact"), 10);
  EXPECT_EQ(service_.Count("outbox"), 1);
  EXPECT_EQ(runs_, 10);
}

TEST_P(WriteItems, OneThatFailsHoldsUpNoOther) {
  const auto succeeded = Succeeded(events::WriteItems(service_.outbox(), Facts(20)));
  ASSERT_THAT(succeeded, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(succeeded[i], i != 13);
  EXPECT_EQ(service_.Count("fact"), 19);
}

TEST_P(WriteItems, AnOperationHasSoManyItemsAtMost) {
  EXPECT_THAT(Succeeded(events::WriteItems(service_.outbox(), Facts(10), nullptr, {.items_max = 4})), Each(true));
  EXPECT_EQ(service_.Count("fact"), 10);
  EXPECT_EQ(service_.Count("outbox"), 3);
}

TEST_P(WriteItems, AnOperationHasSoManyBytesAtMostAndALargeItemGoesAlone) {
  auto work = Facts(5);
  const std::vector<std::size_t> bytes = {40, 60, 500, 50, 51};
  work.bytes_of = [&](std::size_t item) { return bytes.at(item); };
  EXPECT_THAT(Succeeded(events::WriteItems(service_.outbox(), work, nullptr, {.bytes_max = 100})), Each(true));
  EXPECT_EQ(service_.Count("fact"), 5);
  EXPECT_EQ(service_.Count("outbox"), 4) << "0 and 1; 2; 3; 4";
}

TEST_P(WriteItems, OnlyItsOwnOperationIsRepeated) {
  EXPECT_THAT(Succeeded(events::WriteItems(service_.outbox(), Facts(12), nullptr, {.items_max = 10})), Each(true));
  EXPECT_THAT(Succeeded(events::WriteItems(service_.outbox(), Facts(0))), ElementsAre());
  EXPECT_EQ(runs_, 12);
}

TEST_P(WriteItems, WhatIsReadIsAnnouncedForAllOfAnOperationWhereThatHelps) {
  auto work = Facts(10);
  std::vector<std::size_t> announced;
  work.expect = [&](std::span<const std::size_t> items, storage::Transaction&) {
    announced.push_back(items.size());
    return Status();
  };
  EXPECT_THAT(Succeeded(events::WriteItems(service_.outbox(), work, nullptr, {.items_max = 6})), Each(true));
  if (GetParam().name == "Postgres") {
    EXPECT_THAT(announced, ElementsAre(6, 4));
  } else {
    EXPECT_THAT(announced, ElementsAre());
  }
}

TEST_P(WriteItems, NothingIsRepeatedWhereTheDatabaseIsClosed) {
  service_.database().Close();
  const auto statuses = events::WriteItems(service_.outbox(), Facts(10));
  for (const Status& status : statuses) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().reason, "DATABASE_CLOSED");
  }
  EXPECT_EQ(runs_, 0);
}

}  // namespace
}  // namespace quartet::test

#include "common/events/redis/read_size.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace quartet::events {
namespace {

std::vector<Delivery> Deliveries(int count, std::size_t bytes) {
  std::vector<Delivery> deliveries(static_cast<std::size_t>(count));
  for (Delivery& delivery : deliveries) delivery.message.data = std::string(bytes, 'x');
  return deliveries;
}

TEST(ReadSize, GrowsWhileReadsComeBackFull) {
  ReadSize size;
  const int first = size.CountOf(512);
  EXPECT_LT(first, 512);
  size.Came(first, Deliveries(first - 1, 100));
  EXPECT_EQ(size.CountOf(512), first) << "there was no more";
  for (int i = 0; i < 5; ++i) size.Came(size.CountOf(512), Deliveries(size.CountOf(512), 100));
  EXPECT_EQ(size.CountOf(512), 512);
  EXPECT_EQ(size.CountOf(1), 1);
  EXPECT_EQ(size.CountOf(0), 1);
}

TEST(ReadSize, LargeMessagesAreAskedForInPiecesOfABatch) {
  ReadSize size;
  for (int i = 0; i < 5; ++i) size.Came(size.CountOf(512), Deliveries(size.CountOf(512), 100));
  constexpr std::size_t kLarge = limits::kMessageBatchBytesMax / 4;
  size.Came(64, Deliveries(8, kLarge));
  EXPECT_EQ(size.CountOf(512), 4);
  size.Came(4, Deliveries(4, kLarge));
  EXPECT_EQ(size.CountOf(512), 4) << "it fits, and no more would";
  size.Came(4, Deliveries(2, limits::kMessageBatchBytesMax));
  EXPECT_EQ(size.CountOf(512), 1) << "one must come in any case";
  size.Came(1, Deliveries(1, 100));
  EXPECT_EQ(size.CountOf(512), 2) << "small ones are read in larger pieces again";
}

}  // namespace
}  // namespace quartet::events

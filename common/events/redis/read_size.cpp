#include "common/events/redis/read_size.h"

#include <algorithm>

#include "common/base/limits.h"

namespace quartet::events {
namespace {

// No read asks for more.
constexpr int kCountMax = 1 << 16;

}  // namespace

int ReadSize::CountOf(int max) const {
  return std::clamp(max, 1, count_);
}

void ReadSize::Came(int asked, std::span<const Delivery> deliveries) {
  if (deliveries.empty()) return;
  std::size_t bytes = 0;
  for (const Delivery& delivery : deliveries) bytes += delivery.message.size_bytes();
  if (bytes > limits::kMessageBatchBytesMax) {
    const std::size_t mean = bytes / deliveries.size();
    count_ = std::clamp(static_cast<int>(limits::kMessageBatchBytesMax / mean), 1, kCountMax);
  } else if (std::ssize(deliveries) >= asked && bytes <= limits::kMessageBatchBytesMax / 2) {
    count_ = std::min(2 * count_, kCountMax);
  }
}

}  // namespace quartet::events

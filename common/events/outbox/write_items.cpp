#include "common/events/outbox/write_items.h"

#include <algorithm>
#include <latch>
#include <numeric>
#include <utility>

namespace quartet::events {
namespace {

// How many of `items` share an operation, at least one.
std::size_t ShareOf(std::span<const std::size_t> items, const ItemWork& work, const ItemLimits& limits) {
  const std::size_t most = std::clamp<std::size_t>(limits.items_max, 1, items.size());
  if (!work.bytes_of) return most;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < most; ++i) {
    bytes += work.bytes_of(items[i]);
    if (i > 0 && bytes > limits.bytes_max) return i;
  }
  return most;
}

bool WasRefused(const Error& error) {
  return error.code == Code::kResourceExhausted || error.reason == "DATABASE_CLOSED";
}

Status RunAll(std::span<const std::size_t> items, const ItemWork& work, storage::Transaction& transaction,
              std::vector<Message>& messages) {
  if (work.expect && transaction.IsRemote()) QUARTET_RETURN_IF_ERROR(work.expect(items, transaction));
  for (const std::size_t item : items) QUARTET_RETURN_IF_ERROR(work.run(item, transaction, messages));
  return {};
}

void RunEach(Outbox& outbox, std::span<const std::size_t> items, const ItemWork& work, std::vector<Status>& statuses) {
  std::latch finished(std::ssize(items));
  for (const std::size_t item : items) {
    outbox.Enqueue([&work, item](storage::Transaction& transaction,
                                 std::vector<Message>& messages) { return work.run(item, transaction, messages); },
                   [&status = statuses[item], &finished](Status result) {
                     status = std::move(result);
                     finished.count_down();
                   });
  }
  finished.wait();
}

}  // namespace

std::vector<Status> WriteItems(Outbox& outbox, const ItemWork& work, std::vector<Message>* replies,
                               const ItemLimits& limits) {
  std::vector<Status> statuses(work.count);
  std::vector<std::size_t> all(work.count);
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::span<const std::size_t> left = all; !left.empty();) {
    const auto items = left.first(ShareOf(left, work, limits));
    left = left.subspan(items.size());
    Status together =
        outbox.Write([&](storage::Transaction& transaction,
                         std::vector<Message>& messages) { return RunAll(items, work, transaction, messages); },
                     replies);
    for (const std::size_t item : items) statuses[item] = together;
    // A lonely one has run by itself already; and what was refused before it ran is no item's fault.
    if (!together.ok() && items.size() > 1 && !WasRefused(together.error())) RunEach(outbox, items, work, statuses);
  }
  return statuses;
}

}  // namespace quartet::events

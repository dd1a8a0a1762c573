#include "common/storage/database.h"

#include <utility>

#include "common/storage/completion.h"

namespace quartet::storage {

std::size_t SizeOf(std::span<const Param> params) {
  std::size_t size = 0;
  for (const Param& param : params) {
    size += sizeof(std::int64_t);
    if (const auto* text = std::get_if<std::string_view>(&param)) size += text->size();
    if (const auto* blob = std::get_if<Blob>(&param)) size += blob->bytes.size();
  }
  return size;
}

void Database::Perform(WriteOperation operation) {
  Completion completion;
  completion.Follow(operation);
  Enqueue(std::move(operation));
  completion.Wait();
}

Status Database::Write(std::function<Status(Transaction&)> run) {
  Status result;
  Perform({.run = std::move(run), .done = [&result](Status status) { result = std::move(status); }});
  return result;
}

}  // namespace quartet::storage

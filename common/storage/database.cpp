#include "common/storage/database.h"

#include <utility>

#include "common/storage/completion.h"

namespace quartet::storage {

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

#pragma once

#include <functional>

#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::storage {

// What `run` gives; INTERNAL if it throws.
Status RunCatching(const std::function<Status(Transaction&)>& run, Transaction& transaction);

// RESOURCE_EXHAUSTED RESULT_TOO_LARGE.
Error ResultTooLarge();
// DATA_LOSS ROW_UNREADABLE.
Error RowUnreadable();

}  // namespace quartet::storage

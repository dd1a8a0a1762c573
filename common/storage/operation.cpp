#include "common/storage/operation.h"

#include <exception>
#include <string>

namespace quartet::storage {

Status RunCatching(const std::function<Status(Transaction&)>& run, Transaction& transaction) {
  try {
    return run(transaction);
  } catch (const std::exception& exception) {
    return Internal(std::string("a database operation threw: ") + exception.what());
  } catch (...) {
    return Internal("a database operation threw");
  }
}

Error ResultTooLarge() {
  return Error{.code = Code::kResourceExhausted,
               .reason = "RESULT_TOO_LARGE",
               .message = "a query of the database gives more than may be held at once"};
}

Error RowUnreadable() {
  return Error{
      .code = Code::kDataLoss, .reason = "ROW_UNREADABLE", .message = "the database holds a value of the wrong type"};
}

}  // namespace quartet::storage

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

}  // namespace quartet::storage

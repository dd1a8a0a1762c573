#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace quartet::resource {

// Everything that is wrong with a request, collected so that the caller hears of all of it at once.
class Violations {
 public:
  // `field` is a path in the request ("emails[0].address"), `description` says what is wrong or what would be right.
  void Add(std::string field, std::string description);

  // The violations of an error, or its message as one violation of `field` if it has none. Nothing for success.
  void AddError(std::string_view field, const Error& error);

  bool empty() const { return violations_.empty(); }
  const std::vector<FieldViolation>& all() const { return violations_; }

  // Success if there is none, otherwise INVALID_ARGUMENT INVALID_INPUT with all, in the order they were added.
  Status ToStatus() const;

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace quartet::resource

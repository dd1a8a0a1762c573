#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace quartet::resource {

// Where in a request a field is: "person", "address.locality", "emails[0].address", "tags[3]". The text is put together
// only where something is wrong, which is seldom. Holds views: for arguments, not to be kept.
class FieldPath {
 public:
  FieldPath(const char* field) : FieldPath(std::string_view(field)) {}         // NOLINT(google-explicit-constructor)
  FieldPath(const std::string& field) : FieldPath(std::string_view(field)) {}  // NOLINT(google-explicit-constructor)
  FieldPath(std::string_view field) : field_(field) {}                         // NOLINT(google-explicit-constructor)
  FieldPath(std::string_view field, std::string_view member) : field_(field), member_(member) {}
  FieldPath(std::string_view list, int index, std::string_view member = {})
      : field_(list), index_(index), member_(member) {}

  std::string Text() const;

 private:
  std::string_view field_;
  int index_ = -1;  // of an entry of the list `field_`
  std::string_view member_;
};

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

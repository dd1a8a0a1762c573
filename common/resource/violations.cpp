#include "common/resource/violations.h"

#include <utility>

namespace quartet::resource {

std::string FieldPath::Text() const {
  std::string text(field_);
  if (index_ >= 0) text.append("[").append(std::to_string(index_)).append("]");
  if (!member_.empty()) text.append(".").append(member_);
  return text;
}

void Violations::Add(std::string field, std::string description) {
  violations_.push_back({.field = std::move(field), .description = std::move(description)});
}

void Violations::AddError(std::string_view field, const Error& error) {
  if (error.violations.empty()) return Add(std::string(field), error.message);
  violations_.insert(violations_.end(), error.violations.begin(), error.violations.end());
}

Status Violations::ToStatus() const {
  if (empty()) return {};
  return InvalidArgument(violations_);
}

}  // namespace quartet::resource

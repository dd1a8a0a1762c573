#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::resource {

// The keys that a piece of an inspection is about, in a table that is walked in the order of its key: one key, or those
// after one and perhaps up to another.
class InspectionRange {
 public:
  static InspectionRange Of(std::string key) { return {std::move(key), Kind::kOne}; }
  static InspectionRange After(std::string key) { return {std::move(key), Kind::kAfter}; }

  // The condition on `column`, over $1 and perhaps $2, and what these stand for; views into this object.
  std::string Condition(std::string_view column) const;
  std::vector<storage::Param> Params() const;

  // Ends the range early, so that at most `rows_max` rows of `bytes_max` bytes lie in it; its first key, whatever it
  // has, stays whole. `select`: "SELECT key, size FROM …" without a condition; `column`: the key.
  Status Shorten(storage::Transaction& transaction, std::string_view select, std::string_view column, int rows_max,
                 std::size_t bytes_max);

  bool Contains(const std::string& key) const;
  // Its last key; empty if it has no end.
  std::string last() const { return kind_ == Kind::kUpTo ? last_ : std::string(); }

 private:
  enum class Kind { kOne, kAfter, kUpTo };
  InspectionRange(std::string key, Kind kind) : kind_(kind), key_(std::move(key)) {}

  Kind kind_;
  std::string key_;
  std::string last_;
};

}  // namespace quartet::resource

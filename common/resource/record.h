#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/identity/identity.h"

namespace quartet::resource {

// Value of a projected column; what is not there is "" or 0, never NULL.
using ColumnValue = std::variant<std::int64_t, std::string>;

// A resource as it is stored: its protobuf message whole, and beside it what is
// filtered, sorted or matched.
struct Record {
  std::string id;                   // UUID, without the collection
  std::int64_t version = 0;         // grows by one with each change; the etag
  std::int64_t create_time_us = 0;  // microseconds since the Unix epoch
  std::int64_t update_time_us = 0;
  std::int64_t delete_time_us = 0;             // 0 while live
  std::vector<ColumnValue> columns;            // in the order of the schema's columns
  std::vector<std::string> stored_columns;     // of a record that was found: these as text, as they lie there
  std::vector<identity::Identity> identities;  // sorted, no two alike
  std::string bytes;                           // the serialised message, without its etag
};

}  // namespace quartet::resource

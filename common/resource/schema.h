#pragma once

#include <span>
#include <string_view>

namespace quartet::resource {

// How a service's records lie in its database. Every such table has the columns
// id, version, create_time, update_time, delete_time and body, and beside them
// the projected ones named here.
struct Schema {
  std::string_view table;                     // "lead"
  std::string_view collection;                // "leads", as in resource names
  std::span<const std::string_view> columns;  // the projected ones
  // Whether an identity has one owner (contacts, accounts), or is shared by
  // whoever has it (leads).
  bool identities_have_one_owner = true;
};

}  // namespace quartet::resource

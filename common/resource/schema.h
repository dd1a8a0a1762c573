#pragma once

#include <span>
#include <string_view>

#include "common/identity/identity.h"

namespace quartet::resource {

// A column that holds names of records of another service.
struct Reference {
  std::string_view column;
  std::string_view collection;  // "accounts"
  std::string_view service;     // "account"
};

// A service whose records may name the ones at hand, and what those are called that
// have a use for them.
struct User {
  std::string_view service;  // "opportunity"
  std::string_view what;     // "open opportunities"
};

// How a service's records lie in its database. Every such table has the columns
// id, version, create_time, update_time, delete_time and body, and beside them
// the projected ones named here.
struct Schema {
  std::string_view table;                     // "lead"
  std::string_view collection;                // "leads", as in resource names
  std::span<const std::string_view> columns;  // the projected ones
  // Those of `columns` that hold names of other services' records.
  std::span<const Reference> references = {};
  // Whose records may name one of these.
  std::span<const User> users = {};
  // Whether an e-mail address and a web domain have one owner, and whatever
  // identity a record had leads to it for ever (contacts, accounts); or all are
  // shared by whoever shows them (leads).
  bool exclusive_identities = true;

  // Whether only one record may have an identity of this kind. A phone number or
  // a company's name leads to the record that had it first, and others may have it
  // too.
  constexpr bool IsExclusive(identity::Kind kind) const {
    return exclusive_identities && (kind == identity::Kind::kEmail || kind == identity::Kind::kDomain);
  }
};

}  // namespace quartet::resource

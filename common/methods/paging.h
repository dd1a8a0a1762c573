#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>

#include "common/commit/record_store.h"
#include "common/resource/page_request.h"

namespace quartet::methods {

struct Page {
  std::vector<resource::Record> records;
  std::vector<std::string> unreadable;  // ids of records that may belong here
  std::string next_page_token;          // empty on the last page
};

// Gives a stored record its columns and identities.
using ProjectRecord = resource::Record (*)(const resource::Record&);

// One page of records as readers see them: the final ones in the database, with
// what committed qualifications change laid over them in the same snapshot.
// `changeable`: the fields of the filter by which a record that is there may come to
// pass it, or not to, when a qualification is committed. The page may be shorter
// than asked for, and have a token all the same, where records are large.
Result<Page> ReadPage(commit::RecordStore& store, const resource::PageRequest& request, ProjectRecord project,
                      std::span<const std::string_view> changeable);

// INVALID_ARGUMENT: `field` must be "{collection}/{uuid}".
Error BadName(const std::string& field, std::string_view collection);

// The ids in 1 to 1,000 names. Errors: INVALID_ARGUMENT with each that is wrong.
Result<std::vector<std::string>> ParseIds(std::string_view collection,
                                          const google::protobuf::RepeatedPtrField<std::string>& names);

}  // namespace quartet::methods

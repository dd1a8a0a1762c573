#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/repeated_ptr_field.h>

#include "common/base/result.h"

namespace quartet::resource {

// What an inspection is asked for: the entries of these ids, or else a page.
struct InspectionRequest {
  std::vector<std::string> ids;
  std::string after;  // the last id of the page before
  int page_size = 0;
  bool by_name = false;

  // Errors: INVALID_ARGUMENT, all violations at once.
  static Result<InspectionRequest> Parse(std::string_view collection, int page_size, const std::string& page_token,
                                         const google::protobuf::RepeatedPtrField<std::string>& names);
};

}  // namespace quartet::resource

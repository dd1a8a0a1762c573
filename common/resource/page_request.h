#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/resource/filter/filter.h"
#include "common/resource/page_token.h"

namespace quartet::resource {

// What a List request (AIP-132) says, as it came.
struct ListQuery {
  std::string_view collection;  // "leads"
  std::int32_t page_size = 0;
  std::string_view page_token;
  std::string_view filter;
  std::string_view order_by;
  bool show_deleted = false;
};

// What it means.
struct PageRequest {
  int page_size = 0;  // 1 to 1,000
  Filter filter;
  bool descending = false;  // newest first
  bool show_deleted = false;
  std::optional<PageToken> after;  // the page begins behind this record; absent for the first page
  std::uint64_t query = 0;

  // A page_size of 0 is read as 50, one above 1,000 as 1,000 (AIP-158). order_by is "", "create_time" or
  // "create_time desc". Errors: INVALID_ARGUMENT with every problem of page_size, page_token, filter and order_by.
  static Result<PageRequest> Parse(const ListQuery& query, std::span<const FilterField> fields);

  // The token of the page that follows the record, the last one of this page.
  std::string NextPageToken(std::int64_t create_time_us, std::string_view id) const;
};

}  // namespace quartet::resource

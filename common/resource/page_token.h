#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::resource {

// Where a page of a list ended. Lists are ordered by (create_time, id).
struct PageToken {
  std::int64_t create_time_us = 0;  // of the page's last record
  std::string id;                   // of the page's last record
  std::uint64_t query = 0;          // HashQuery of the list that the token belongs to
};

// Identifies what a token may go on with: the parts and their borders. Stable between builds.
std::uint64_t HashQuery(std::string_view collection, std::string_view filter, std::string_view order_by,
                        bool show_deleted);

// Opaque text of letters, digits, '-' and '_'.
std::string EncodePageToken(const PageToken& token);

// Errors: INVALID_ARGUMENT with a message that fits a violation of "page_token", for text that EncodePageToken did not
// make. The checksum catches accidents; a token gives access to nothing that the list does not show.
Result<PageToken> DecodePageToken(std::string_view text);

}  // namespace quartet::resource

#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/resource/filter/filter.h"

namespace quartet::resource {

// What a filter's value is compared as. `comparison` is the sign as written; it decides how a time between two
// microseconds is rounded. Errors: INVALID_ARGUMENT with a message that follows the field's name.
Result<ColumnValue> FilterValue(const FilterField& field, std::string_view comparison, std::string_view text);

}  // namespace quartet::resource

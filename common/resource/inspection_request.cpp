#include "common/resource/inspection_request.h"

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/resource/resource_name.h"
#include "common/resource/violations.h"

namespace quartet::resource {

Result<InspectionRequest> InspectionRequest::Parse(std::string_view collection, int page_size,
                                                   const std::string& page_token,
                                                   const google::protobuf::RepeatedPtrField<std::string>& names) {
  InspectionRequest request;
  Violations violations;
  if (page_size < 0 || page_size > limits::kInspectionEntriesMax)
    violations.Add("page_size", fmt::format("must be 1 to {}, or 0", limits::kInspectionEntriesMax));
  request.page_size = page_size == 0 ? limits::kInspectionEntriesDefault : page_size;
  if (page_token.size() > limits::kInspectionTokenBytesMax || !CountCodePoints(page_token) ||
      page_token.find('\0') != std::string::npos)
    violations.Add("page_token", "must be the next_page_token of the page before");
  request.after = page_token;
  if (names.size() > limits::kInspectionEntriesMax)
    violations.Add("names", fmt::format("at most {}", limits::kInspectionEntriesMax));
  for (int i = 0; i < names.size() && violations.empty(); ++i) {
    if (auto id = ParseName(collection, names[i]))
      request.ids.push_back(*std::move(id));
    else
      violations.Add(fmt::format("names[{}]", i), fmt::format("must be \"{}/{{uuid}}\"", collection));
  }
  if (!violations.empty()) return violations.ToStatus().error();
  request.by_name = !names.empty();
  return request;
}

}  // namespace quartet::resource

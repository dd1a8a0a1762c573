#include "common/resource/page_request.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/resource/violations.h"

namespace quartet::resource {
namespace {

using limits::kPageSizeDefault;
using limits::kPageSizeMax;

struct Order {
  std::string canonical;
  bool descending;
};

// Words may stand apart by more than one space.
std::optional<Order> ParseOrder(std::string_view text) {
  constexpr std::string_view kField = "create_time";
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty() || trimmed == kField) return Order{.canonical = std::string(kField), .descending = false};
  if (!trimmed.starts_with(kField)) return std::nullopt;
  const std::string_view rest = trimmed.substr(kField.size());
  if (Trim(rest) != "desc" || rest == "desc") return std::nullopt;
  return Order{.canonical = "create_time desc", .descending = true};
}

}  // namespace

Result<PageRequest> PageRequest::Parse(const ListQuery& query, std::span<const FilterField> fields) {
  Violations violations;
  PageRequest page;
  page.show_deleted = query.show_deleted;

  if (query.page_size < 0) violations.Add("page_size", "must not be negative; 0 means 50, and 1,000 is the most");
  page.page_size = query.page_size == 0 ? kPageSizeDefault : std::min(query.page_size, kPageSizeMax);

  if (Result<Filter> filter = Filter::Parse(query.filter, fields); filter.ok()) {
    page.filter = *std::move(filter);
  } else {
    violations.AddError("filter", filter.error());
  }

  const std::optional<Order> order = ParseOrder(query.order_by);
  if (order) {
    page.descending = order->descending;
    page.query = HashQuery(query.collection, Trim(query.filter), order->canonical, query.show_deleted);
  } else {
    violations.Add("order_by", "must be \"create_time\" or \"create_time desc\"");
  }

  if (!query.page_token.empty()) {
    Result<PageToken> token = DecodePageToken(query.page_token);
    if (!token.ok()) {
      violations.AddError("page_token", token.error());
    } else if (!IsUuid(token->id)) {
      // It becomes a parameter of a statement, and not every database takes any bytes for a text.
      violations.Add("page_token", "is not a token that this method gave");
    } else if (order && token->query != page.query) {
      violations.Add("page_token",
                     "belongs to another list: collection, filter, order_by and show_deleted must be those of the "
                     "page before");
    } else {
      page.after = *std::move(token);
    }
  }
  QUARTET_RETURN_IF_ERROR(violations.ToStatus());
  return page;
}

std::string PageRequest::NextPageToken(std::int64_t create_time_us, std::string_view id) const {
  return EncodePageToken({.create_time_us = create_time_us, .id = std::string(id), .query = query});
}

}  // namespace quartet::resource

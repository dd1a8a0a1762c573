#include "common/methods/paging.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "common/resource/resource_name.h"
#include "common/resource/violations.h"

namespace quartet::methods {
namespace {

using resource::PageRequest;
using resource::Record;

constexpr int kBatchMax = 1'000;

auto KeyOf(const Record& record) {
  return std::tie(record.create_time_us, record.id);
}

bool ComesBefore(const Record& a, const Record& b, bool descending) {
  return descending ? KeyOf(b) < KeyOf(a) : KeyOf(a) < KeyOf(b);
}

// One record more than the page has, so that it is known whether there are more.
Result<std::vector<Record>> SelectFinal(storage::Transaction& transaction, const resource::RecordRepository& records,
                                        const PageRequest& request) {
  std::string where;
  std::vector<resource::ColumnValue> values;
  if (!request.show_deleted) where = "delete_time = 0";
  int next = request.filter.AppendSql(where, values, 1);
  if (request.after) {
    if (!where.empty()) where += " AND ";
    where += fmt::format("(create_time, id) {} (${}, ${})", request.descending ? "<" : ">", next, next + 1);
    values.emplace_back(request.after->create_time_us);
    values.emplace_back(request.after->id);
  }
  std::vector<storage::Param> params;
  for (const resource::ColumnValue& value : values) params.push_back(resource::ParamOf(value));
  return records.Select(transaction, where, params, request.descending, request.page_size + 1);
}

// Whether a record that is not in the page as selected belongs into it.
bool BelongsTo(const Record& record, const PageRequest& request, const resource::Schema& schema, const Record* last) {
  if (record.delete_time_us != 0 && !request.show_deleted) return false;
  if (!request.filter.Matches(record, schema.columns)) return false;
  if (request.after) {
    Record edge;
    edge.create_time_us = request.after->create_time_us;
    edge.id = request.after->id;
    if (!ComesBefore(edge, record, request.descending)) return false;
  }
  return last == nullptr || !ComesBefore(*last, record, request.descending);
}

}  // namespace

Result<Page> ReadPage(commit::RecordStore& store, const PageRequest& request, ProjectRecord project) {
  std::vector<Record> selected;
  QUARTET_ASSIGN_OR_RETURN(const auto overlays, store.Snapshot([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(selected, SelectFinal(transaction, store.records(), request));
    return {};
  }));
  const auto page_size = static_cast<std::size_t>(request.page_size);
  const bool more = selected.size() > page_size;
  if (more) selected.resize(page_size);
  Page page;
  // The token names the last final record of the page, for what the overlay
  // takes away must not be looked for again.
  if (more) page.next_page_token = request.NextPageToken(selected.back().create_time_us, selected.back().id);
  const std::optional<Record> last = more ? std::optional(selected.back()) : std::nullopt;
  page.records = std::move(selected);
  for (const commit::Overlay& overlay : overlays) {
    if (overlay.before) std::erase_if(page.records, [&](const Record& r) { return r.id == overlay.before->id; });
    if (!overlay.after) continue;
    if (BelongsTo(project(*overlay.after), request, store.records().schema(), last ? &*last : nullptr))
      page.records.push_back(*overlay.after);
  }
  if (!overlays.empty()) {
    std::sort(page.records.begin(), page.records.end(),
              [&](const Record& a, const Record& b) { return ComesBefore(a, b, request.descending); });
  }
  if (page.records.size() <= page_size) return page;
  page.records.resize(page_size);
  page.next_page_token = request.NextPageToken(page.records.back().create_time_us, page.records.back().id);
  return page;
}

Error BadName(const std::string& field, std::string_view collection) {
  return InvalidArgument({{field, fmt::format("must be \"{}/{{uuid}}\"", collection)}});
}

Result<std::vector<std::string>> ParseIds(std::string_view collection,
                                          const google::protobuf::RepeatedPtrField<std::string>& names) {
  resource::Violations violations;
  if (names.empty() || names.size() > kBatchMax)
    violations.Add("names", fmt::format("1 to {} names, not {}", kBatchMax, names.size()));
  std::vector<std::string> ids;
  for (int i = 0; i < names.size(); ++i) {
    auto id = resource::ParseName(collection, names[i]);
    if (id)
      ids.push_back(*std::move(id));
    else
      violations.Add(fmt::format("names[{}]", i), fmt::format("must be \"{}/{{uuid}}\"", collection));
  }
  QUARTET_RETURN_IF_ERROR(violations.ToStatus());
  return ids;
}

}  // namespace quartet::methods

#include "common/methods/paging.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/resource/resource_name.h"
#include "common/resource/violations.h"

namespace quartet::methods {
namespace {

using resource::PageRequest;
using resource::Record;

using limits::kBatchNamesMax;
using limits::kPageBytesMax;

constexpr std::size_t kPieceRecords = 256;
// In a range of so many it is quicker to look at each record than at each intent.
constexpr int kScannedRecordsMax = 2'000;

auto KeyOf(const Record& record) {
  return std::tie(record.create_time_us, record.id);
}

bool ComesBefore(const Record& a, const Record& b, bool descending) {
  return descending ? KeyOf(b) < KeyOf(a) : KeyOf(a) < KeyOf(b);
}

// Statements of one list share what they bind.
struct Where {
  std::string sql;
  std::vector<resource::ColumnValue> values;

  int next() const { return static_cast<int>(values.size()) + 1; }
  void And(std::string_view condition) {
    if (!sql.empty()) sql += " AND ";
    sql += condition;
  }
  void Filter(const resource::Filter& filter) { filter.AppendSql(sql, values, next()); }
  // Behind (in the order of creation, or before) the key.
  void Key(std::string_view sign, std::int64_t create_time_us, const std::string& id) {
    And(fmt::format("(create_time, id) {} (${}, ${})", sign, next(), next() + 1));
    values.emplace_back(create_time_us);
    values.emplace_back(id);
  }
  std::vector<storage::Param> params() const {
    std::vector<storage::Param> all;
    for (const resource::ColumnValue& value : values) all.push_back(resource::ParamOf(value));
    return all;
  }
};

std::size_t SizeOf(const Record& record) {
  return record.bytes.size() + record.id.size();
}

// One record more than the page has, so that it is known whether there are more; fewer if they are large. In pieces,
// so that no more than a page's bytes and a piece are ever in memory.
Result<std::vector<Record>> SelectFinal(storage::Transaction& transaction, const resource::RecordRepository& records,
                                        const PageRequest& request) {
  const auto wanted = static_cast<std::size_t>(request.page_size) + 1;
  std::vector<Record> selected;
  std::size_t bytes = 0;
  std::optional<resource::PageToken> after = request.after;
  while (selected.size() < wanted && bytes <= kPageBytesMax) {
    Where where;
    if (!request.show_deleted) where.And("delete_time = 0");
    where.Filter(request.filter);
    if (after) where.Key(request.descending ? "<" : ">", after->create_time_us, after->id);
    const std::size_t piece = std::min(wanted - selected.size(), kPieceRecords);
    QUARTET_ASSIGN_OR_RETURN(auto found, records.Select(transaction, where.sql, where.params(), request.descending,
                                                        static_cast<int>(piece)));
    for (Record& record : found) {
      bytes += SizeOf(record);
      selected.push_back(std::move(record));
      // The one that is over the bound shows that there are more.
      if (bytes > kPageBytesMax && selected.size() > 1) break;
    }
    if (found.size() < piece) break;
    after = request.after.value_or(resource::PageToken{});
    after->create_time_us = selected.back().create_time_us;
    after->id = selected.back().id;
  }
  return selected;
}

// The intents that may change what the page shows: those on records of its range that pass the filter, or may pass it
// by what the intent does, and those that open a record there. `last`: the page's last record if there are more.
Status MeetIntents(storage::Transaction& transaction, const commit::RecordStore& store, const PageRequest& request,
                   std::span<const std::string_view> changeable, const Record* last, commit::RecordStore::Met& met) {
  const resource::Filter stable = request.filter.Without(changeable);
  Where range;
  if (request.after) range.Key(request.descending ? "<" : ">", request.after->create_time_us, request.after->id);
  if (last != nullptr) range.Key(request.descending ? ">=" : "<=", last->create_time_us, last->id);
  // Without a restriction that an intent may lift, what is not selected will not be. With one, the range may be the
  // whole table, and is searched only if it is small.
  bool scan_records = stable.size() == request.filter.size();
  if (!scan_records) {
    QUARTET_ASSIGN_OR_RETURN(scan_records,
                             store.records().HasAtMost(transaction, range.sql, range.params(), kScannedRecordsMax));
  }
  Where on_records = range;
  if (!request.show_deleted) on_records.And("delete_time = 0");
  on_records.Filter(stable);
  QUARTET_ASSIGN_OR_RETURN(met,
                           store.intents().OnRecords(transaction, on_records.sql, on_records.params(), scan_records));
  if (!store.AreOpened()) return {};
  // What will be opened is created when it is decided, which is not before it began.
  Where opening;
  std::optional<std::int64_t> until_us;
  if (request.descending && request.after) until_us = request.after->create_time_us;
  if (!request.descending && last != nullptr) until_us = last->create_time_us;
  if (until_us) {
    opening.And("age <= $1");
    opening.values.emplace_back(*until_us);
  }
  request.filter.AppendIdentitySql("record_id", opening.sql, opening.values, opening.next());
  QUARTET_ASSIGN_OR_RETURN(auto opened, store.intents().Opening(transaction, opening.sql, opening.params()));
  met.insert(met.end(), std::make_move_iterator(opened.begin()), std::make_move_iterator(opened.end()));
  return {};
}

// How many of the records, from the first on, a page can hold: one at least.
std::size_t FittingPage(const std::vector<Record>& records, int page_size) {
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < records.size() && count < static_cast<std::size_t>(page_size); ++count) {
    bytes += SizeOf(records[count]);
    if (bytes > kPageBytesMax && count > 0) break;
  }
  return count;
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

Result<Page> ReadPage(commit::RecordStore& store, const PageRequest& request, ProjectRecord project,
                      std::span<const std::string_view> changeable) {
  std::vector<Record> selected;
  std::size_t fits = 0;
  QUARTET_ASSIGN_OR_RETURN(const auto overlays,
                           store.Snapshot([&](storage::Transaction& transaction, auto& met) -> Status {
                             QUARTET_ASSIGN_OR_RETURN(selected, SelectFinal(transaction, store.records(), request));
                             fits = FittingPage(selected, request.page_size);
                             const Record* const last = fits < selected.size() ? &selected[fits - 1] : nullptr;
                             return MeetIntents(transaction, store, request, changeable, last, met);
                           }));
  const bool more = fits < selected.size();
  selected.resize(fits);
  Page page;
  // The token names the last final record of the page, for what the overlay
  // takes away must not be looked for again.
  if (more) page.next_page_token = request.NextPageToken(selected.back().create_time_us, selected.back().id);
  const std::optional<Record> last = more ? std::optional(selected.back()) : std::nullopt;
  page.records = std::move(selected);
  for (const commit::Overlay& overlay : overlays) {
    if (overlay.before) std::erase_if(page.records, [&](const Record& r) { return r.id == overlay.before->id; });
    if (!overlay.unreadable.empty()) page.unreadable.push_back(overlay.unreadable);
    if (!overlay.after) continue;
    if (BelongsTo(project(*overlay.after), request, store.records().schema(), last ? &*last : nullptr))
      page.records.push_back(*overlay.after);
  }
  if (!overlays.empty()) {
    std::sort(page.records.begin(), page.records.end(),
              [&](const Record& a, const Record& b) { return ComesBefore(a, b, request.descending); });
  }
  const std::size_t shown = FittingPage(page.records, request.page_size);
  if (page.records.size() <= shown) return page;
  page.records.resize(shown);
  page.next_page_token = request.NextPageToken(page.records.back().create_time_us, page.records.back().id);
  return page;
}

Error BadName(const std::string& field, std::string_view collection) {
  return InvalidArgument({{field, fmt::format("must be \"{}/{{uuid}}\"", collection)}});
}

Result<std::vector<std::string>> ParseIds(std::string_view collection,
                                          const google::protobuf::RepeatedPtrField<std::string>& names) {
  resource::Violations violations;
  if (names.empty() || names.size() > kBatchNamesMax)
    violations.Add("names", fmt::format("1 to {} names, not {}", kBatchNamesMax, names.size()));
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

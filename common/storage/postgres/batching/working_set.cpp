#include "common/storage/postgres/batching/working_set.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <libpq-fe.h>

namespace quartet::storage {
namespace {

using Kind = Access::Kind;

// More would make a statement too long for the server to cancel it in time.
constexpr std::size_t kRowsMax = 1'000;
constexpr std::size_t kStatementBytesMax = 4 << 20;
// What waits to be sent, and answers that are kept. Beyond them writes travel early, and queries travel each time.
constexpr std::size_t kWaitingBytesMax = 16 << 20;
constexpr std::size_t kKnownMax = 20'000;

std::size_t BytesOfWire(const WireParams& params) {
  std::size_t size = 0;
  for (const WireValue& value : params.values()) size += value.size;
  return size;
}

// Which query it is, with its parameters.
std::string KeyOf(const StatementShape& shape, const WireParams& params) {
  std::string key = std::to_string(reinterpret_cast<std::uintptr_t>(&shape));
  for (const WireValue& value : params.values()) {
    key += value.data == nullptr ? '-' : '+';
    key += std::to_string(value.size) + ":";
    key += value.bytes();
  }
  return key;
}

// Whether it may be run together with others of its text.
bool CanShare(const StatementShape& shape, const WireParams& params) {
  return shape.TakesSets() && !params.types().empty() &&
         std::ranges::find(params.types(), PostgresType::kUnknown) == params.types().end();
}

std::shared_ptr<const pg_result> Share(PostgresResult result) {
  return {result.release(), PostgresResultDeleter()};
}

}  // namespace

PostgresWorkingSet::Group::Group(ShapePtr of, const WireParams& params)
    : shape(std::move(of)), types(params.types()), footprint(*shape) {}

void PostgresWorkingSet::Group::Add(const WireParams& params) {
  auto& row = rows.emplace_back();
  for (const WireValue& value : params.values()) row.emplace_back(value.bytes());
  size_bytes += BytesOfWire(params);
}

bool PostgresWorkingSet::Group::Takes(const StatementShape& other, const WireParams& params) const {
  return shape.get() == &other && types == params.types() && rows.size() < kRowsMax &&
         (rows.empty() || size_bytes + BytesOfWire(params) <= kStatementBytesMax);
}

void PostgresWorkingSet::Group::Sort() {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [this](std::size_t a, std::size_t b) {
    for (const auto& [column, param] : shape->keys) {
      if (rows[a][param] != rows[b][param]) return rows[a][param] < rows[b][param];
    }
    return false;
  });
  std::vector<std::vector<std::string>> sorted;
  std::vector<Error> errors;
  for (const std::size_t i : order) {
    sorted.push_back(std::move(rows[i]));
    if (!if_none.empty()) errors.push_back(std::move(if_none[i]));
  }
  rows = std::move(sorted);
  if_none = std::move(errors);
}

void PostgresWorkingSet::Clear() {
  touches_.clear();
  ForgetPart();
}

void PostgresWorkingSet::ForgetPart() {
  writes_.clear();
  sent_ = 0;
  waiting_bytes_ = 0;
  ForgetReads();
}

void PostgresWorkingSet::ForgetReads() {
  expected_.clear();
  known_.clear();
}

void PostgresWorkingSet::Write(const Statement& statement, std::span<const Param> params,
                               std::optional<Error> if_none) {
  const WireParams wire(params);
  const ShapePtr shape = connection_.ShapeOf(statement);
  if (!CanShare(*shape, wire) || shape->kind == Kind::kRead || !connection_.TakesSets()) {
    // Everything may depend on it.
    Flush();
    PostgresConnection::Wanted wanted;
    if (if_none) wanted.if_none.push_back(*std::move(if_none));
    connection_.Send(statement.sql(), wire.values(), std::move(wanted));
    return NoteSent(shape, wire);
  }
  Group* group = GroupFor(shape, wire, if_none.has_value());
  group->footprint.Add(wire.values());
  group->Add(wire);
  if (if_none) group->if_none.push_back(*std::move(if_none));
  waiting_bytes_ += BytesOfWire(wire);
  if (waiting_bytes_ > kWaitingBytesMax) Flush();
}

PostgresWorkingSet::Group* PostgresWorkingSet::GroupFor(const ShapePtr& shape, const WireParams& params, bool checked) {
  for (std::size_t i = writes_.size(); i > sent_; --i) {
    Group& group = writes_[i - 1];
    if (group.shape->table != shape->table) continue;
    const bool overlaps = group.footprint.MayOverlap(*shape, params.values());
    const bool same = group.Takes(*shape, params) && group.if_none.empty() != checked;
    if (same && (!overlaps || shape->MayRepeat())) return &group;
    if (overlaps) break;
  }
  return &writes_.emplace_back(shape, params);
}

void PostgresWorkingSet::Touch(const Statement& statement, std::span<const Param> params) {
  const WireParams wire(params);
  const ShapePtr shape = connection_.ShapeOf(statement);
  if (!CanShare(*shape, wire) || !connection_.TakesSets()) return Write(statement, params, std::nullopt);
  const auto touched = [&](const Group& touch) {
    return touch.shape == shape && touch.footprint.MayOverlap(*shape, wire.values());
  };
  if (std::ranges::any_of(touches_, touched)) return;
  auto group = std::ranges::find_if(touches_, [&](const Group& touch) { return touch.Takes(*shape, wire); });
  if (group == touches_.end()) group = touches_.insert(group, Group(shape, wire));
  group->footprint.Add(wire.values());
  group->Add(wire);
}

void PostgresWorkingSet::Finish() {
  Flush();
  for (Group& group : touches_) {
    group.Sort();
    Send(group, {}, /*numbered=*/false);
  }
  touches_.clear();
}

void PostgresWorkingSet::Flush() {
  for (; sent_ < writes_.size(); ++sent_) {
    Group& group = writes_[sent_];
    // All who write the same rows lock them in the same order, so that they do not wait for each other in a circle.
    group.Sort();
    const bool numbered = !group.if_none.empty();
    Send(group, {.if_none = std::move(group.if_none)}, numbered);
    group.rows.clear();
  }
  waiting_bytes_ = 0;
}

void PostgresWorkingSet::Send(const Group& group, PostgresConnection::Wanted wanted, bool numbered) {
  std::vector<WireValue> values;
  if (group.rows.size() == 1) {
    for (const std::string& value : group.rows.front()) values.push_back({value.data(), value.size()});
    return connection_.Send(group.shape->sql, values, std::move(wanted));
  }
  std::vector<WireArray> arrays;
  std::vector<std::string_view> types;
  for (std::size_t i = 0; i < group.types.size(); ++i) {
    WireArray& array = arrays.emplace_back(group.types[i]);
    for (const auto& row : group.rows) array.Add({row[i].data(), row[i].size()});
    types.push_back(SqlName(group.types[i]));
  }
  for (const WireArray& array : arrays) values.push_back(array.AsValue());
  connection_.Send(group.shape->ForManyRows(types, numbered), values, std::move(wanted));
}

bool PostgresWorkingSet::MayHaveChanged(const StatementShape& shape, const WireParams& params,
                                        std::size_t begin) const {
  for (std::size_t i = begin; i < writes_.size(); ++i) {
    const Group& group = writes_[i];
    if (group.shape->table == shape.table && !group.shape->LeavesAlone(shape) &&
        group.footprint.MayOverlap(shape, params.values()))
      return true;
  }
  return false;
}

void PostgresWorkingSet::Expect(const Statement& statement, std::span<const Param> params) {
  const WireParams wire(params);
  const ShapePtr shape = connection_.ShapeOf(statement);
  if (shape->kind != Kind::kRead || !CanShare(*shape, wire)) return;
  std::string key = KeyOf(*shape, wire);
  if (known_.contains(key) || known_.size() >= kKnownMax) return;
  auto same = std::ranges::find_if(expected_, [&](const Expected& e) { return e.group.Takes(*shape, wire); });
  if (same == expected_.end()) same = expected_.insert(same, {.group = Group(shape, wire), .keys = {}});
  // An empty answer stands for one that is still to come.
  known_.emplace(key, Known{.shape = shape});
  same->group.Add(wire);
  same->keys.push_back(std::move(key));
}

std::shared_ptr<const PostgresWorkingSet::Answer> PostgresWorkingSet::Ask(const Statement& statement,
                                                                          std::span<const Param> params) {
  const WireParams wire(params);
  const ShapePtr shape = connection_.ShapeOf(statement);
  const bool can_keep = shape->kind == Kind::kRead && CanShare(*shape, wire);
  std::string key;
  if (can_keep) {
    key = KeyOf(*shape, wire);
    auto known = known_.find(key);
    if (known != known_.end() && known->second.answer == nullptr) {
      AskExpected();
      known = known_.find(key);
      if (known == known_.end()) return nullptr;
    }
    if (known != known_.end() && !MayHaveChanged(*shape, wire, known->second.writes_before))
      return known->second.answer;
  }
  if (!can_keep || MayHaveChanged(*shape, wire, sent_)) Flush();
  const std::size_t writes_before = sent_;
  PostgresResult result;
  connection_.Send(statement.sql(), wire.values(), {.if_none = {}, .result = &result});
  connection_.Await();
  if (connection_.failure()) return nullptr;
  if (shape->kind != Kind::kRead) NoteSent(shape, wire);
  auto answer = std::make_shared<Answer>();
  answer->columns = PQnfields(result.get());
  for (int row = 0; row < PQntuples(result.get()); ++row) answer->rows.push_back(row);
  answer->result = Share(std::move(result));
  if (can_keep && known_.size() < kKnownMax)
    known_[key] = {.shape = shape, .answer = answer, .writes_before = writes_before};
  return answer;
}

void PostgresWorkingSet::AskExpected() {
  const bool depends = std::ranges::any_of(expected_, [&](const Expected& expected) {
    return std::any_of(writes_.begin() + static_cast<std::ptrdiff_t>(sent_), writes_.end(), [&](const Group& group) {
      return group.shape->table == expected.group.shape->table && !group.shape->LeavesAlone(*expected.group.shape);
    });
  });
  if (depends) Flush();
  std::vector<Expected> all = std::exchange(expected_, {});
  if (!connection_.TakesSets()) all = Single(std::move(all));
  std::vector<PostgresResult> results(all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    Send(all[i].group, {.if_none = {}, .result = &results[i]}, /*numbered=*/true);
  connection_.Await();
  if (connection_.failure()) return ForgetReads();
  for (std::size_t i = 0; i < all.size(); ++i) Learn(all[i], Share(std::move(results[i])));
}

// Each query by itself, where the server cannot take many at once.
std::vector<PostgresWorkingSet::Expected> PostgresWorkingSet::Single(std::vector<Expected> expected) {
  std::vector<Expected> single;
  for (Expected& many : expected) {
    auto rows = std::exchange(many.group.rows, {});
    for (std::size_t i = 0; i < rows.size(); ++i) {
      Expected& one = single.emplace_back(Expected{.group = many.group, .keys = {std::move(many.keys[i])}});
      one.group.rows.push_back(std::move(rows[i]));
    }
  }
  return single;
}

void PostgresWorkingSet::Learn(const Expected& expected, const std::shared_ptr<const pg_result>& result) {
  const bool many = expected.keys.size() > 1;
  std::vector<std::shared_ptr<Answer>> answers;
  for (const std::string& key : expected.keys) {
    auto& answer = answers.emplace_back(std::make_shared<Answer>());
    answer->result = result;
    answer->columns = PQnfields(result.get()) - (many ? 1 : 0);
    known_[key] = {.shape = expected.group.shape, .answer = answer, .writes_before = sent_};
  }
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    const std::int64_t number = many ? IntegerAt(result.get(), row, answers.front()->columns) : 1;
    if (number >= 1 && number <= std::ssize(answers))
      answers[static_cast<std::size_t>(number - 1)]->rows.push_back(row);
  }
}

void PostgresWorkingSet::NoteSent(const ShapePtr& shape, const WireParams& params) {
  if (!CanShare(*shape, params)) return ForgetReads();
  Group& group = writes_.emplace_back(shape, params);
  group.footprint.Add(params.values());
  sent_ = writes_.size();
}

}  // namespace quartet::storage

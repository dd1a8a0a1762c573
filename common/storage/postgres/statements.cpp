#include "common/storage/postgres/statements.h"

#include <algorithm>
#include <utility>

namespace quartet::storage {

std::shared_ptr<PostgresStatements::Entry> PostgresStatements::Find(std::string_view sql) {
  const auto found = by_text_.find(sql);
  if (found == by_text_.end()) return nullptr;
  found->second->last_use = ++uses_;
  return found->second;
}

std::shared_ptr<PostgresStatements::Entry> PostgresStatements::Add(std::string_view sql) {
  auto entry = std::make_shared<Entry>(
      Entry{.sql = std::string(sql), .name = "s" + std::to_string(++names_), .last_use = ++uses_});
  by_text_[entry->sql] = entry;
  return entry;
}

std::shared_ptr<PostgresStatements::Entry> PostgresStatements::Evict() {
  if (by_text_.size() <= limit_) return nullptr;
  const auto oldest = std::ranges::min_element(
      by_text_, {}, [](const auto& text_and_entry) { return text_and_entry.second->last_use; });
  std::shared_ptr<Entry> entry = std::move(oldest->second);
  by_text_.erase(oldest);
  return entry;
}

void PostgresStatements::Forget(const Entry& entry) {
  const auto found = by_text_.find(entry.sql);
  if (found != by_text_.end() && found->second.get() == &entry) by_text_.erase(found);
}

}  // namespace quartet::storage

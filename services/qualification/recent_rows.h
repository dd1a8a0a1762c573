#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "services/qualification/qualification_rules.h"

namespace quartet::qualification {

// Rows as this process wrote them last, which spares reading them for the next
// step, or as they went on without being written, and replies to them from which nothing follows before others have
// come. All of it may be lost at any moment: a row is read again, and what is kept here of replies the participants say
// again when they are asked again (rule 10). A row that another process has changed since is noticed when it is
// written, by its version (rule 2). Thread-safe.
class RecentRows {
 public:
  explicit RecentRows(std::size_t entries_max = 8'192) : entries_max_(entries_max) {}

  // Remembers a row whose write is durable, or that is unwritten since.
  void Put(Row row);
  // The row if it is known, and forgets it; its replies stay.
  std::optional<Row> Take(const std::string& id);
  // The same, if it is unwritten.
  std::optional<Row> TakeUnwritten(const std::string& id);

  // Keeps a reply to qualification `id` that can wait: an acknowledgement, or a
  // Prepared that leaves others missing. Whether it was kept.
  bool Keep(const std::string& id, const v1::Reply& reply);
  // The replies that were kept for a row, and forgets them. Until EndHearing no
  // Prepared is kept for it: what is missing then is not known.
  std::vector<v1::Reply> BeginHearing(const std::string& id);
  void EndHearing(const std::string& id);
  // The rows that replies are kept for, but for those that are unwritten: when they are
  // written, all they have heard is.
  std::vector<std::string> WithReplies() const;

 private:
  struct Entry {
    std::optional<Row> row;
    std::vector<v1::Reply> replies;
    int hearings = 0;  // that have begun and not ended
    std::list<std::string>::iterator place;
  };
  Entry* Find(const std::string& id);
  Entry& FindOrAdd(const std::string& id);
  void EraseIfEmpty(const std::string& id);

  const std::size_t entries_max_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> oldest_first_;
};

}  // namespace quartet::qualification

#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/limits.h"
#include "services/qualification/qualification_rules.h"

namespace quartet::qualification {

// Rows as this process wrote them last, which spares reading them for the next step, or as they
// went on without being written, and replies to them from which nothing follows before others
// have come. All of it may be lost at any moment: a row is read again, and what is kept here of
// replies the participants say again when they are asked again (rule 10). A row that another
// process has changed since is noticed when it is written, by its version (rule 2); what is
// noticed earlier is an acknowledgement: it proves that the stored row is decided, so one that is
// not is stale, and goes. Thread-safe.
class RecentRows {
 public:
  struct Limits {
    std::size_t entries_max = limits::kRecentRowsMax;
    std::size_t bytes_max = limits::kRecentRowBytesMax;
  };
  RecentRows() : RecentRows(Limits()) {}
  explicit RecentRows(Limits limits) : limits_(limits) {}

  // Remembers a row whose write is durable, or that is unwritten since.
  void Put(Row row);
  // The row if it is known, and forgets it; its replies stay.
  std::optional<Row> Take(const std::string& id);
  // The same, if it is unwritten.
  std::optional<Row> TakeUnwritten(const std::string& id);

  // Keeps a reply to qualification `id` that can wait: an acknowledgement, or a
  // Prepared that leaves others missing. Whether it was kept: what there is no room for, because
  // all that is here are acknowledgements that nobody has written down yet, is to be applied at once.
  bool Keep(const std::string& id, const v1::Reply& reply);
  struct Pending {
    std::optional<Row> row;
    std::vector<v1::Reply> replies;
    std::size_t bytes = 0;
  };
  // The row, if it is known, and the replies that were kept for it, and forgets them. Until
  // EndApply no Prepared is kept for it, for what is missing then is not known, and its entry is
  // not given up for others.
  Pending BeginApply(const std::string& id);
  // To be called before EndApply if nothing came of it: what was nowhere else is kept again, an
  // unwritten row if it was one, and the replies that BeginApply gave.
  void Restore(const std::string& id, std::optional<Row> unwritten, const std::vector<v1::Reply>& replies);
  void EndApply(const std::string& id);

  // The rows whose kept replies are to be written, but for those that are unwritten: when they
  // are written, all that was kept for them is.
  std::vector<std::string> PendingIds() const;

  // What it holds, about.
  std::size_t bytes() const;
  std::size_t entries() const;

 private:
  struct Entry;
  using Node = std::pair<const std::string, Entry>;  // of entries_, where it stays until it is erased
  struct Entry {
    std::optional<Row> row;
    std::vector<v1::Reply> replies;
    int applying = 0;  // BeginApply without EndApply
    std::size_t row_bytes = 0;
    std::size_t replies_bytes = 0;
    std::size_t bytes = 0;  // as counted in bytes_
    std::list<Node*>::iterator place;
  };
  // All of them under the lock.
  Entry* Find(const std::string& id);
  Entry& FindOrAdd(const std::string& id);
  static bool IsAcknowledged(const Entry& entry);
  static void SetRow(Entry& entry, Row row);
  static std::optional<Row> TakeRow(Entry& entry);
  static std::vector<v1::Reply> TakeReplies(Entry& entry);
  // Whether it is there now and was not before.
  static bool Add(Entry& entry, const v1::Reply& reply);
  // To be called after every change of an entry: counts its bytes, or erases it if it is empty.
  void Settle(Entry& entry);
  void Erase(Entry& entry);
  bool IsOverfull() const { return entries_.size() > limits_.entries_max || bytes_ > limits_.bytes_max; }
  // Gives up the oldest, but for those that somebody applies replies to, and for acknowledgements, which would
  // have to be asked for again; these too if it `may_lose_acknowledgements`.
  void Shrink(bool may_lose_acknowledgements = true);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<Node*> oldest_first_;
  std::size_t bytes_ = 0;
};

}  // namespace quartet::qualification

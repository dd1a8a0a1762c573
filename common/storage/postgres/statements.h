#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace quartet::storage {

// The statements that one connection has prepared, by their text.
class PostgresStatements {
 public:
  struct Entry {
    std::string sql;
    std::string name;  // the server's for it
    std::uint64_t last_use = 0;
  };

  explicit PostgresStatements(std::size_t limit) : limit_(limit) {}

  // The statement of this text; nullptr if there is none.
  std::shared_ptr<Entry> Find(std::string_view sql);
  // Makes a place for it, under a name that was never used before.
  std::shared_ptr<Entry> Add(std::string_view sql);
  // If there are too many now: takes the least recently used one out.
  std::shared_ptr<Entry> Evict();
  // Forgets a statement that the server has not prepared.
  void Forget(const Entry& entry);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  const std::size_t limit_;
  std::uint64_t uses_ = 0;
  std::uint64_t names_ = 0;
  std::unordered_map<std::string, std::shared_ptr<Entry>, Hash, std::equal_to<>> by_text_;
};

}  // namespace quartet::storage

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "common/storage/database.h"

namespace quartet::bench {

// A service's database while it is filled. Nothing need be durable before the object ends, and a failure may leave a
// database that is of no use. One thread uses it. Failures throw std::runtime_error.
class FillStore {
 public:
  virtual ~FillStore() = default;

  // Runs `run` in a transaction of its own.
  virtual void Write(const std::function<Status(storage::Transaction&)>& run) = 0;
};

// Of a SQLite file that has its tables already and that nobody else has open.
std::unique_ptr<FillStore> OpenSqliteFill(const std::filesystem::path& path);

// Of a PostgreSQL database that has its tables already; `target`: a libpq connection string.
std::unique_ptr<FillStore> OpenPostgresFill(const std::string& target);

}  // namespace quartet::bench

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/resource/record.h"

namespace quartet::bench {

// What a batch of new leads writes.
struct PlainBatch {
  std::vector<resource::Record> leads;
  std::string id;
  std::string events;
};

// The lead service's tables, through nothing but the database's own interface: the limit of every import. Failures
// throw std::runtime_error.
class PlainRows {
 public:
  virtual ~PlainRows() = default;

  // Makes batches ready to be written.
  virtual void Take(std::vector<PlainBatch> batches) = 0;
  // Writes them, each in a durable transaction of its own.
  virtual void Write() = 0;
};

// Prepared inserts into a SQLite file.
std::unique_ptr<PlainRows> MakePlainSqlite();

// COPY into a database of its own on a PostgreSQL server; `server`: as BenchSuiteOptions has it.
std::unique_ptr<PlainRows> MakePlainPostgres(const std::string& server);

}  // namespace quartet::bench

#include "tests/contract/database_contract.h"

#include <utility>

namespace quartet::test {

using storage::Row;
using storage::Transaction;

void DatabaseContract::SetUp() {
  backend_ = GetParam().make();
  Reopen();
  const Status created = database_->Write([](Transaction& transaction) {
    return transaction.Run("CREATE TABLE item (id TEXT PRIMARY KEY, number BIGINT, bytes BYTEA)");
  });
  ASSERT_TRUE(created.ok()) << ToString(created.error());
}

void DatabaseContract::Reopen(const DatabaseBackend::Limits& limits) {
  database_.reset();
  auto opened = backend_->Open(limits);
  ASSERT_TRUE(opened.ok()) << ToString(opened.error());
  database_ = std::move(opened).value();
}

Status DatabaseContract::Insert(Transaction& transaction, std::string_view id, std::int64_t number) {
  return transaction.Run("INSERT INTO item (id, number) VALUES ($1, $2)", {id, number});
}

std::int64_t DatabaseContract::CountItems() {
  std::int64_t count = -1;
  const Status read = database_->Read([&](Transaction& transaction) {
    return transaction.Query("SELECT COUNT(*) FROM item", {}, [&](const Row& row) { count = row.Int(0); });
  });
  EXPECT_TRUE(read.ok()) << ToString(read.error());
  return count;
}

HeldWriter::HeldWriter(storage::Database& database) {
  auto held = std::make_shared<std::promise<void>>();
  std::future<void> reached = held->get_future();
  database.Enqueue(
      {.run =
           [held = std::move(held), go = release_.get_future().share(), first = true](Transaction&) mutable {
             if (std::exchange(first, false)) held->set_value();
             go.wait();
             return Status();
           },
       .done = [](const Status&) {}});
  reached.wait();
}

HeldWriter::~HeldWriter() {
  Release();
}

void HeldWriter::Release() {
  if (!std::exchange(released_, true)) release_.set_value();
}

}  // namespace quartet::test

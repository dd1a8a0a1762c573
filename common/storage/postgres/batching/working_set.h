#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/storage/postgres/batching/row_footprint.h"
#include "common/storage/postgres/batching/statement_shape.h"
#include "common/storage/postgres/connection.h"
#include "common/storage/postgres/params.h"

namespace quartet::storage {

// What a transaction has read, will read and has to write. Writes wait here
// until something depends on them, and then travel as one statement for all rows
// that have the same text; reads that were announced are asked together in the
// same way, and what was read once is not asked again while nothing that was
// written since can have changed it. To the operations it is as if every
// statement had run at its turn. (The pattern is known as a unit of work with an
// identity map: Fowler, Patterns of Enterprise Application Architecture.)
class PostgresWorkingSet {
 public:
  // The answer to a query.
  struct Answer {
    std::shared_ptr<const pg_result> result;
    std::vector<int> rows;  // those of the result that belong to it
    int columns = 0;
  };

  // `connection` must outlive this object.
  explicit PostgresWorkingSet(PostgresConnection& connection) : connection_(connection) {}

  PostgresConnection& connection() const { return connection_; }

  // Forgets everything: the transaction is over.
  void Clear();
  // Forgets what was read and what was not sent, but not the touches, which do no
  // harm: the transaction has lost a part.
  void ForgetPart();

  // Queues a statement for its effect. `if_none`: the failure that it is to change no row.
  void Write(const Statement& statement, std::span<const Param> params, std::optional<Error> if_none);
  // Queues an update that changes nothing until Finish: it only locks the row, and
  // the later the better. Once for each row is enough.
  void Touch(const Statement& statement, std::span<const Param> params);
  // Sends what is queued but the touches; does not wait.
  void Flush();
  // Sends all, before a COMMIT.
  void Finish();

  // Announces a query.
  void Expect(const Statement& statement, std::span<const Param> params);
  // The answer to a query, or to any other statement, which is then run now, after
  // all that is queued; nullptr after a failure of the connection's.
  std::shared_ptr<const Answer> Ask(const Statement& statement, std::span<const Param> params);

 private:
  using ShapePtr = std::shared_ptr<const StatementShape>;

  // A statement with its rows of parameters.
  struct Group {
    Group(ShapePtr of, const WireParams& params);
    void Add(const WireParams& params);
    // Puts the rows in the order of their keys.
    void Sort();
    // Whether one more row of this statement has its place here.
    bool Takes(const StatementShape& other, const WireParams& params) const;

    ShapePtr shape;
    std::vector<PostgresType> types;
    std::vector<std::vector<std::string>> rows;
    std::size_t size_bytes = 0;  // of the rows
    std::vector<Error> if_none;  // of writes: one for each row, or none at all
    RowFootprint footprint;      // of writes
  };

  // Announced queries of one text.
  struct Expected {
    Group group;
    std::vector<std::string> keys;
  };

  struct Known {
    ShapePtr shape;  // by whose place in memory it is found
    std::shared_ptr<const Answer> answer;
    std::size_t writes_before = 0;  // groups of writes that it can have seen
  };

  Group* GroupFor(const ShapePtr& shape, const WireParams& params, bool checked);
  // Whether a write after the first `begin` groups may concern what the query reads.
  bool MayHaveChanged(const StatementShape& shape, const WireParams& params, std::size_t begin) const;
  void Send(const Group& group, PostgresConnection::Wanted wanted, bool numbered);
  // Remembers what a statement that has been sent by itself may have changed.
  void NoteSent(const ShapePtr& shape, const WireParams& params);
  void AskExpected();
  static std::vector<Expected> Single(std::vector<Expected> expected);
  void Learn(const Expected& expected, const std::shared_ptr<const pg_result>& result);
  void ForgetReads();

  PostgresConnection& connection_;
  std::deque<Group> writes_;  // in their order; those before sent_ have been sent
  std::size_t sent_ = 0;
  std::size_t waiting_bytes_ = 0;  // of those that have not been sent
  std::vector<Group> touches_;
  std::vector<Expected> expected_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace quartet::storage

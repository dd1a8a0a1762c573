// Whatever a backend puts together, keeps back or remembers: to an operation it
// is as if each statement ran at its turn. Scripts made by chance, on few rows so
// that they meet, give the same answers everywhere.
#include <algorithm>
#include <array>
#include <cstdint>
#include <future>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/database_contract.h"

namespace quartet::test {
namespace {

using storage::Blob;
using storage::Deletes;
using storage::Inserts;
using storage::Param;
using storage::Reads;
using storage::Row;
using storage::Statement;
using storage::Transaction;
using storage::Updates;
using storage::Upserts;

constexpr int kScripts = 12;
constexpr int kOperations = 40;
constexpr int kStatementsMax = 14;
constexpr int kTogetherMax = 6;

struct Form {
  enum class Kind { kQuery, kRun, kChange, kExecute, kTouch };
  Kind kind;
  Statement statement;
  std::string_view params;  // i: an id, k: a kind, n: a number, b: bytes

  std::string_view sql() const { return statement.sql(); }
};

using enum Form::Kind;
constexpr std::array kForms = {
    Form{kQuery,
         {"SELECT id, kind, number, bytes FROM thing WHERE id = $1 ORDER BY kind", Reads("thing").By("id", 1)},
         "i"},
    Form{kQuery,
         {"SELECT number FROM thing WHERE id = $1 AND kind = $2", Reads("thing").By("id", 1).By("kind", 2)},
         "ik"},
    Form{kQuery,
         {"SELECT id FROM thing WHERE kind = $1 ORDER BY number, id LIMIT 2",
          Reads("thing", "id, kind, number").By("kind", 1)},
         "k"},
    Form{kQuery,
         {"SELECT id, kind FROM thing WHERE number = $1 AND bytes <> '' ORDER BY id, kind LIMIT $2",
          Reads("thing").By("number", 1)},
         "nk"},
    Form{kQuery,
         {"SELECT COUNT(*), MAX(number) FROM thing WHERE kind = $1 AND (number = $2 OR id > $3)",
          Reads("thing").By("kind", 1)},
         "kni"},
    Form{kQuery, {"SELECT COUNT(*), MAX(id) FROM thing", Reads("thing")}, ""},
    Form{kQuery, "SELECT COUNT(*), MAX(number) FROM thing", ""},
    Form{kQuery, "SELECT bytes FROM thing WHERE id = $1 AND kind = $2", "ik"},
    Form{kRun,
         {"INSERT INTO thing (id, kind, number, bytes) VALUES ($1, $2, $3, $4)",
          Inserts("thing").By("id", 1).By("kind", 2)},
         "iknb"},
    Form{kRun,
         {"INSERT INTO thing (id, kind, number, bytes) VALUES ($1, $2, 7, $3) ON CONFLICT (id, kind) DO NOTHING",
          Inserts("thing").By("id", 1).By("kind", 2)},
         "ikb"},
    Form{kRun,
         {"INSERT INTO thing (id, kind, number, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT (id, kind) DO UPDATE SET "
          "number = excluded.number, bytes = excluded.bytes",
          Upserts("thing").By("id", 1).By("kind", 2)},
         "iknb"},
    Form{kRun,
         {"UPDATE thing SET number = $3, bytes = $4 WHERE id = $1 AND kind = $2",
          Updates("thing", "number, bytes").By("id", 1).By("kind", 2)},
         "iknb"},
    Form{kRun, {"UPDATE thing SET number = number + $2 WHERE id = $1", Updates("thing", "number").By("id", 1)}, "in"},
    Form{kRun, {"UPDATE thing SET bytes = $2 WHERE number = $1", Updates("thing", "bytes").By("number", 1)}, "nb"},
    Form{kRun, "UPDATE thing SET bytes = $2 WHERE id = $1", "ib"},
    Form{kRun, {"DELETE FROM thing WHERE id = $1 AND kind = $2", Deletes("thing").By("id", 1).By("kind", 2)}, "ik"},
    Form{kRun, {"DELETE FROM thing WHERE number = $1", Deletes("thing").By("number", 1)}, "n"},
    Form{kChange,
         {"UPDATE thing SET number = number + 1 WHERE id = $1 AND kind = $2",
          Updates("thing", "number").By("id", 1).By("kind", 2)},
         "ik"},
    Form{kChange,
         {"DELETE FROM thing WHERE id = $1 AND number = $2", Deletes("thing").By("id", 1).By("number", 2)},
         "in"},
    Form{kExecute, {"UPDATE thing SET bytes = $2 WHERE id = $1", Updates("thing", "bytes").By("id", 1)}, "ib"},
    Form{kExecute, {"DELETE FROM thing WHERE id = $1 AND kind > $2", Deletes("thing").By("id", 1)}, "ik"},
    Form{kTouch, {"UPDATE thing SET number = number WHERE id = $1", Updates("thing", "number").By("id", 1)}, "i"},
};

// Frequent enough that most operations succeed.
bool IsRare(const Form& form) {
  return form.kind == kChange || form.sql().ends_with("($1, $2, $3, $4)");
}

struct Step {
  const Form* form = nullptr;
  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;
  bool expected = false;

  std::vector<Param> Params() const {
    std::vector<Param> params;
    for (std::size_t i = 0; i < form->params.size(); ++i) {
      switch (form->params[i]) {
        case 'i':
          params.emplace_back(std::string_view(texts[i]));
          break;
        case 'b':
          params.emplace_back(Blob{texts[i]});
          break;
        default:
          params.emplace_back(numbers[i]);
      }
    }
    return params;
  }
};

using Operation = std::vector<Step>;

Step MakeStep(std::minstd_rand& random) {
  const auto pick = [&](int count) { return std::uniform_int_distribution<int>(0, count - 1)(random); };
  Step statement;
  do {
    statement.form = &kForms[static_cast<std::size_t>(pick(std::ssize(kForms)))];
  } while (IsRare(*statement.form) && pick(8) > 0);
  for (const char kind : statement.form->params) {
    statement.numbers.push_back(kind == 'k' ? 1 + pick(3) : pick(9));
    statement.texts.push_back(kind == 'i' ? "id" + std::to_string(pick(5))
                                          : std::string(1, static_cast<char>(pick(256))));
  }
  statement.expected = pick(2) == 0;
  return statement;
}

std::vector<Operation> MakeScript(unsigned seed) {
  std::minstd_rand random(seed);
  std::vector<Operation> script(kOperations);
  for (Operation& operation : script) {
    operation.resize(1 + random() % kStatementsMax);
    for (Step& statement : operation) statement = MakeStep(random);
  }
  return script;
}

Status RunStatement(Transaction& transaction, const Step& statement, std::string& log) {
  const auto params = statement.Params();
  const Statement& sql = statement.form->statement;
  switch (statement.form->kind) {
    case kQuery:
      log += "?";
      return transaction.Query(sql, params, [&](const Row& row) {
        const std::string_view end = sql.sql().substr(0, sql.sql().find(" FROM"));
        const auto columns = std::count(end.begin(), end.end(), ',') + 1;
        for (int column = 0; column < columns; ++column)
          log.append(row.IsNull(column) ? "null" : row.String(column)).append(",");
        log += ";";
      });
    case kRun:
      return transaction.Run(sql, params);
    case kTouch:
      return transaction.Touch(sql, params);
    case kChange:
      return transaction.Change(sql, params, Aborted("NONE", statement.texts.front()));
    case kExecute: {
      QUARTET_ASSIGN_OR_RETURN(const std::int64_t changed, transaction.Execute(sql, params));
      log += "=" + std::to_string(changed);
      return {};
    }
  }
  return {};
}

void ExpectReads(Transaction& transaction, const Operation& operation) {
  for (const Step& statement : operation) {
    if (statement.expected && statement.form->kind == kQuery) {
      const auto params = statement.Params();
      transaction.Expect(statement.form->statement, params);
    }
  }
}

class DatabaseOrder : public DatabaseContract {
 protected:
  // What every operation read, or that it failed, and what there is in the end.
  std::vector<std::string> Play(const std::vector<Operation>& script, std::minstd_rand random) {
    std::vector<std::string> log(script.size());
    for (std::size_t begin = 0; begin < script.size();) {
      const std::size_t end = std::min(script.size(), begin + 1 + random() % kTogetherMax);
      std::vector<std::promise<Status>> results(end - begin);
      {
        const HeldWriter held(*database_);
        for (std::size_t i = begin; i < end; ++i) {
          database_->Enqueue({.run = [&, i](Transaction& transaction) -> Status {
                                log[i].clear();
                                for (const Step& statement : script[i])
                                  QUARTET_RETURN_IF_ERROR(RunStatement(transaction, statement, log[i]));
                                return {};
                              },
                              .expect = [&, i](Transaction& transaction) { ExpectReads(transaction, script[i]); },
                              .done = [&, i](Status status) { results[i - begin].set_value(std::move(status)); }});
        }
      }
      for (std::size_t i = begin; i < end; ++i) {
        const Status status = results[i - begin].get_future().get();
        // What a failing operation has read before is nobody's business.
        if (!status.ok()) log[i] = status.error().reason + " " + status.error().message;
      }
      begin = end;
    }
    std::string& rest = log.emplace_back();
    EXPECT_TRUE(database_
                    ->Read([&](Transaction& transaction) {
                      return transaction.Query("SELECT id, kind, number, bytes FROM thing ORDER BY id, kind", {},
                                               [&](const Row& row) {
                                                 for (int i = 0; i < 4; ++i) rest += row.String(i) + ",";
                                               });
                    })
                    .ok());
    return log;
  }

  void MakeTable() {
    ASSERT_TRUE(database_
                    ->Write([](Transaction& transaction) {
                      return transaction.Run(
                          "CREATE TABLE thing (id TEXT NOT NULL, kind BIGINT NOT NULL, number BIGINT NOT NULL, "
                          "bytes BYTEA NOT NULL, PRIMARY KEY (id, kind))");
                    })
                    .ok());
  }
};

TEST_P(DatabaseOrder, ScriptsGiveTheAnswersThatTheirStatementsGiveOneByOne) {
  MakeTable();
  const auto reference = EveryDatabaseBackend().front().make();
  auto one_by_one = reference->Open({.batch = 1});
  ASSERT_TRUE(one_by_one.ok());
  int failed = 0;
  for (unsigned seed = 1; seed <= kScripts; ++seed) {
    const auto script = MakeScript(seed);
    const auto log = Play(script, std::minstd_rand(seed));
    std::swap(database_, *one_by_one);
    if (seed == 1) MakeTable();
    const auto expected = Play(script, std::minstd_rand(seed));
    std::swap(database_, *one_by_one);
    for (std::size_t i = 0; i < log.size(); ++i)
      ASSERT_EQ(log[i], expected[i]) << "script " << seed << ", operation " << i;
    failed += static_cast<int>(std::ranges::count_if(log, [](const auto& line) { return line.starts_with("NONE"); }));
  }
  // Otherwise nothing was proved about failures.
  EXPECT_GT(failed, kScripts);
}

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DatabaseOrder);

}  // namespace
}  // namespace quartet::test

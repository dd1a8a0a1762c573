#include "tests/bench/monolith/monolith.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "common/base/clock.h"
#include "tests/bench/machine/postgres_counts.h"
#include "tests/bench/monolith/conversion_records.h"
#include "tests/bench/monolith/database.h"
#include "tests/bench/suite/made_leads.h"

namespace quartet::bench {
namespace {

using Records = std::vector<resource::Record>;

constexpr int kMonolithListOfLeads = 7;
constexpr double kMonolithReserve = 1.6;
constexpr double kMonolithFirstGuess = 4'000;
constexpr std::size_t kCopyRows = 20'000;
constexpr Duration kMonolithWarmUp{0.5};
constexpr const char* kDatabase = "quartet_monolith";

// What one thread needs.
struct Worker {
  explicit Worker(const std::string& address) : session(address) {}

  PgSession session;
  const SystemClock clock;
  UuidV7Source ids{clock};
};

// All that a conversion writes, made before the run: what is measured is the way to the database and its work.
struct Prepared {
  ConversionRecords records;
  std::vector<identity::Identity> account_identities;
};

void Insert(PgSession& session, const char* statement, const resource::Record& record) {
  PgParams row;
  AddRow(record, row);
  session.Run(statement, row);
}

// Converts by statements; false if another conversion has opened the same account meanwhile, and all is to be done
// again.
bool TryByStatements(Worker& worker, const Prepared& prepared, const std::string& request_id) {
  PgSession& session = worker.session;
  const ConversionRecords& records = prepared.records;
  session.Run("begin");
  const PgRows lead = session.Run("lock_lead", PgParams().Text(records.lead.id));
  if (lead.size() != 1 || lead.Number(0, 0) != records.lead.version - 1)
    throw std::runtime_error("a lead is not as it was");
  PgParams account_keys;
  AddIdentities(prepared.account_identities, account_keys);
  if (session.Run("find_account", account_keys).size() == 0) {
    account_keys.Text(records.account->id);
    if (session.Run("claim_for_account", account_keys).changed() == 0) {
      session.Script("ROLLBACK");
      return false;
    }
    Insert(session, "insert_account", *records.account);
  }
  PgParams contact_keys;
  AddIdentities(records.contact.identities, contact_keys);
  if (session.Run("find_contact", contact_keys).size() > 0) throw std::runtime_error("a contact is there already");
  contact_keys.Text(records.contact.id);
  session.Run("claim_for_contact", contact_keys);
  Insert(session, "insert_contact", records.contact);
  Insert(session, "insert_opportunity", records.opportunity);
  session.Run("close_lead", PgParams()
                                .Text(records.lead.id)
                                .Number(records.lead.version)
                                .Number(records.lead.update_time_us)
                                .Bytes(records.lead.bytes)
                                .Number(std::get<std::int64_t>(records.lead.columns.front())));
  session.Run("remember_request", PgParams().Text(request_id).Text(records.lead.id).Text(records.qualification_id));
  const std::string events_id = worker.ids.NewUuid();
  session.Run("insert_events", PgParams().Text(events_id).Number(records.lead.update_time_us).Bytes(records.events));
  session.Run("commit");
  return true;
}

// Leads of one company share its account, whoever opens it.
std::vector<Prepared> PrepareAll(const Records& leads,
                                 std::map<std::vector<identity::Identity>, std::string>& accounts) {
  const SystemClock clock;
  UuidV7Source ids(clock);
  std::vector<Prepared> prepared;
  for (const resource::Record& lead : leads) {
    auto identities = AccountIdentities(lead);
    auto [account, is_new] = accounts.try_emplace(identities);
    if (is_new) account->second = ids.NewUuid();
    prepared.push_back({Convert(lead, account->second, /*account_opened=*/true, ids, clock.NowMicros()), identities});
  }
  return prepared;
}

void ConvertByFunction(Worker& worker, const Prepared& prepared, const std::string& request_id) {
  const ConversionRecords& records = prepared.records;
  PgParams params;
  params.Text(request_id).Text(records.qualification_id);
  params.Text(records.lead.id).Number(records.lead.version).Number(records.lead.update_time_us);
  params.Bytes(records.lead.bytes).Number(std::get<std::int64_t>(records.lead.columns.front()));
  params.Text(records.account->id).Bytes(records.account->bytes);
  AddColumns(records.account->columns, params);
  AddIdentities(prepared.account_identities, params);
  params.Text(records.contact.id).Bytes(records.contact.bytes);
  AddColumns(records.contact.columns, params);
  AddIdentities(records.contact.identities, params);
  params.Text(records.opportunity.id).Bytes(records.opportunity.bytes);
  AddColumns(records.opportunity.columns, params);
  const std::string events_id = worker.ids.NewUuid();
  params.Text(events_id).Bytes(records.events);
  worker.session.Run("qualify", params);
}

class Monolith {
 public:
  Monolith(const std::string& server, const Disk& disk, const std::stop_token& stop)
      : server_(server), disk_(disk), stop_(stop), admin_(server) {
    admin_.Script("SET client_min_messages TO warning");
    admin_.Script(fmt::format("DROP DATABASE IF EXISTS {}", kDatabase));
    admin_.Script(fmt::format("CREATE DATABASE {}", kDatabase));
    session_ = std::make_unique<PgSession>(Address());
    if (session_->Number("SELECT count(*) FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit') AND "
                         "setting = 'on'") != 2) {
      throw std::runtime_error("the monolith's server does not make its commits durable");
    }
    MakeMonolithTables(*session_);
  }

  ~Monolith() {
    session_.reset();
    try {
      admin_.Script(fmt::format("DROP DATABASE IF EXISTS {}", kDatabase));
    } catch (const std::exception& error) {
      fmt::print(stderr, "the database of the monolith stays: {}\n", error.what());
    }
  }
  Monolith(const Monolith&) = delete;
  Monolith& operator=(const Monolith&) = delete;

  MonolithRun RunOnce(const MonolithPoint& point, Duration length) {
    double& fastest = fastest_[point.how];
    const double guess = fastest > 0 ? fastest * kMonolithReserve : kMonolithFirstGuess;
    const Records leads = MakeLeads(static_cast<std::size_t>(guess * length.count()) + 100);
    const std::vector<Prepared> prepared = PrepareAll(leads, accounts_);
    const auto convert = [&](Worker& worker, std::size_t index) {
      const std::string request_id = worker.ids.NewUuid();
      if (point.how == MonolithPoint::How::kFunction) {
        ConvertByFunction(worker, prepared[index], request_id);
        return;
      }
      while (!TryByStatements(worker, prepared[index], request_id)) {
      }
    };
    MonolithRun run = Run(point.connections, prepared.size(), length, convert);
    fastest = std::max(fastest, run.load.PerSecond());
    converted_ += run.load.counted;
    CheckAll();
    return run;
  }

 private:
  std::string Address() const { return fmt::format("{} dbname={}", server_, kDatabase); }

  Records MakeLeads(std::size_t count) {
    Records leads;
    while (leads.size() < count) {
      Records part;
      for (std::size_t i = 0; i < std::min(kCopyRows, count - leads.size()); ++i)
        part.push_back(LeadRecord(source_.Next(), ids_.NewUuid(), clock_.NowMicros()));
      CopyLeads(*session_, RowsOf(part));
      std::ranges::move(part, std::back_inserter(leads));
    }
    session_->Script("ANALYZE");
    return leads;
  }

  // A run that did not write what it says is no measurement.
  void CheckAll() {
    for (const char* what : {"lead.lead WHERE state = 2", "contact.contact", "opportunity.opportunity", "events.outbox",
                             "qualification.request"}) {
      if (session_->Number(fmt::format("SELECT count(*) FROM {}", what)) != converted_)
        throw std::runtime_error(fmt::format("the monolith has not converted what it says: {}", what));
    }
  }

  // `convert` does the work at an index below `count`.
  MonolithRun Run(int connections, std::size_t count, Duration length,
                  const std::function<void(Worker&, std::size_t)>& convert) {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int i = 0; i < connections; ++i) {
      workers.push_back(std::make_unique<Worker>(Address()));
      PrepareMonolith(workers.back()->session);
    }
    const Processes processes;
    const CostMeter meter(processes, disk_, [this] { return PostgresCounts(*session_, kDatabase); });
    MonolithRun run;
    std::mutex mutex;
    std::exception_ptr failure;
    std::atomic<std::size_t> next = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto work = [&](Worker& worker) {
      std::vector<double> latencies;
      try {
        while (!stop_.stop_requested() && std::chrono::steady_clock::now() - start < length) {
          const std::size_t index = next.fetch_add(1);
          if (index >= count) break;
          const auto begun = std::chrono::steady_clock::now();
          convert(worker, index);
          latencies.push_back(Duration(std::chrono::steady_clock::now() - begun).count());
        }
      } catch (...) {
        const std::scoped_lock lock(mutex);
        failure = std::current_exception();
      }
      const std::scoped_lock lock(mutex);
      run.load.latencies.insert(run.load.latencies.end(), latencies.begin(), latencies.end());
    };
    {
      std::vector<std::jthread> threads;
      for (const auto& worker : workers) threads.emplace_back(work, std::ref(*worker));
    }
    run.load.length = std::chrono::steady_clock::now() - start;
    if (failure) std::rethrow_exception(failure);
    std::ranges::sort(run.load.latencies);
    run.load.calls = run.load.counted = std::ssize(run.load.latencies);
    run.cost = meter.PerUnit(static_cast<double>(std::max<std::int64_t>(run.load.counted, 1)));
    return run;
  }

  const std::string server_;
  const Disk& disk_;
  const std::stop_token& stop_;
  PgSession admin_;
  std::unique_ptr<PgSession> session_;
  SystemClock clock_;
  UuidV7Source ids_{clock_};
  MadeLeads source_{Companies::kShared, kMonolithListOfLeads};
  std::map<std::vector<identity::Identity>, std::string> accounts_;
  std::map<MonolithPoint::How, double> fastest_;
  std::int64_t converted_ = 0;
};

}  // namespace

const MonolithRun& MonolithResult::Median() const {
  std::vector<const MonolithRun*> sorted;
  for (const MonolithRun& run : runs) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const MonolithRun* run) { return run->load.PerSecond(); });
  return *sorted.at((sorted.size() - 1) / 2);
}

std::vector<MonolithResult> MeasureMonolith(const std::string& server, const std::vector<MonolithPoint>& points,
                                            int rounds, Duration length, const Disk& disk,
                                            const std::stop_token& stop) {
  Monolith monolith(server, disk, stop);
  // Plans are made for tables as they are: not for empty ones.
  monolith.RunOnce({.how = MonolithPoint::How::kStatements, .connections = 8}, std::min(length, kMonolithWarmUp));
  std::vector<MonolithResult> results;
  for (const MonolithPoint& point : points) results.push_back({point, {}});
  for (int round = 0; round < rounds; ++round) {
    for (MonolithResult& result : results) {
      if (!stop.stop_requested()) result.runs.push_back(monolith.RunOnce(result.point, length));
    }
  }
  return results;
}

}  // namespace quartet::bench

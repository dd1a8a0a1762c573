#include <nlohmann/json.hpp>

#include "tests/bench/report/report.h"

namespace quartet::bench {
namespace {

using Json = nlohmann::ordered_json;

double Micros(Duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

Json LoadJson(const LoadResult& load) {
  return {{"calls", load.calls},
          {"failures", load.failures},
          {"refused", load.refused},
          {"seconds", load.length.count()},
          {"per_second", load.PerSecond()},
          {"p50_us", Micros(load.Percentile(0.50))},
          {"p90_us", Micros(load.Percentile(0.90))},
          {"p95_us", Micros(load.Percentile(0.95))},
          {"p99_us", Micros(load.Percentile(0.99))},
          {"max_us", Micros(load.Percentile(1))}};
}

void AddCostJson(const Cost& cost, Json& json) {
  json["busy_cores"] = cost.busy_cores;
  json["other_cores"] = cost.other_cores;
  json["per_conversion"] = {{"cpu_us", cost.cpu_us},
                            {"write_calls", cost.write_calls},
                            {"disk_flushes", cost.disk_flushes},
                            {"written_bytes", cost.written_bytes},
                            {"counts", cost.counts}};
}

const char* CompaniesName(Companies companies) {
  return companies == Companies::kShared ? "shared" : "distinct";
}

Json RunJson(const ConversionRun& run) {
  Json json = LoadJson(run.load);
  json["conversions"] = run.load.counted;
  json["settle_seconds"] = run.settle_seconds;
  AddCostJson(run.cost, json);
  return json;
}

Json ConversionJson(const ConversionResult& result) {
  Json json = {{"companies", CompaniesName(result.point.companies)},
               {"method", result.point.batch == 0 ? "QualifyLead" : "BatchQualifyLeads"},
               {"open", result.point.in_flight},
               {"leads_per_call", std::max(1, result.point.batch)},
               {"calls_per_second_wanted", result.point.rate},
               {"runs", Json::array()}};
  for (const ConversionRun& run : result.runs) json["runs"].push_back(RunJson(run));
  if (!result.runs.empty()) json["median"] = RunJson(result.Median());
  return json;
}

Json CallJson(const CallResult& result) {
  Json json = {{"method", result.point.method},
               {"open", result.point.in_flight},
               {"request_bytes", result.request_bytes},
               {"runs", Json::array()}};
  for (const CallRun& run : result.runs) {
    json["runs"].push_back({{"ratio", run.Ratio()}, {"service", LoadJson(run.service)}, {"echo", LoadJson(run.echo)}});
  }
  if (!result.runs.empty()) {
    json["response_bytes"] = result.Median().service.response_bytes;
    json["median_ratio"] = result.Median().Ratio();
  }
  return json;
}

Json ResidentJson(const std::map<std::string, ProcessUsage>& usage, std::int64_t ProcessUsage::*bytes) {
  Json json = Json::object();
  for (const auto& [name, used] : usage) json[name] = used.*bytes;
  return json;
}

Json SuiteJson(const SuiteReport& suite) {
  Json json = {{"store", suite.store},
               {"peak_per_second", suite.Peak()},
               {"imported_leads_per_second", suite.imported_per_second},
               {"idle_resident_bytes", ResidentJson(suite.idle, &ProcessUsage::resident_bytes)},
               {"loaded_resident_bytes", ResidentJson(suite.loaded, &ProcessUsage::resident_bytes)},
               {"peak_resident_bytes", ResidentJson(suite.loaded, &ProcessUsage::peak_resident_bytes)},
               {"start_seconds", {{"empty", suite.start_empty}, {"filled", suite.start_filled}}},
               {"conversions", Json::array()},
               {"offered", Json::array()},
               {"half_load", nullptr},
               {"calls", Json::array()}};
  for (const ConversionResult& result : suite.conversions) json["conversions"].push_back(ConversionJson(result));
  for (const ConversionResult& step : suite.offered.steps) {
    json["offered"].push_back(ConversionJson(step));
    json["offered"].back()["kept_up"] = KeptUp(step);
  }
  if (!suite.offered.half.runs.empty()) json["half_load"] = ConversionJson(suite.offered.half);
  for (const CallResult& result : suite.calls) json["calls"].push_back(CallJson(result));
  json["import"] = {{"limit", suite.imports.limit_name}, {"rows", suite.imports.rows}, {"runs", Json::array()}};
  for (const ImportResult::Run& run : suite.imports.runs) {
    json["import"]["runs"].push_back(
        {{"service_per_second", run.service}, {"limit_per_second", run.limit}, {"ratio", run.Ratio()}});
  }
  return json;
}

Json MonolithJson(const MonolithResult& result) {
  Json json = {{"how", result.point.how == MonolithPoint::How::kStatements ? "statements" : "function"},
               {"connections", result.point.connections},
               {"runs", Json::array()}};
  for (const MonolithRun& run : result.runs) {
    json["runs"].push_back(LoadJson(run.load));
    AddCostJson(run.cost, json["runs"].back());
  }
  return json;
}

Json SizeJson(const SizeResult& size) {
  Json json = {{"store", size.store},
               {"records", size.records},
               {"fill_seconds", size.fill_seconds},
               {"start_seconds", size.start_seconds},
               {"data_bytes", size.data_bytes},
               {"calls", Json::object()}};
  for (const auto& [method, runs] : size.runs) {
    for (const SizeResult::Run& run : runs) {
      json["calls"][method].push_back(LoadJson(run.load));
      json["calls"][method].back()["cpu_us"] = run.cpu_us;
      json["calls"][method].back()["written_bytes"] = run.written_bytes;
    }
  }
  return json;
}

Json BacklogJson(const BacklogResult& result) {
  Json json = {{"store", result.store},
               {"peak_per_second", result.peak},
               {"overload", Json::array()},
               {"away",
                {{"pause_seconds", result.away.pause_seconds},
                 {"per_second_wanted", result.away.rate},
                 {"load", LoadJson(result.away.load)},
                 {"worked_off_seconds", result.away.worked_off_seconds},
                 {"orchestrator_peak_bytes", result.away.orchestrator_peak_bytes},
                 {"moments", Json::array()}}}};
  for (const OverloadStep& step : result.overload) {
    Json one = LoadJson(step.load);
    one["what"] = step.what;
    one["per_second_wanted"] = step.rate;
    one["refusal_p99_us"] = Micros(step.load.RefusalPercentile(0.99));
    one["settle_seconds"] = step.settle_seconds;
    one["orchestrator_bytes"] = step.orchestrator_bytes;
    json["overload"].push_back(std::move(one));
  }
  for (const BacklogMoment& moment : result.away.moments) {
    json["away"]["moments"].push_back({{"when", moment.when},
                                       {"pending", moment.pending},
                                       {"get", LoadJson(moment.get)},
                                       {"list", LoadJson(moment.list)},
                                       {"orchestrator_bytes", moment.orchestrator_bytes},
                                       {"redis_bytes", moment.redis_bytes}});
  }
  return json;
}

Json ReplicasJson(const ReplicasResult& result) {
  Json json = {{"replicas", result.point.replicas},
               {"partitions", result.point.partitions},
               {"records", result.point.records},
               {"open", result.point.open},
               {"companies", CompaniesName(result.point.companies)},
               {"runs", Json::array()}};
  for (const ConversionRun& run : result.runs) json["runs"].push_back(RunJson(run));
  return json;
}

}  // namespace

std::string ToJson(const Report& report) {
  Json json = {{"time", report.machine.time},
               {"machine",
                {{"cores", report.machine.cores},
                 {"processor", report.machine.processor},
                 {"memory_bytes", report.machine.memory_bytes},
                 {"kernel", report.machine.kernel},
                 {"file_system", report.disk.file_system},
                 {"device", report.disk.device},
                 {"sync_p50_us", report.disk.sync_p50_us},
                 {"sync_p99_us", report.disk.sync_p99_us}}},
               {"seconds_per_run", report.seconds},
               {"rounds", report.rounds},
               {"failures", report.Failures()},
               {"suites", Json::array()}};
  for (const SuiteReport& suite : report.suites) json["suites"].push_back(SuiteJson(suite));
  json["monolith"] = Json::array();
  for (const MonolithResult& result : report.monolith) json["monolith"].push_back(MonolithJson(result));
  json["sizes"] = Json::array();
  for (const SizeResult& size : report.sizes) json["sizes"].push_back(SizeJson(size));
  json["replicas"] = Json::array();
  for (const ReplicasResult& result : report.replicas) json["replicas"].push_back(ReplicasJson(result));
  json["backlog"] = Json::array();
  for (const BacklogResult& result : report.backlog) json["backlog"].push_back(BacklogJson(result));
  json["instructions"] = Json::array();
  for (const Instructions& counted : report.instructions) {
    json["instructions"].push_back(
        {{"open", counted.open}, {"conversions", counted.conversions}, {"per_conversion", counted.per_conversion}});
  }
  return json.dump(2) + "\n";
}

}  // namespace quartet::bench

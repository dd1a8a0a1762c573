#include <nlohmann/json.hpp>

#include "tests/bench/report.h"

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

Json RunJson(const ConversionRun& run) {
  Json json = LoadJson(run.load);
  json["conversions"] = run.load.counted;
  json["settle_seconds"] = run.settle_seconds;
  json["busy_cores"] = run.busy_cores;
  json["other_cores"] = run.other_cores;
  json["per_conversion"] = {{"cpu_us", run.cost.cpu_us},
                            {"write_calls", run.cost.write_calls},
                            {"redis_commands", run.cost.redis_commands},
                            {"disk_flushes", run.cost.disk_flushes},
                            {"written_bytes", run.cost.written_bytes},
                            {"data_bytes", run.cost.data_bytes}};
  return json;
}

Json ConversionJson(const ConversionResult& result) {
  Json json = {{"companies", result.point.companies == Companies::kShared ? "shared" : "distinct"},
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

Json ResidentJson(const std::map<std::string, ProcessUsage>& usage) {
  Json json = Json::object();
  for (const auto& [name, used] : usage) json[name] = used.resident_bytes;
  return json;
}

Json SuiteJson(const SuiteReport& suite) {
  Json json = {{"store", suite.store},
               {"peak_per_second", suite.Peak()},
               {"imported_leads_per_second", suite.imported_per_second},
               {"idle_resident_bytes", ResidentJson(suite.idle)},
               {"loaded_resident_bytes", ResidentJson(suite.loaded)},
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
  return json.dump(2) + "\n";
}

}  // namespace quartet::bench

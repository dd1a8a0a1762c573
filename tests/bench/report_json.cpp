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
          {"seconds", load.length.count()},
          {"per_second", load.PerSecond()},
          {"p50_us", Micros(load.Percentile(0.50))},
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
               {"in_flight", result.point.in_flight},
               {"leads_per_call", std::max(1, result.point.batch)},
               {"calls_per_second_wanted", result.point.rate},
               {"runs", Json::array()}};
  for (const ConversionRun& run : result.runs) json["runs"].push_back(RunJson(run));
  if (!result.runs.empty()) json["median"] = RunJson(result.Median());
  return json;
}

Json CallJson(const CallResult& result) {
  Json json = {{"method", result.point.method},
               {"in_flight", result.point.in_flight},
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
               {"imported_leads_per_second", report.imported_per_second},
               {"idle_resident_bytes", ResidentJson(report.idle)},
               {"loaded_resident_bytes", ResidentJson(report.loaded)},
               {"conversions", Json::array()},
               {"half_load", nullptr},
               {"calls", Json::array()}};
  for (const ConversionResult& result : report.conversions) json["conversions"].push_back(ConversionJson(result));
  if (report.half_load) json["half_load"] = ConversionJson(*report.half_load);
  for (const CallResult& result : report.calls) json["calls"].push_back(CallJson(result));
  return json.dump(2) + "\n";
}

}  // namespace quartet::bench

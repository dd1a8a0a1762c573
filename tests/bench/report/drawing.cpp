#include <algorithm>

#include <fmt/core.h>

#include "tests/bench/report/plot.h"
#include "tests/bench/report/report.h"
#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

constexpr double kAimP50Ms = 5;
constexpr double kAimP99Ms = 20;
constexpr double kAimSizeRatio = 1.2;

struct Percent {
  const char* name;
  double fraction;
};

constexpr Percent kPercents[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};

constexpr std::pair<MonolithPoint::How, const char*> kMonoliths[] = {
    {MonolithPoint::How::kStatements, "monolith, statements"}, {MonolithPoint::How::kFunction, "monolith, function"}};

PlotPanel LatencyPanel(const Report& report) {
  PlotPanel panel{.title = "Latency by offered load, from the moment a call was due",
                  .x_label = "conversions per second, offered",
                  .y_label = "milliseconds",
                  .y_logarithmic = true,
                  .lines = {},
                  .levels = {{"aim p50, half load", kAimP50Ms}, {"aim p99, half load", kAimP99Ms}}};
  int color = 0;
  for (const SuiteReport& suite : report.suites) {
    int dash = 2;
    for (const Percent& percent : kPercents) {
      PlotLine line{
          .name = fmt::format("{} {}", suite.store, percent.name), .points = {}, .color = color, .dash = dash--};
      for (const ConversionResult& step : suite.offered.steps) {
        if (step.Median().load.latencies.empty()) continue;
        line.points.emplace_back(step.point.rate, Millis(step.Median().load.Percentile(percent.fraction)));
      }
      panel.lines.push_back(std::move(line));
    }
    ++color;
  }
  return panel;
}

PlotPanel ThroughputPanel(const Report& report) {
  PlotPanel panel{.title = "Done by offered load",
                  .x_label = "conversions per second, offered",
                  .y_label = "conversions per second, done",
                  .lines = {},
                  .levels = {}};
  double most = 0;
  int color = 0;
  for (const SuiteReport& suite : report.suites) {
    PlotLine line{.name = suite.store, .points = {}, .color = color++};
    for (const ConversionResult& step : suite.offered.steps) {
      line.points.emplace_back(step.point.rate, step.Median().load.PerSecond());
      most = std::max(most, line.points.back().second);
    }
    panel.lines.push_back(std::move(line));
  }
  for (const auto& [how, name] : kMonoliths) {
    if (const MonolithResult* fastest = report.FastestMonolith(how))
      panel.levels.push_back({name, fastest->Median().load.PerSecond()});
  }
  if (most > 0) {
    panel.lines.push_back(
        {.name = "all that is offered", .points = {{0, 0}, {most, most}}, .color = 7, .dash = 2, .markers = false});
  }
  return panel;
}

PlotBars CostBars(const Report& report) {
  std::vector<std::pair<std::string, const std::map<std::string, double>*>> costs;
  for (const SuiteReport& suite : report.suites) {
    if (const ConversionResult* fastest = suite.Fastest())
      costs.emplace_back(suite.store, &fastest->Median().cost.cpu_us);
  }
  for (const auto& [how, name] : kMonoliths) {
    if (const MonolithResult* fastest = report.FastestMonolith(how))
      costs.emplace_back(name, &fastest->Median().cost.cpu_us);
  }
  PlotBars bars{.title = "CPU per conversion by process, at the fastest rate",
                .x_label = "microseconds",
                .parts = {},
                .bars = {}};
  for (const auto& [name, cpu_us] : costs) {
    for (const auto& [process, us] : *cpu_us) {
      if (std::ranges::find(bars.parts, process) == bars.parts.end()) bars.parts.push_back(process);
    }
  }
  for (const auto& [name, cpu_us] : costs) {
    PlotBars::Bar bar{.name = name, .values = {}};
    for (const std::string& part : bars.parts) {
      const auto found = cpu_us->find(part);
      bar.values.push_back(found == cpu_us->end() ? 0 : found->second);
    }
    bars.bars.push_back(std::move(bar));
  }
  return bars;
}

PlotBars ReplicasBars(const Report& report) {
  PlotBars bars{.title = "CPU per conversion by replicas, partitions and records, PostgreSQL",
                .x_label = "microseconds",
                .parts = {"services", "redis-server", "postgres"},
                .bars = {}};
  for (const ReplicasResult& result : report.replicas) {
    if (result.runs.empty()) continue;
    const ConversionRun& run = result.Median();
    const double redis_us = run.cost.cpu_us.at("redis-server");
    const double postgres_us = run.cost.cpu_us.at("postgres");
    bars.bars.push_back({.name = fmt::format("{} × {} × {}, {} open{}", result.point.replicas, result.point.partitions,
                                             result.point.records, result.point.open,
                                             result.point.companies == Companies::kShared ? "" : ", new companies"),
                         .values = {ReplicasResult::CpuMicros(run) - redis_us - postgres_us, redis_us, postgres_us}});
  }
  return bars;
}

PlotPanel SizesPanel(const Report& report) {
  PlotPanel panel{.title = "CPU per call by size, of the smallest",
                  .x_label = "conversions that a suite holds, millions",
                  .y_label = "ratio",
                  .lines = {},
                  .levels = {{"aim", kAimSizeRatio}}};
  const SizeResult* smallest = nullptr;
  std::map<std::pair<std::string, std::string>, PlotLine> lines;
  for (const SizeResult& size : report.sizes) {
    if (smallest == nullptr || smallest->store != size.store) smallest = &size;
    for (const auto& [method, runs] : size.runs) {
      PlotLine& line = lines[{size.store, method}];
      line.name = fmt::format("{} {}", size.store, method);
      line.points.emplace_back(size.records / 1e6, size.Median(method).cpu_us / smallest->Median(method).cpu_us);
    }
  }
  int color = 0;
  for (auto& [key, line] : lines) {
    line.color = color++;
    line.dash = key.first == kEmbedded ? 0 : 1;
    panel.lines.push_back(std::move(line));
  }
  return panel;
}

}  // namespace

std::string ToSvg(const Report& report) {
  return DrawSvg("Quartet: conversions",
                 fmt::format("{}, {} cores ({}), {:.1f} s at each point", report.machine.time, report.machine.cores,
                             report.machine.processor, report.seconds),
                 {LatencyPanel(report), ThroughputPanel(report), SizesPanel(report)},
                 {CostBars(report), ReplicasBars(report)});
}

}  // namespace quartet::bench

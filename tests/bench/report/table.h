// The parts of the table that ToTable prints, one function for each.
#pragma once

#include <chrono>
#include <iterator>
#include <map>
#include <numeric>
#include <string>

#include "tests/bench/report/report.h"

namespace quartet::bench {

using TableOut = std::back_insert_iterator<std::string>;

inline double Millis(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

inline double Sum(const std::map<std::string, double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double sum, const auto& entry) { return sum + entry.second; });
}

void AddConversions(TableOut out, const SuiteReport& suite);
void AddOffered(TableOut out, const SuiteReport& suite);
// What one conversion costs; `title` says whose.
void AddCost(TableOut out, const std::string& title, const Cost& cost);
void AddMonolith(TableOut out, const Report& report);
void AddInstructions(TableOut out, const Report& report);
void AddSizes(TableOut out, const Report& report);
void AddReplicas(TableOut out, const Report& report);
void AddBacklog(TableOut out, const Report& report);
// What counts most, of all that was measured.
void AddHeadline(TableOut out, const Report& report);
void AddCalls(TableOut out, const SuiteReport& suite);
void AddImport(TableOut out, const SuiteReport& suite);

}  // namespace quartet::bench

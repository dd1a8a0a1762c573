#pragma once

#include "services/quartet/check/checker.h"
#include "services/quartet/output/console.h"
#include "services/quartet/output/output.h"

namespace quartet::cli {

// Writes the findings: a table with what to do below it, a JSON array, or CSV.
void WriteFindings(const Console& console, Format format, const std::vector<Finding>& findings);

// One line on what was walked and what came of it.
std::string Summary(const Checker& checker, std::chrono::duration<double> time);

}  // namespace quartet::cli

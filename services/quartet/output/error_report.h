#pragma once

#include <string>

#include "common/base/result.h"

namespace quartet::cli {

struct Console;

// Writes an error to console.err for a person: what happened, the reason to look up, every field that is wrong, the
// records it names, and what to do next. Returns the exit code that fits.
int ReportError(const Console& console, const Error& error);

// An error of one of many items in one line: "message [REASON]; field: what is wrong".
std::string ErrorLine(const Error& error);

// The violations alone, each "field: what is wrong".
std::string ViolationText(const FieldViolation& violation);

// An error in the command line or in a file named there.
Error UsageError(std::string message);

}  // namespace quartet::cli

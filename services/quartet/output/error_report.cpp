#include "services/quartet/output/error_report.h"

#include <ostream>

#include <fmt/core.h>

#include "services/quartet/connection/rpc.h"
#include "services/quartet/output/console.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

constexpr std::string_view kUsage = "USAGE";

// The message without what the violations say again.
std::string FullMessage(const Error& error) {
  const bool repeats =
      !error.violations.empty() && error.message.find(error.violations[0].description) != std::string::npos;
  return repeats ? "some of the input is wrong" : Printable(error.message);
}

std::string Label(const Error& error) {
  return error.reason.empty() ? std::string(CodeName(error.code)) : error.reason;
}

int ReportUnreachable(const Console& console, const Error& error) {
  console.err << fmt::format(
      "{} cannot reach the {} service at {}.\n"
      "  Is the suite running? `quartet status` shows it, `deploy/local/up` starts it.\n"
      "  If it runs elsewhere: --base-port N (or QUARTET_BASE_PORT) and --host HOST (or QUARTET_HOST).\n",
      console.ErrTint("quartet:", Tint::kBad), error.metadata.at("service"), error.metadata.at("address"));
  return kExitUnreachable;
}

}  // namespace

int ReportError(const Console& console, const Error& error) {
  const std::string prefix = console.ErrTint("quartet:", Tint::kBad);
  if (error.reason == kUnreachable) return ReportUnreachable(console, error);
  if (error.reason == kUsage) {
    console.err << prefix << ' ' << Printable(error.message) << '\n';
    for (const auto& violation : error.violations) console.err << "  " << ViolationText(violation) << '\n';
    return kExitUsage;
  }
  console.err << fmt::format("{} {} [{}]\n", prefix, FullMessage(error), Label(error));
  for (const auto& violation : error.violations) console.err << "  " << ViolationText(violation) << '\n';
  for (const auto& [key, value] : error.metadata) {
    console.err << fmt::format("  {}: {}\n", Printable(key), Printable(value));
  }
  if (error.retry_after) {
    console.err << fmt::format("  Trying again helps, from {:g} s on.\n",
                               std::chrono::duration<double>(*error.retry_after).count());
  }
  if (error.reason == kInterrupted) return kExitInterrupted;
  return error.code == Code::kDeadlineExceeded || error.code == Code::kUnavailable ? kExitUnreachable : kExitFailed;
}

std::string ErrorLine(const Error& error) {
  std::string line = fmt::format("{} [{}]", FullMessage(error), Label(error));
  for (const auto& violation : error.violations) line += "; " + ViolationText(violation);
  return line;
}

std::string ViolationText(const FieldViolation& violation) {
  if (violation.field.empty()) return Printable(violation.description);
  return fmt::format("{}: {}", Printable(violation.field), Printable(violation.description));
}

Error UsageError(std::string message) {
  return Error{.code = Code::kInvalidArgument, .reason = std::string(kUsage), .message = std::move(message)};
}

}  // namespace quartet::cli

#include "services/quartet/output/progress.h"

#include <algorithm>
#include <ostream>

#include <fmt/core.h>

#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

constexpr std::size_t kProgressWidthMax = 40;
constexpr std::string_view kClearLine = "\r\x1b[2K";

}  // namespace

Progress::Progress(const Console& console, std::string label, std::size_t total)
    : console_(console), label_(std::move(label)), total_(total), begin_(std::chrono::steady_clock::now()) {
  Draw();
}

Progress::~Progress() {
  Finish();
}

void Progress::Update(std::size_t done) {
  done_ = done;
  Draw();
}

void Progress::Message(std::string_view line) {
  Clear();
  console_.err << line << '\n';
  Draw();
}

void Progress::Finish() {
  Clear();
  console_.err.flush();
}

void Progress::Draw() {
  if (!console_.err_is_terminal || total_ == 0) return;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  std::string figures = fmt::format("{:3}%  {}/{}", done_ * 100 / total_, done_, total_);
  if (done_ > 0 && seconds > 0) {
    const double rate = static_cast<double>(done_) / seconds;
    figures += fmt::format("  {:.0f}/s  {:.0f} s left", rate, static_cast<double>(total_ - done_) / rate);
  }
  const std::size_t taken = label_.size() + figures.size() + 6;
  const std::size_t width = console_.err_width > taken ? std::min(kProgressWidthMax, console_.err_width - taken) : 0;
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < width * done_ / total_ ? "█" : "░";
  console_.err << kClearLine
               << Truncate(fmt::format("{}  {}  {}", label_, bar, figures),
                           std::max<std::size_t>(1, console_.err_width - 1))
               << std::flush;
  drawn_ = true;
}

void Progress::Clear() {
  if (drawn_) console_.err << kClearLine;
  drawn_ = false;
}

}  // namespace quartet::cli

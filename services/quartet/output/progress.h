#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "services/quartet/output/console.h"

namespace quartet::cli {

// A bar on the last line of a terminal at console.err; nothing where that is none. Other messages meanwhile go through
// Message, so that they stand above the bar.
class Progress {
 public:
  // `label` says what is done ("Importing"), `total` how many items there are.
  Progress(const Console& console, std::string label, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` items are finished now.
  void Update(std::size_t done);

  // Writes a line to console.err.
  void Message(std::string_view line);

  // Takes the bar away.
  void Finish();

 private:
  void Draw();
  void Clear();

  const Console& console_;
  std::string label_;
  std::size_t total_;
  std::size_t done_ = 0;
  std::chrono::steady_clock::time_point begin_;
  bool drawn_ = false;
};

}  // namespace quartet::cli

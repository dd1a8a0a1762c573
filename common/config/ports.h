#pragma once

#include <array>
#include <string_view>

namespace quartet::config {

inline constexpr int kDefaultBasePort = 7400;
inline constexpr int kRedisPortOffset = 9;

// The five services; a service listens on the base port plus its place here.
inline constexpr std::array<std::string_view, 5> kServices = {"lead", "contact", "account", "opportunity",
                                                              "qualification"};

// The port of one of kServices, or of "redis". -1 for any other name.
constexpr int DefaultPort(std::string_view name, int base_port) {
  if (name == "redis") return base_port + kRedisPortOffset;
  for (std::size_t place = 0; place < kServices.size(); ++place) {
    if (kServices[place] == name) return base_port + static_cast<int>(place);
  }
  return -1;
}

}  // namespace quartet::config

#include "tests/bench/report/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <numeric>
#include <string_view>

#include <fmt/format.h>

namespace quartet::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr double kWidth = 860;
constexpr double kLeft = 84;
constexpr double kPlotWidth = 560;
constexpr double kPlotHeight = 250;
constexpr double kRight = kLeft + kPlotWidth;
constexpr double kPanelHead = 44;
constexpr double kPanelFoot = 66;
constexpr double kBarHeight = 22;
constexpr double kBarGap = 12;
constexpr double kLegendRow = 20;
constexpr double kHead = 64;
constexpr int kTicks = 6;
constexpr double kCharacterWidth = 6.6;

// Hues that differ in lightness too, each with enough contrast against white and against black.
constexpr std::array<std::string_view, 8> kPalette = {"#2f7ed8", "#d9822b", "#2e9e6b", "#b04fc0",
                                                      "#c8434a", "#8a8f2a", "#2aa1b3", "#8c6d5a"};
constexpr std::array<std::string_view, 3> kDashes = {"", "7 4", "2 4"};

constexpr std::string_view kStyle = R"(<style>
  text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #767676 }
  .title { font-size: 18px; font-weight: 600 }
  .panel { font-size: 14px; font-weight: 600 }
  .grid { stroke: #808080; stroke-opacity: .22 }
  .axis { stroke: #808080; fill: none }
  .level { stroke: #808080; stroke-dasharray: 1 3; stroke-width: 1.5 }
</style>
)";

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '&')
      escaped += "&amp;";
    else if (c == '<')
      escaped += "&lt;";
    else
      escaped += c;
  }
  return escaped;
}

std::string_view Color(int index) {
  return kPalette[static_cast<std::size_t>(index) % kPalette.size()];
}

void Text(Out out, double x, double y, std::string_view text, std::string_view attributes = "") {
  fmt::format_to(out, "<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, attributes, Escaped(text));
}

void Segment(Out out, double x1, double y1, double x2, double y2, std::string_view attributes) {
  fmt::format_to(out, "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}/>\n", x1, y1, x2, y2,
                 attributes);
}

// 1234567 as 1,234,567; small values with the digits they need.
std::string Number(double value) {
  if (value != 0 && std::abs(value) < 10 && value != std::round(value)) return fmt::format("{:.2g}", value);
  std::string digits = fmt::format("{:.0f}", value);
  for (auto place = static_cast<int>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), ",");
  }
  return digits;
}

// One direction of a plot: what value lies where, and which values are written on it.
class Scale {
 public:
  static Scale Linear(double most) {
    const double rough = std::max(most, 1e-9) / kTicks;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double nice = rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1;
    Scale scale;
    for (double tick = 0; tick < most + nice * power * 0.999; tick += nice * power) scale.ticks_.push_back(tick);
    return scale;
  }

  // From one power of ten to another, ticks at 1, 2 and 5 between them.
  static Scale Logarithmic(double least, double most) {
    Scale scale;
    scale.logarithmic_ = true;
    const std::array<double, 3> steps = {1, 2, 5};
    for (int power = static_cast<int>(std::floor(std::log10(least)));; ++power) {
      for (const double step : steps) {
        const double tick = step * std::pow(10, power);
        if (tick * 2.5 < least) continue;
        scale.ticks_.push_back(tick);
        if (tick >= most) return scale;
      }
    }
  }

  const std::vector<double>& ticks() const { return ticks_; }

  // 0 at the first tick, 1 at the last.
  double Place(double value) const {
    const double first = Transformed(ticks_.front());
    return (Transformed(std::clamp(value, ticks_.front(), ticks_.back())) - first) /
           (Transformed(ticks_.back()) - first);
  }

 private:
  double Transformed(double value) const { return logarithmic_ ? std::log10(value) : value; }

  bool logarithmic_ = false;
  std::vector<double> ticks_;
};

class PanelDrawing {
 public:
  PanelDrawing(Out out, const PlotPanel& panel, double top)
      : out_(out),
        panel_(panel),
        top_(top + kPanelHead),
        x_(Scale::Linear(Most(&std::pair<double, double>::first))),
        y_(ScaleOfY()) {}

  void Draw() const {
    Text(out_, kLeft, top_ - 18, panel_.title, "class=\"panel\"");
    Axes();
    for (const PlotLevel& level : panel_.levels) Level(level);
    for (const PlotLine& line : panel_.lines) Line(line);
    Legend();
  }

 private:
  double Most(double std::pair<double, double>::*member) const {
    double most = 0;
    for (const PlotLine& line : panel_.lines) {
      for (const auto& point : line.points) most = std::max(most, point.*member);
    }
    return most;
  }

  Scale ScaleOfY() const {
    double most = Most(&std::pair<double, double>::second);
    double least = most;
    for (const PlotLevel& level : panel_.levels) {
      most = std::max(most, level.y);
      least = std::min(least, level.y);
    }
    for (const PlotLine& line : panel_.lines) {
      for (const auto& point : line.points) least = std::min(least, point.second);
    }
    return panel_.y_logarithmic && least > 0 ? Scale::Logarithmic(least, most) : Scale::Linear(most);
  }

  double X(double value) const { return kLeft + x_.Place(value) * kPlotWidth; }
  double Y(double value) const { return top_ + (1 - y_.Place(value)) * kPlotHeight; }

  void Axes() const {
    for (const double tick : y_.ticks()) {
      Segment(out_, kLeft, Y(tick), kRight, Y(tick), "class=\"grid\"");
      Text(out_, kLeft - 8, Y(tick) + 4, Number(tick), "text-anchor=\"end\"");
    }
    const double bottom = top_ + kPlotHeight;
    for (const double tick : x_.ticks()) {
      Segment(out_, X(tick), bottom, X(tick), bottom + 5, "class=\"axis\"");
      Text(out_, X(tick), bottom + 19, Number(tick), "text-anchor=\"middle\"");
    }
    Segment(out_, kLeft, bottom, kRight, bottom, "class=\"axis\"");
    Text(out_, (kLeft + kRight) / 2, bottom + 40, panel_.x_label, "text-anchor=\"middle\"");
    const double middle = top_ + kPlotHeight / 2;
    Text(out_, 20, middle, panel_.y_label,
         fmt::format("text-anchor=\"middle\" transform=\"rotate(-90 20 {:.1f})\"", middle));
  }

  void Level(const PlotLevel& level) const {
    Segment(out_, kLeft, Y(level.y), kRight, Y(level.y), "class=\"level\"");
    Text(out_, kRight + 8, Y(level.y) + 4, level.name);
  }

  void Line(const PlotLine& line) const {
    std::string points;
    for (const auto& [x, y] : line.points) fmt::format_to(std::back_inserter(points), "{:.1f},{:.1f} ", X(x), Y(y));
    fmt::format_to(out_, "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\" {}/>\n", points,
                   Color(line.color), Dash(line));
    if (!line.markers) return;
    for (const auto& [x, y] : line.points) {
      fmt::format_to(out_, "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"{}\"/>\n", X(x), Y(y),
                     Color(line.color));
    }
  }

  static std::string Dash(const PlotLine& line) {
    const std::string_view dash = kDashes[static_cast<std::size_t>(line.dash) % kDashes.size()];
    return dash.empty() ? "" : fmt::format("stroke-dasharray=\"{}\"", dash);
  }

  // Beside the plot, from the top; the levels' names keep to their places.
  void Legend() const {
    double y = top_ + 6;
    for (const PlotLine& line : panel_.lines) {
      if (line.name.empty()) continue;
      for (const PlotLevel& level : panel_.levels) {
        if (std::abs(Y(level.y) - y) < 15) y = Y(level.y) + 20;
      }
      fmt::format_to(
          out_, "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" stroke-width=\"2\" {}/>\n",
          kRight + 8, y, kRight + 36, y, Color(line.color), Dash(line));
      Text(out_, kRight + 42, y + 4, line.name);
      y += kLegendRow;
    }
  }

  Out out_;
  const PlotPanel& panel_;
  const double top_;
  const Scale x_;
  const Scale y_;
};

double SumOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Where the legend of bars goes: under the axis, as many names to a line as fit.
std::vector<std::vector<std::size_t>> LegendRows(const std::vector<std::string>& parts) {
  std::vector<std::vector<std::size_t>> rows(1);
  double x = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const double width = 36 + kCharacterWidth * static_cast<double>(parts[i].size());
    if (x > 0 && x + width > kWidth - kLeft) {
      rows.emplace_back();
      x = 0;
    }
    rows.back().push_back(i);
    x += width;
  }
  return rows;
}

double HeightOf(const PlotBars& bars) {
  return kPanelHead + static_cast<double>(bars.bars.size()) * (kBarHeight + kBarGap) + kPanelFoot +
         static_cast<double>(LegendRows(bars.parts).size()) * kLegendRow;
}

void DrawBars(Out out, const PlotBars& bars, double top) {
  Text(out, kLeft, top + kPanelHead - 18, bars.title, "class=\"panel\"");
  double most = 0;
  std::size_t longest = 0;
  for (const PlotBars::Bar& bar : bars.bars) {
    most = std::max(most, SumOf(bar.values));
    longest = std::max(longest, bar.name.size());
  }
  const double left = std::max(kLeft, 20 + kCharacterWidth * static_cast<double>(longest));
  const Scale scale = Scale::Linear(most);
  const auto place = [&](double value) { return left + scale.Place(value) * (kWidth - 90 - left); };
  const double first = top + kPanelHead;
  const double bottom = first + static_cast<double>(bars.bars.size()) * (kBarHeight + kBarGap);
  for (const double tick : scale.ticks()) {
    Segment(out, place(tick), first, place(tick), bottom, "class=\"grid\"");
    Text(out, place(tick), bottom + 18, Number(tick), "text-anchor=\"middle\"");
  }
  Text(out, (left + kWidth - 90) / 2, bottom + 38, bars.x_label, "text-anchor=\"middle\"");
  double y = first + kBarGap / 2;
  for (const PlotBars::Bar& bar : bars.bars) {
    Text(out, left - 8, y + kBarHeight / 2 + 4, bar.name, "text-anchor=\"end\"");
    double sum = 0;
    for (std::size_t part = 0; part < bar.values.size(); ++part) {
      const double start = place(sum);
      sum += bar.values[part];
      fmt::format_to(out, "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"/>\n", start,
                     y, std::max(0.0, place(sum) - start - 1), kBarHeight, Color(static_cast<int>(part)));
    }
    Text(out, place(sum) + 6, y + kBarHeight / 2 + 4, Number(sum));
    y += kBarHeight + kBarGap;
  }
  y = bottom + kPanelFoot;
  if (bars.parts.size() < 2) return;
  for (const auto& row : LegendRows(bars.parts)) {
    double x = kLeft;
    for (const std::size_t part : row) {
      fmt::format_to(out, "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"12\" height=\"12\" fill=\"{}\"/>\n", x, y - 10,
                     Color(static_cast<int>(part)));
      Text(out, x + 17, y, bars.parts[part]);
      x += 36 + kCharacterWidth * static_cast<double>(bars.parts[part].size());
    }
    y += kLegendRow;
  }
}

bool HasPoints(const PlotPanel& panel) {
  return std::ranges::any_of(panel.lines, [](const PlotLine& line) { return !line.points.empty(); });
}

}  // namespace

std::string DrawSvg(const std::string& title, const std::string& subtitle, const std::vector<PlotPanel>& panels,
                    const std::vector<PlotBars>& bars) {
  std::string body;
  const Out out(body);
  Text(out, 20, 30, title, "class=\"title\"");
  Text(out, 20, 50, subtitle);
  double top = kHead;
  for (const PlotPanel& panel : panels) {
    if (!HasPoints(panel)) continue;
    PanelDrawing(out, panel, top).Draw();
    top += kPanelHead + kPlotHeight + kPanelFoot;
  }
  for (const PlotBars& group : bars) {
    if (group.bars.empty()) continue;
    DrawBars(out, group, top);
    top += HeightOf(group);
  }
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n{2}{3}</svg>\n",
      kWidth, top + 10, kStyle, body);
}

}  // namespace quartet::bench

// Plots as SVG text: panels with axes, lines, bars and a legend, readable on a light and on a dark page. Knows
// nothing of what is shown.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace quartet::bench {

struct PlotLine {
  std::string name;                               // in the legend; "" keeps it out
  std::vector<std::pair<double, double>> points;  // from left to right
  int color = 0;                                  // index into the palette
  int dash = 0;                                   // 0 solid, 1 dashed, 2 dotted
  bool markers = true;
};

// A value that is marked by a thin line over the whole width.
struct PlotLevel {
  std::string name;
  double y = 0;
};

struct PlotPanel {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool y_logarithmic = false;
  std::vector<PlotLine> lines;
  std::vector<PlotLevel> levels;
};

// Parts on top of each other, one bar for each row.
struct PlotBars {
  std::string title;
  std::string x_label;
  std::vector<std::string> parts;  // legend
  struct Bar {
    std::string name;
    std::vector<double> values;  // of the parts
  };
  std::vector<Bar> bars;
};

// One picture, the panels and then the bars below each other. Panels without points and bars without rows are left out.
std::string DrawSvg(const std::string& title, const std::string& subtitle, const std::vector<PlotPanel>& panels,
                    const std::vector<PlotBars>& bars);

}  // namespace quartet::bench

#include "services/quartet/shell/help.h"

#include <CLI/CLI.hpp>

namespace quartet::cli {
namespace {

class ExamplesFirst final : public CLI::Formatter {
 public:
  ExamplesFirst() { column_width(34); }

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return CLI::Formatter::make_help(app, name, mode);
    const std::string examples = app->get_footer();
    return (examples.empty() ? "" : "Examples:\n" + examples + "\n") + CLI::Formatter::make_help(app, name, mode);
  }

  // "{skip,update}" instead of "ACTION:{skip,update}"; a positional says by its name what it is.
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_positional()) return option->get_required() ? "" : " (optional)";
    std::string text = CLI::Formatter::make_option_opts(option);
    const auto choices = text.find(":{");
    if (choices != std::string::npos) text.erase(1, choices);
    return text;
  }

  std::string make_footer(const CLI::App* app) const override {
    return app->get_parent() == nullptr ? "" : "Options of every command (--base-port, --timeout …): quartet --help\n";
  }
};

}  // namespace

void UseExamplesFirstHelp(CLI::App& root) {
  root.formatter(std::make_shared<ExamplesFirst>());
}

void SetExamples(CLI::App& command, const std::vector<std::string>& examples) {
  std::string text;
  for (const auto& example : examples) text += "  " + example + "\n";
  command.footer(text);
}

}  // namespace quartet::cli

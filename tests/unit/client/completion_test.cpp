#include "services/quartet/shell/completion.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/quartet/cli.h"
#include "services/quartet/connection/session.h"
#include "tests/support/temp_directory.h"

namespace quartet::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

class CliCompletion : public ::testing::Test {
 protected:
  CliCompletion() { AddCommands(root_, session_); }

  // What bash offers for the last of `words`.
  std::vector<std::string> InBash(const std::string& words) {
    const std::string script = (directory_.path() / "completion.bash").string();
    std::ofstream(script) << BashCompletion(CompletionNodes(root_));
    const std::string command =
        "bash -c 'compopt() { :; }; source " + script + "; COMP_WORDS=(" + words +
        "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _quartet; printf \"%s\\n\" \"${COMPREPLY[@]}\"'";
    std::vector<std::string> offers;
    FILE* pipe = popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer;
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), count);
    EXPECT_EQ(pclose(pipe), 0);
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      if (!line.empty()) offers.push_back(line);
    }
    return offers;
  }

  Session session_;
  CLI::App root_;
  test::TempDirectory directory_;
};

TEST_F(CliCompletion, BashOffersCommandsBelowTheOneTyped) {
  EXPECT_THAT(InBash("quartet pi"), ElementsAre("pipeline"));
  EXPECT_THAT(InBash("quartet lead im"), ElementsAre("import"));
  EXPECT_THAT(InBash("quartet opportunity \"\""), Contains("win"));
  EXPECT_THAT(InBash("quartet opportunity \"\""), Not(Contains("import")));
}

TEST_F(CliCompletion, BashOffersOptionsOfTheCommandAndOfAll) {
  EXPECT_THAT(InBash("quartet lead import --on"), ElementsAre("--on-duplicate"));
  EXPECT_THAT(InBash("quartet lead import leads.csv --base"), ElementsAre("--base-port"));
}

TEST_F(CliCompletion, BashOffersTheValuesOfAnOption) {
  EXPECT_THAT(InBash("quartet lead list --output \"\""), ElementsAre("table", "json", "csv"));
  EXPECT_THAT(InBash("quartet lead list --output = j"), ElementsAre("json"));
  EXPECT_THAT(InBash("quartet lead import --on-duplicate u"), ElementsAre("update"));
  EXPECT_THAT(InBash("quartet lead disqualify --reason c"), ElementsAre("cannot-contact", "canceled"));
  EXPECT_THAT(InBash("quartet completion z"), ElementsAre("zsh"));
  EXPECT_THAT(InBash("quartet dead-letters list --service a"), ElementsAre("account"));
}

TEST_F(CliCompletion, BashOffersFilesWhereOneIsExpected) {
  const std::string file = (directory_.path() / "fair.csv").string();
  std::ofstream(file) << "x";
  const std::string start = (directory_.path() / "fa").string();
  EXPECT_THAT(InBash("quartet lead import " + start), ElementsAre(file));
  EXPECT_THAT(InBash("quartet lead create --json " + start), ElementsAre(file));
  EXPECT_THAT(InBash("quartet lead get " + start), SizeIs(0));
}

TEST_F(CliCompletion, EveryCommandHasAScriptForEveryShell) {
  const auto nodes = CompletionNodes(root_);
  for (const auto& script : {BashCompletion(nodes), ZshCompletion(nodes), FishCompletion(nodes)}) {
    for (const auto& node : nodes) EXPECT_THAT(script, HasSubstr("'" + node.path + "'"));
  }
}

TEST_F(CliCompletion, HelpOfEveryCommandBeginsWithExamples) {
  std::vector<const CLI::App*> open = {&root_};
  while (!open.empty()) {
    const auto* app = open.back();
    open.pop_back();
    EXPECT_THAT(app->help(), StartsWith("Examples:\n  quartet ")) << app->get_name();
    for (const auto* child : app->get_subcommands([](const CLI::App*) { return true; })) open.push_back(child);
  }
}

}  // namespace
}  // namespace quartet::cli

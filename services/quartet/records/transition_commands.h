#pragma once

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds the methods that move a record from state to state.

// disqualify, reactivate.
void AddLeadTransitions(CLI::App& group, Session& session);

// move, win, lose, reopen.
void AddOpportunityTransitions(CLI::App& group, Session& session);

// cancel, revert.
void AddQualificationTransitions(CLI::App& group, Session& session);

}  // namespace quartet::cli

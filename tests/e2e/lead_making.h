#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/suite/clients.h"

namespace quartet::test {

// Somebody with a company, an e-mail and a phone of their own; `number` tells
// them apart.
lead::v1::Lead MakeLead(int number);

// Creates a lead; its name. Throws std::runtime_error if the call fails.
std::string CreateLead(SuiteClients& clients, const lead::v1::Lead& lead);

// Creates `count` leads, made by MakeLead with numbers from `first` on; their names.
std::vector<std::string> CreateLeads(SuiteClients& clients, int first, int count);

// Runs `task(0)` to `task(count - 1)` on `threads` threads; returns when all are done.
// Throws what a task has thrown.
void RunOnThreads(int threads, int count, const std::function<void(int)>& task);

}  // namespace quartet::test

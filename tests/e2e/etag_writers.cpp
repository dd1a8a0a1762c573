#include "tests/e2e/etag_writers.h"

#include <functional>
#include <random>

#include <fmt/core.h>

#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using account::v1::Account;
using account::v1::AccountService;

// Well below what notes may have.
constexpr std::size_t kNotesMax = 20'000;

std::string Bracketed(const std::string& marker) {
  return "[" + marker + "]";
}

}  // namespace

EtagWriters::EtagWriters(SuiteClients& clients, int threads) : clients_(clients) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this, i] { Work(i); });
}

EtagWriters::~EtagWriters() {
  over_ = true;
}

void EtagWriters::Work(int thread) {
  std::mt19937 random(static_cast<unsigned>(thread));
  for (int round = 0; !over_; ++round) {
    std::vector<std::string> names;
    try {
      for (const auto& [name, account] : ListAccounts(clients_)) {
        names.push_back(name);
        Saw(account);
      }
    } catch (const CallFailed&) {  // a service is away
    }
    for (int i = 0; i < 20 && !names.empty() && !over_; ++i)
      ChangeOne(names[random() % names.size()], fmt::format("{}.{}.{}", thread, round, i));
  }
}

void EtagWriters::ChangeOne(const std::string& name, const std::string& marker) {
  account::v1::GetAccountRequest get;
  get.set_name(name);
  const auto read = Call(*clients_.accounts, &AccountService::Stub::GetAccount, get);
  if (!read.ok()) return;
  Saw(*read);
  account::v1::UpdateAccountRequest update;
  update.mutable_account()->set_name(name);
  update.mutable_account()->set_etag(read->etag());
  const bool begins = read->notes().size() > kNotesMax;
  update.mutable_account()->set_notes(begins ? marker + ";" : read->notes() + Bracketed(marker));
  update.mutable_update_mask()->add_paths("notes");
  if (begins) {
    // It may take effect though its answer is lost.
    const std::lock_guard lock(mutex_);
    notes_[name].beginnings[marker] = std::stoll(read->etag());
  }
  const auto written = Call(*clients_.accounts, &AccountService::Stub::UpdateAccount, update);
  if (!written.ok()) return;
  ++acknowledged_;
  if (!begins) {
    const std::lock_guard lock(mutex_);
    notes_[name].markers[marker] = std::stoll(written->etag());
  }
  Saw(*written);
}

void EtagWriters::Saw(const Account& account) {
  const std::string key = account.name() + " at etag " + account.etag();
  const std::size_t content = std::hash<std::string>()(account.SerializeAsString());
  const std::int64_t version = std::stoll(account.etag());
  const std::lock_guard lock(mutex_);
  const auto [known, is_new] = contents_.try_emplace(key, content);
  if (known->second != content) violations_.push_back(key + " has two contents");
  Notes& notes = notes_[account.name()];
  // What was there before its beginning has been replaced, not lost.
  const auto begun = notes.beginnings.find(account.notes().substr(0, account.notes().find(';')));
  if (begun != notes.beginnings.end())
    std::erase_if(notes.markers, [&](const auto& entry) { return entry.second <= begun->second; });
  for (const auto& [marker, made] : notes.markers) {
    if (made <= version && account.notes().find(Bracketed(marker)) == std::string::npos)
      violations_.push_back(fmt::format("{} has lost {}, which made etag {}", key, marker, made));
  }
}

std::vector<std::string> EtagWriters::Stop() {
  over_ = true;
  threads_.clear();
  for (const auto& [name, account] : ListAccounts(clients_)) Saw(account);
  return violations_;
}

}  // namespace quartet::test

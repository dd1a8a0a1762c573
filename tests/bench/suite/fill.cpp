#include "tests/bench/suite/fill.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <stdexcept>

#include "common/base/clock.h"
#include "common/resource/resource_name.h"
#include "tests/bench/monolith/conversion_rows.h"
#include "tests/bench/sections/handover.h"
#include "tests/bench/suite/fill_store.h"

namespace quartet::bench {
namespace {

constexpr int kFilledListOfLeads = 5;
constexpr int kConversionsPerTransaction = 2'000;
constexpr int kNamesGiven = 2'000;
constexpr std::size_t kPartsAhead = 2;
// The past in which the records were made.
constexpr std::int64_t kPastUs = 365LL * 86'400 * 1'000'000;

// What one transaction of each service writes.
using Part = std::shared_ptr<const std::vector<ConversionRecords>>;

// Gives the ids that a conversion was made with once more; what comes after them is of its events.
class SameIds final : public IdSource {
 public:
  explicit SameIds(const ConversionRecords& made) : ids_{made.qualification_id, made.contact.id, made.opportunity.id} {}
  std::string NewUuid() override { return ids_[std::min(next_++, ids_.size() - 1)]; }

 private:
  const std::array<std::string, 3> ids_;
  std::size_t next_ = 0;
};

// Makes conversions, one after the other, as time passes.
class Maker {
 public:
  explicit Maker(int count) : count_(count), then_(SystemClock().NowMicros() - kPastUs) {}

  // The next ones; empty after `count`.
  std::vector<ConversionRecords> Next() {
    std::vector<ConversionRecords> part;
    for (int i = 0; i < kConversionsPerTransaction && made_ < count_; ++i, ++made_) {
      then_.Advance(kPastUs / count_);
      lead::v1::Lead lead = leads_.Next();
      for (type::v1::PhoneNumber& phone : *lead.mutable_phones()) std::erase(*phone.mutable_number(), ' ');
      auto [account, opens] = accounts_.try_emplace(lead.company());
      if (opens) account->second = ids_.NewUuid();
      const std::string id = ids_.NewUuid();
      const auto record = LeadRecord(lead, id, then_.NowMicros(), Rules::kSpare);
      part.push_back(Convert(record, account->second, opens, ids_, then_.NowMicros(), Rules::kSpare));
      if (i == 0) CheckForm(lead, part.front(), account->second, opens);
      if (made_ % std::max(1, count_ / kNamesGiven) == 0) names_.push_back(resource::NameOf("leads", record.id));
    }
    return part;
  }

  // Of some of the leads, from all over the time that has passed.
  const std::vector<std::string>& names() const { return names_; }

 private:
  // That the rules would have left the fields as they are; one record in a part speaks for the others, which differ in
  // their numbers alone. Throws std::runtime_error.
  static void CheckForm(const lead::v1::Lead& lead, const ConversionRecords& made, const std::string& account,
                        bool opens) {
    const std::int64_t time_us = made.lead.create_time_us;
    SameIds ids(made);
    const auto ruled = Convert(LeadRecord(lead, made.lead.id, time_us), account, opens, ids, time_us);
    if (ruled.lead.bytes != made.lead.bytes || ruled.contact.bytes != made.contact.bytes ||
        ruled.opportunity.bytes != made.opportunity.bytes || (opens && ruled.account->bytes != made.account->bytes)) {
      throw std::runtime_error("the services' rules would change what the databases are filled with");
    }
  }

  const int count_;
  int made_ = 0;
  ManualClock then_;
  UuidV7Source ids_{then_};
  MadeLeads leads_{Companies::kShared, kFilledListOfLeads};
  std::map<std::string, std::string> accounts_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<std::string> Fill(BenchSuite& suite, int count, const std::stop_token& stop) {
  suite.StopServices();
  std::vector<std::unique_ptr<Handover<Part>>> services;
  for (auto& [service, write] : ConversionWriters()) {
    services.push_back(std::make_unique<Handover<Part>>(
        kPartsAhead, [write, store = std::shared_ptr<FillStore>(suite.OpenFill(service))](const Part& part) {
          store->Write([&](storage::Transaction& transaction) -> Status {
            for (const ConversionRecords& records : *part) QUARTET_RETURN_IF_ERROR(write(transaction, records));
            return {};
          });
        }));
  }
  Maker maker(count);
  while (!stop.stop_requested()) {
    const auto part = std::make_shared<const std::vector<ConversionRecords>>(maker.Next());
    if (part->empty()) break;
    for (const auto& service : services) service->Give(part);
  }
  for (const auto& service : services) service->Finish();
  services.clear();
  suite.SettleFill();
  return maker.names();
}

}  // namespace quartet::bench

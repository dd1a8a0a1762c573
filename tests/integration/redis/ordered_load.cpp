#include "tests/integration/redis/ordered_load.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

using std::chrono::milliseconds;

constexpr int kSubjects = 40;
constexpr int kRound = 20;
// A failed call is tried again after this, so that a broker that is away costs little.
constexpr milliseconds kPause{5};

}  // namespace

OrderedLoad::OrderedLoad(events::Bus& publishers, events::Bus& consumers, std::string topic)
    : publishers_(publishers), consumers_(consumers), topic_(std::move(topic)) {
  publisher_ = std::thread([this] { Publish(); });
  consumer_ = std::thread([this] { Consume(); });
}

OrderedLoad::~OrderedLoad() {
  publishing_ = false;
  consuming_ = false;
  if (publisher_.joinable()) publisher_.join();
  if (consumer_.joinable()) consumer_.join();
}

void OrderedLoad::Publish() {
  std::vector<std::int64_t> next(kSubjects, 0);
  for (int subject = 0; publishing_;) {
    std::vector<events::Message> round;
    for (int i = 0; i < kRound; ++i) {
      // Two in a row of each subject, so that there is something to overtake in a round.
      subject = (subject + i % 2) % kSubjects;
      const std::int64_t number = next[static_cast<std::size_t>(subject)]++;
      round.push_back({.id = std::to_string(number),
                       .topic = topic_,
                       .type = "quartet.test.v1.Said",
                       .source = "/test",
                       .subject = "leads/" + std::to_string(subject)});
    }
    while (!publishers_.Publish(round).ok()) {
      ++failures_;
      if (!publishing_) return;
      Eventually([&] { return !publishing_; }, kPause);
    }
    confirmed_ += kRound;
    // Not faster than they are consumed, so that the end is near.
    Eventually([&] { return confirmed_ - arrived_ < 50 * kRound || !publishing_; }, milliseconds(1'000));
  }
}

void OrderedLoad::Consume() {
  const auto subscription = consumers_.Subscribe(topic_, "load", "0");
  while (consuming_) {
    const auto received = subscription->Receive(64, milliseconds(20));
    if (!received.ok()) {
      ++failures_;
      Eventually([&] { return !consuming_; }, kPause);
      continue;
    }
    for (const events::Delivery& delivery : *received) Note(delivery.message);
    if (!received->empty() && !subscription->Acknowledge(*received).ok()) ++failures_;
  }
}

void OrderedLoad::Note(const events::Message& message) {
  const std::int64_t number = std::stoll(message.id);
  const std::lock_guard lock(mutex_);
  std::vector<bool>& seen = seen_[message.subject];
  if (seen.size() <= static_cast<std::size_t>(number)) seen.resize(static_cast<std::size_t>(number) + 1, false);
  if (seen[static_cast<std::size_t>(number)]) return;
  seen[static_cast<std::size_t>(number)] = true;
  ++arrived_;
  std::int64_t& newest = newest_.try_emplace(message.subject, -1).first->second;
  if (number < newest) overtaken_.push_back(message.subject + "#" + message.id);
  newest = std::max(newest, number);
}

bool OrderedLoad::Passed(std::int64_t more) {
  const std::int64_t goal = arrived_ + more;
  return Eventually([&] { return arrived_ >= goal; });
}

bool OrderedLoad::Drain() {
  publishing_ = false;
  publisher_.join();
  return Eventually([&] { return arrived_ >= confirmed_; }, milliseconds(5'000));
}

std::vector<std::string> OrderedLoad::overtaken() {
  const std::lock_guard lock(mutex_);
  return overtaken_;
}

}  // namespace quartet::test

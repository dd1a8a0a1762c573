#include "services/qualification/pending/resend_pace.h"

#include <gtest/gtest.h>

namespace quartet::test {
namespace {

using qualification::ResendPace;
using qualification::v1::ACCOUNT;
using qualification::v1::CONTACT;
using qualification::v1::Participant;

class Resend : public ::testing::Test {
 protected:
  // How many of `wanted` commands are sent.
  int Send(Participant to, int wanted) {
    int sent = 0;
    for (int i = 0; i < wanted; ++i) sent += pace_.MayResend(to, now_us_) ? 1 : 0;
    return sent;
  }

  ResendPace pace_;
  std::int64_t now_us_ = 1'700'000'000'000'000;
};

TEST_F(Resend, OneWhoIsSilentGetsABurstAndThenAFewInEachPeriod) {
  EXPECT_EQ(Send(CONTACT, 10'000), ResendPace::kBurst + ResendPace::kProbes);
  EXPECT_EQ(Send(CONTACT, 10'000), 0);
  now_us_ += ResendPace::kProbePeriod_us - 1;
  EXPECT_EQ(Send(CONTACT, 10'000), 0);
  now_us_ += 1;
  EXPECT_EQ(Send(CONTACT, 10'000), ResendPace::kProbes);
}

TEST_F(Resend, TenMinutesOfSilenceWithTenThousandThatWaitAreAFewThousandCommands) {
  int sent = 0;
  for (int half_minute = 0; half_minute < 20; ++half_minute) {
    sent += Send(CONTACT, 10'000);
    now_us_ += 30'000'000;
  }
  EXPECT_LE(sent, 3'000);
}

TEST_F(Resend, AnAnswerBringsAllAgain) {
  Send(CONTACT, 10'000);
  pace_.Heard(CONTACT);
  EXPECT_EQ(Send(CONTACT, 500), 500);
}

TEST_F(Resend, ServicesAreApart) {
  Send(CONTACT, 10'000);
  pace_.Heard(ACCOUNT);
  EXPECT_EQ(Send(ACCOUNT, 500), 500);
  EXPECT_EQ(Send(CONTACT, 1), 0);
}

TEST_F(Resend, AClockThatIsSetBackSilencesNobody) {
  Send(CONTACT, 10'000);
  now_us_ -= 3'600'000'000;
  EXPECT_EQ(Send(CONTACT, 10'000), ResendPace::kProbes);
}

}  // namespace
}  // namespace quartet::test

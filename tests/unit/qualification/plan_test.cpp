// What a lead becomes, field by field.
#include <gmock/gmock.h>

#include "services/qualification/qualification_plan.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

using qualification::CheckOptions;
using qualification::v1::Plan;
using qualification::v1::Prepare;
using qualification::v1::QualifyOptions;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kQualification[] = "qualifications/q";

// A lead with every field that is carried over.
lead::v1::Lead FullLead() {
  lead::v1::Lead lead = TestLead(1, "Example GmbH");
  lead.mutable_person()->set_prefix("Dr.");
  lead.mutable_emails(0)->set_label("work");
  lead.add_phones()->set_number("+4989123456");
  lead.mutable_address()->set_locality("München");
  lead.set_website("https://example.com");
  lead.set_title("CTO");
  lead.set_source(type::v1::SOURCE_TRADE_SHOW);
  lead.set_source_detail("booth 12");
  lead.set_campaign("Fair");
  lead.set_topic("200 seats");
  lead.set_rating(type::v1::RATING_HOT);
  lead.mutable_estimated_value()->set_currency_code("EUR");
  lead.mutable_estimated_value()->set_units(12'000);
  lead.mutable_expected_close_date()->set_year(2027);
  lead.set_owner("mira");
  lead.add_tags("vip");
  (*lead.mutable_custom_attributes())["floor"] = "3";
  lead.set_notes("met at the bar");
  lead.mutable_next_touch_time()->set_seconds(1'800'000'000);
  return lead;
}

Plan PlanOf(const lead::v1::Lead& lead, const QualifyOptions& options = {}) {
  return qualification::MakePlan(lead, options, kQualification);
}

const Prepare* PartOf(const Plan& plan, Prepare::WorkCase work) {
  for (const Prepare& prepare : plan.prepares()) {
    if (prepare.work_case() == work) return &prepare;
  }
  return nullptr;
}
const Prepare::Account& AccountOf(const Plan& plan) {
  return PartOf(plan, Prepare::kAccount)->account();
}
const Prepare::Contact& ContactOf(const Plan& plan) {
  return PartOf(plan, Prepare::kContact)->contact();
}
const Prepare::Opportunities& OpportunitiesOf(const Plan& plan) {
  return PartOf(plan, Prepare::kOpportunities)->opportunities();
}

template <class Record>
void ExpectCommon(const Record& record) {
  EXPECT_EQ(record.lead(), TestName("leads", 1));
  EXPECT_EQ(record.qualification(), kQualification);
  EXPECT_EQ(record.owner(), "mira");
  EXPECT_THAT(record.tags(), ElementsAre("vip"));
  EXPECT_EQ(record.custom_attributes().at("floor"), "3");
}

TEST(QualificationPlan, TheCompanyBecomesTheAccount) {
  const Plan plan = PlanOf(FullLead());
  const auto& account = AccountOf(plan).record();

  ExpectCommon(account);
  EXPECT_EQ(account.display_name(), "Example GmbH");
  EXPECT_EQ(account.website(), "https://example.com");
  EXPECT_EQ(account.phones(0).number(), "+4989123456");
  EXPECT_EQ(account.address().locality(), "München");
  EXPECT_EQ(account.notes(), "");
}

TEST(QualificationPlan, ThePersonBecomesTheContact) {
  const Plan plan = PlanOf(FullLead());
  const auto& contact = ContactOf(plan).record();

  ExpectCommon(contact);
  EXPECT_EQ(contact.person().prefix(), "Dr.");
  EXPECT_EQ(contact.person().family_name(), "Doe 1");
  EXPECT_EQ(contact.emails(0).label(), "work");
  EXPECT_EQ(contact.phones(0).number(), "+4989123456");
  EXPECT_EQ(contact.title(), "CTO");
  EXPECT_EQ(contact.source(), type::v1::SOURCE_TRADE_SHOW);
  EXPECT_EQ(contact.source_detail(), "booth 12");
  EXPECT_EQ(contact.basis().kind(), contact::v1::Basis::KIND_QUALIFICATION);
  EXPECT_EQ(contact.basis().reference(), kQualification);
  EXPECT_FALSE(contact.has_address()) << "the address is the company's";
  EXPECT_TRUE(ContactOf(plan).has_account());
}

TEST(QualificationPlan, TheInterestBecomesTheOpportunity) {
  const Plan plan = PlanOf(FullLead());
  ASSERT_THAT(OpportunitiesOf(plan).records(), SizeIs(1));
  const auto& opportunity = OpportunitiesOf(plan).records(0);

  ExpectCommon(opportunity);
  EXPECT_EQ(opportunity.display_name(), "200 seats");
  EXPECT_EQ(opportunity.amount().units(), 12'000);
  EXPECT_EQ(opportunity.amount().currency_code(), "EUR");
  EXPECT_EQ(opportunity.expected_close_date().year(), 2027);
  EXPECT_EQ(opportunity.source(), type::v1::SOURCE_TRADE_SHOW);
  EXPECT_EQ(opportunity.source_detail(), "booth 12");
  EXPECT_EQ(opportunity.campaign(), "Fair");
  EXPECT_EQ(opportunity.notes(), "met at the bar");
  EXPECT_EQ(opportunity.next_touch_time().seconds(), 1'800'000'000);
  EXPECT_EQ(opportunity.stage(), "") << "the pipeline's first";
}

TEST(QualificationPlan, WithoutACompanyThereIsNoAccountAndTheAddressIsThePersons) {
  lead::v1::Lead lead = FullLead();
  lead.clear_company();

  const Plan plan = PlanOf(lead);

  EXPECT_EQ(PartOf(plan, Prepare::kAccount), nullptr);
  EXPECT_FALSE(ContactOf(plan).has_account());
  EXPECT_EQ(ContactOf(plan).record().address().locality(), "München");
}

TEST(QualificationPlan, AGivenAccountNeedsNoCompany) {
  lead::v1::Lead lead = FullLead();
  lead.clear_company();
  QualifyOptions options;
  options.set_account(TestName("accounts", 3));
  options.set_contact(TestName("contacts", 4));

  const Plan plan = PlanOf(lead, options);

  EXPECT_EQ(AccountOf(plan).given(), TestName("accounts", 3));
  EXPECT_EQ(ContactOf(plan).given(), TestName("contacts", 4));
  EXPECT_TRUE(ContactOf(plan).has_account());
}

TEST(QualificationPlan, TheEmailsDomainFindsTheCompanyIfThereIsNoWebsite) {
  lead::v1::Lead lead = TestLead(1);
  lead.add_emails()->set_address("jane@GMail.com");
  EXPECT_THAT(AccountOf(PlanOf(lead)).match_domains(), ElementsAre("example.com")) << "free mail names no company";

  lead.set_website("https://other.example.org");
  EXPECT_THAT(AccountOf(PlanOf(lead)).match_domains(), IsEmpty());
}

TEST(QualificationPlan, AnOpportunityIsNamedByWhatTheLeadHas) {
  const auto name_of = [](const lead::v1::Lead& lead) {
    return OpportunitiesOf(PlanOf(lead)).records(0).display_name();
  };
  lead::v1::Lead lead = FullLead();
  lead.clear_topic();
  EXPECT_EQ(name_of(lead), "Example GmbH");
  lead.clear_company();
  EXPECT_EQ(name_of(lead), "Jane Doe 1");
  lead.mutable_person()->clear_given_name();
  EXPECT_EQ(name_of(lead), "Doe 1");
}

TEST(QualificationPlan, OptionsComeBeforeTheLead) {
  QualifyOptions options;
  options.set_owner("otto");
  options.set_duplicate_policy(QualifyOptions::REFUSE);
  options.set_conflict_policy(QualifyOptions::EMAIL_WINS);
  auto& spec = *options.add_opportunities();
  spec.set_display_name("Renewal");
  spec.mutable_amount()->set_units(5);
  spec.mutable_expected_close_date()->set_year(2030);
  spec.set_stage("PROPOSE");

  const Plan plan = PlanOf(FullLead(), options);

  const auto& opportunity = OpportunitiesOf(plan).records(0);
  EXPECT_EQ(opportunity.display_name(), "Renewal");
  EXPECT_EQ(opportunity.amount().units(), 5);
  EXPECT_EQ(opportunity.amount().currency_code(), "") << "an amount is taken whole";
  EXPECT_EQ(opportunity.expected_close_date().year(), 2030);
  EXPECT_EQ(opportunity.stage(), "PROPOSE");
  EXPECT_EQ(opportunity.owner(), "otto");
  EXPECT_EQ(ContactOf(plan).record().owner(), "otto");
  EXPECT_EQ(AccountOf(plan).record().owner(), "otto");
  EXPECT_EQ(AccountOf(plan).duplicate_policy(), QualifyOptions::REFUSE);
  EXPECT_EQ(ContactOf(plan).duplicate_policy(), QualifyOptions::REFUSE);
  EXPECT_EQ(ContactOf(plan).conflict_policy(), QualifyOptions::EMAIL_WINS);
}

TEST(QualificationPlan, FiveOpportunitiesOrNone) {
  QualifyOptions five;
  for (int i = 0; i < 5; ++i) five.add_opportunities()->set_display_name("deal " + std::to_string(i));
  const Plan plan = PlanOf(FullLead(), five);
  ASSERT_THAT(OpportunitiesOf(plan).records(), SizeIs(5));
  EXPECT_EQ(OpportunitiesOf(plan).records(4).display_name(), "deal 4");
  EXPECT_EQ(OpportunitiesOf(plan).records(4).amount().units(), 12'000);
  EXPECT_TRUE(CheckOptions(five, "options").ok());

  QualifyOptions none;
  none.set_no_opportunity(true);
  EXPECT_EQ(PartOf(PlanOf(FullLead(), none), Prepare::kOpportunities), nullptr);
}

TEST(QualificationPlan, TheSameLeadAndOptionsGiveTheSamePlan) {
  EXPECT_EQ(PlanOf(FullLead()).SerializeAsString(), PlanOf(FullLead()).SerializeAsString());
}

std::vector<std::string> FieldsOf(const Status& status) {
  std::vector<std::string> fields;
  if (status.ok()) return fields;
  for (const FieldViolation& violation : status.error().violations) fields.push_back(violation.field);
  return fields;
}

TEST(QualifyOptionsCheck, NamesAllProblemsAtOnce) {
  QualifyOptions options;
  options.set_account("contacts/" + TestUuid(1));
  options.set_contact("nobody");
  options.set_no_opportunity(true);
  options.set_owner(std::string(201, 'x'));
  options.set_duplicate_policy(static_cast<QualifyOptions::DuplicatePolicy>(77));
  for (int i = 0; i < 6; ++i) options.add_opportunities();
  options.mutable_opportunities(0)->mutable_amount()->set_units(-1);
  options.mutable_opportunities(1)->mutable_expected_close_date()->set_month(13);
  options.mutable_opportunities(2)->set_display_name(std::string(501, 'x'));

  const auto fields = FieldsOf(CheckOptions(options, "requests[3].options"));

  for (const char* field :
       {"account", "contact", "opportunities", "no_opportunity", "owner", "duplicate_policy", "opportunities[0].amount",
        "opportunities[1].expected_close_date", "opportunities[2].display_name"}) {
    EXPECT_THAT(fields, ::testing::Contains(::testing::StartsWith(std::string("requests[3].options.") + field)));
  }
}

TEST(QualifyOptionsCheck, DefaultsAreFine) {
  EXPECT_TRUE(CheckOptions({}, "options").ok());
}

TEST(CompanyKey, IsOneForAllLeadsThatNameTheCompanyInAsStrongAWay) {
  const auto key = [](const std::string& company, const std::string& website, const std::string& email) {
    lead::v1::Lead lead;
    lead.set_company(company);
    lead.set_website(website);
    if (!email.empty()) lead.add_emails()->set_address(email);
    return qualification::CompanyKey(PlanOf(lead));
  };
  EXPECT_EQ(key("Example GmbH", "https://www.example.com/about", "ada@gmail.com"), "example.com");
  EXPECT_EQ(key("Example", "", "ada@example.com"), "example.com");
  EXPECT_EQ(key("Example GmbH", "", "ada@gmail.com"), key("EXAMPLE", "", ""));
  EXPECT_NE(key("Example GmbH", "", ""), key("Other GmbH", "", ""));
  EXPECT_NE(key("Example GmbH", "", ""), "");
  EXPECT_EQ(key("", "", "ada@example.com"), "") << "there is no account";
}

TEST(CompanyKey, IsTheGivenAccountsName) {
  QualifyOptions options;
  options.set_account(TestName("accounts", 7));
  EXPECT_EQ(qualification::CompanyKey(PlanOf(FullLead(), options)), TestName("accounts", 7));
}

TEST(QualifyOptionsCheck, TwoCallersWantTheSameIfTheirOptionsAreEqual) {
  QualifyOptions a;
  a.set_owner("mira");
  QualifyOptions b = a;
  EXPECT_TRUE(qualification::SameOptions(a, b));
  b.set_no_opportunity(true);
  EXPECT_FALSE(qualification::SameOptions(a, b));
}

}  // namespace
}  // namespace quartet::test

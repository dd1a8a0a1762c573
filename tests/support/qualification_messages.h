#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/qualification/qualification_rules.h"

#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::test {

// Names with readable, valid UUIDs: "…-0000000000<number>".
std::string TestUuid(int number);
std::string TestName(const std::string& collection, int number);

// An open lead with a person, an e-mail address and, if it is given, a company.
lead::v1::Lead TestLead(int number, const std::string& company = "Example GmbH");

// A row as it is before it starts: qualification `number` of lead `number`.
qualification::Row NewQualification(int number);
qualification::Row NewRevert(int number, const qualification::Row& reverted);

// Replies to a row as it stands, from its present attempt.
qualification::v1::Reply LockedReply(const qualification::Row& row, const lead::v1::Lead& lead);
// Each of them opened records named after the participant and the attempt.
qualification::v1::Reply PreparedReply(const qualification::Row& row, qualification::v1::Participant from);
qualification::v1::Reply BusyReply(const qualification::Row& row, qualification::v1::Participant from,
                                   const std::string& holder);
qualification::v1::Reply RefusedReply(const qualification::Row& row, qualification::v1::Participant from,
                                      const std::string& reason);
qualification::v1::Reply AcknowledgedReply(const qualification::Row& row, qualification::v1::Participant from);

// A step's sends as text: "PREPARE ACCOUNT 0", "RELEASE CONTACT 0", "COMMITTED LEAD".
std::vector<std::string> Describe(const qualification::Step& step);

}  // namespace quartet::test

// The bounds of the suite, each with its reason. What is over one is refused before any work, or cut where the API lets
// it be cut, never worked off all the same; what waits or is kept beyond one is left where it lies, or to whoever sends
// it again. common/LIMITS.md tells them to users; `tests/run lint` holds it to this file, so a value here is a number,
// or one times kKiB or kMiB. How often a loop tries, and how large the pieces of one statement are, stands beside the
// loop.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quartet::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// --- Calls

// One message over a connection, either way. Responses are kept well below it by what they are made of: pages, batches,
// results of rows.
inline constexpr std::size_t kMessageBytesMax = 16 * kMiB;
// Metadata of a call, either way: tokens and trace contexts fit in many times over, and it is read before any handler
// could refuse it.
inline constexpr std::size_t kMetadataBytesMax = 16 * kKiB;
// Details of an error, and its message as percent-encoded, both of which travel as metadata: together, the details in
// base64, they stay below the 8 KiB that every client takes.
inline constexpr std::size_t kErrorDetailsBytesMax = 4 * kKiB;
inline constexpr std::size_t kErrorMessageBytesMax = 1536;

// --- Requests that read

// Records of one page; what is asked for beyond is read as this. 50 if nothing is asked for.
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 1'000;
// Bytes of a page, which may be shorter than was asked for (AIP-158): clients in other languages take messages of 4 MiB
// unless told otherwise.
inline constexpr std::size_t kPageBytesMax = 3 * kMiB;
// Characters of a page token: twice what the longest has.
inline constexpr std::size_t kPageTokenCharactersMax = 512;
// A filter, and its restrictions: each is a condition of one statement.
inline constexpr std::size_t kFilterBytesMax = 8'000;
inline constexpr std::size_t kFilterRestrictionsMax = 50;
// Names of one batch; ids of one call about dead letters.
inline constexpr int kBatchNamesMax = 1'000;
// Bytes of the records of one batch: half a message, for whoever reads records of hundreds of kilobytes can ask for
// fewer at once.
inline constexpr std::size_t kBatchBytesMax = 8 * kMiB;

// --- Qualifications

// Leads of one BatchQualifyLeads.
inline constexpr int kBatchQualifyMax = 1'000;
// Opportunities that one qualification opens: they are prepared in one transaction.
inline constexpr int kOpportunitiesMax = 5;
// Qualifications of one GetDecisions: some 6 MiB of names in the answer.
inline constexpr int kDecisionsMax = 10'000;

// --- Fields; texts in characters (Unicode code points)

// Company, title, campaign, industry, owner.
inline constexpr std::size_t kShortTextMax = 200;
// Website, topic, display name, source detail, basis, each part of an address.
inline constexpr std::size_t kLongTextMax = 500;
// What is said when a record is closed.
inline constexpr std::size_t kStateNoteMax = 2'000;
inline constexpr std::size_t kNotesMax = 32'000;
// Given and family name.
inline constexpr std::size_t kNameMax = 100;
// What stands before a name, and behind it.
inline constexpr std::size_t kNameAffixMax = 50;
// RFC 5321 has 256 for the path, with its brackets.
inline constexpr std::size_t kEmailMax = 254;
// What an e-mail address or a phone number is for.
inline constexpr std::size_t kLabelMax = 50;
// A stage of the pipeline.
inline constexpr std::size_t kStageMax = 100;
// E-mail addresses of a record, and phone numbers: each is a row, and is looked up by every qualification.
inline constexpr int kContactPointsMax = 20;
// Lines of an address, and its recipients.
inline constexpr int kAddressLinesMax = 20;
inline constexpr int kTagsMax = 100;
inline constexpr std::size_t kTagMax = 100;
inline constexpr std::size_t kAttributesMax = 100;
inline constexpr std::size_t kAttributeKeyMax = 100;
inline constexpr std::size_t kAttributeValueMax = 2'000;
// Units of an amount of money: more than any deal is worth, and nine million of them still have a sum that Money holds.
inline constexpr std::int64_t kMoneyUnitsMax = 1'000'000'000'000;
// Paths of a field mask: more than a record has fields.
inline constexpr int kUpdateMaskPathsMax = 200;
// A record as a whole. Its fields alone could come to twice this, in scripts of four bytes a character; each change of
// it is stored, published and handed to four services.
inline constexpr std::size_t kRecordBytesMax = 512 * kKiB;

// --- Imports

// Rows of one import stream: what a worker handles in some seconds, so that a stream does not outlive deadlines.
inline constexpr std::size_t kImportRowsMax = 10'000;
// Bytes of one import stream, which are in memory as a whole: rows of 6 KiB on average, or 320 of the largest.
inline constexpr std::size_t kImportBytesMax = 64 * kMiB;
// Bytes of all the import streams of a process that are not answered yet: four full ones.
inline constexpr std::size_t kImportRoomBytesMax = 256 * kMiB;
// Bytes that tell why one row was rejected: with kImportRowsMax of them the answer stays below kMessageBytesMax.
inline constexpr std::size_t kImportRowStatusBytesMax = 1 * kKiB;
// E-mail addresses and phone numbers of a row that are named as left out; for the same reason.
inline constexpr std::size_t kImportLeftOutMax = 3;
// A file that the client reads, whole: some hundred thousand rows with all there is to say of a lead.
inline constexpr std::size_t kInputFileBytesMax = 512 * kMiB;

// --- Events and dead letters

// One message between services, or domain event, its attributes included: the command of a qualification that opens
// five opportunities of the largest lead has some 5 MiB. An operation that has more to say is refused.
inline constexpr std::size_t kBrokerMessageBytesMax = 8 * kMiB;
// Dead letters of a service, which wait for an operator: what one can look through, and a table that nobody looks after
// may take.
inline constexpr std::int64_t kDeadLettersMax = 1'000;
inline constexpr std::int64_t kDeadLettersBytesMax = 64 * kMiB;

// --- Inspection

// Names in one request, and entries of a page. A look at a page holds a reader and a
// snapshot for some milliseconds.
inline constexpr int kInspectionEntriesMax = 1'000;
inline constexpr int kInspectionEntriesDefault = 500;
// Stored bytes that one page is read from: pages of large records are shorter.
inline constexpr std::size_t kInspectionBytesMax = 4 * kMiB;
// Rows of intents and of identities that one page is made from; more of them make it shorter, too.
inline constexpr int kInspectionRowsMax = 10'000;
// Questions that are announced to a remote database together; their answers are in memory at once.
inline constexpr std::size_t kInspectionExpectedMax = 64;
// A page token is the id of the last entry, which need not be a UUID if the database is damaged.
inline constexpr std::size_t kInspectionTokenBytesMax = 256;

// --- What waits for its turn, in each process

// Calls that wait for a worker, unless a setting says otherwise: what is behind them would time out there.
inline constexpr int kQueuedCallsMax = 1'024;
// Qualifications that are not over, of the suite and of one caller at one replica, unless settings say otherwise: what
// can be driven again in minutes after an outage, and what lists and locks can bear.
inline constexpr int kPendingMax = 10'000;
inline constexpr int kPendingPerCallerMax = 5'000;
// Calls that wait for a qualification, and their requests. One that joins another's qualification takes no place of its
// own.
inline constexpr std::int64_t kWaitingCallsMax = 20'000;
inline constexpr std::int64_t kWaitingCallBytesMax = 256 * kMiB;
// Writes that wait for a database's one writing thread, and what they hold meanwhile: some seconds of an ordinary
// disk's work; who comes later would time out in the queue.
inline constexpr std::size_t kQueuedWritesMax = 10'000;
inline constexpr std::size_t kQueuedWriteBytesMax = 64 * kMiB;
// What a write counts for in the queue beside what it says of itself: its closures, and what they share.
inline constexpr std::size_t kWriteBytesMin = 1'024;
// Messages that wait in memory to be published, and batches of them. More stay in the outbox, or are sent again by who
// waits for them.
inline constexpr std::size_t kPublishQueueBytesMax = 64 * kMiB;
inline constexpr int kPublishQueueBatchesMax = 10'000;
// What joined messages grow to; and how many of those are kept while the broker is away, together with
// kMessageBatchBytesMax.
inline constexpr std::size_t kJoinedMessageBytesMax = 64 * kKiB;
inline constexpr std::size_t kJoinedMessagesKeptMax = 64;
// Messages that a consumer keeps between their tries. More stay with the broker, or are sent again.
inline constexpr int kRetriesMax = 1'000;
inline constexpr std::size_t kRetriesBytesMax = 16 * kMiB;

// --- What is done in one piece

// Writes that share a transaction, and the bytes after which it takes no further one: one fsync is shared by enough,
// and the log, which may not start anew within a transaction, and the other callers' wait stay short.
inline constexpr std::size_t kTransactionWritesMax = 512;
inline constexpr std::size_t kTransactionBytesMax = 8 * kMiB;
// Rows of one result, which a server's client holds all at once, as it does their bytes. Whoever reads pages reads far
// less.
inline constexpr std::size_t kResultRowsMax = 100'000;
inline constexpr std::size_t kResultBytesMax = 256 * kMiB;
// A batch of messages: what one row of the outbox or of `event` holds, one publication, one page of a sweep or a
// replay, one call of a handler. A piece that costs each side some milliseconds and little memory; a single message may
// be more.
inline constexpr std::size_t kMessageBatchBytesMax = 4 * kMiB;
inline constexpr int kMessageBatchMax = 500;
// Rows that one piece of pruning or deleting touches, so that it delays the writes of callers by milliseconds.
inline constexpr int kPruneRowsMax = 1'000;

// --- What is kept to spare work, in each process

// Qualifications' rows as they were written last: three seconds of work at the rate that is designed for, of some
// kilobytes each.
inline constexpr std::size_t kRecentRowsMax = 8'192;
inline constexpr std::size_t kRecentRowBytesMax = 64 * kMiB;
// Decisions that a participant has learnt: longer than what they are about is read again.
inline constexpr std::size_t kDecisionsKeptMax = 16'384;
// Why a message failed, as a dead letter keeps it.
inline constexpr std::size_t kDeadLetterErrorBytesMax = 2 * kKiB;
// The broker's copies of dead letters, for a look at them; in each partition.
inline constexpr int kDeadStreamEntriesMax = 1'000;
// A stream of the broker in memory, which must not outgrow the process that tests with it.
inline constexpr std::size_t kMemoryStreamEntriesMax = 1'000'000;
inline constexpr std::size_t kMemoryStreamBytesMax = 256 * kMiB;

}  // namespace quartet::limits

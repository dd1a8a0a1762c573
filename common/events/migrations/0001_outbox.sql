-- Batches that the broker has not confirmed. `id` is a UUIDv7, so its order is nearly that of time;
-- `payload` is a quartet.events.v1.EnvelopeBatch.
CREATE TABLE outbox (
  id TEXT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL,
  payload BYTEA NOT NULL
);

-- Domain events, kept to be published again; the id and the form are the same.
CREATE TABLE event (
  id TEXT NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL,
  payload BYTEA NOT NULL
);

-- Messages that failed too often; `id` is the message's, `payload` a quartet.events.v1.Envelope.
CREATE TABLE dead_letter (
  id TEXT NOT NULL PRIMARY KEY,
  failed_at BIGINT NOT NULL,
  consumer_group TEXT NOT NULL,
  error TEXT NOT NULL,
  delivery_count BIGINT NOT NULL,
  payload BYTEA NOT NULL
);

CREATE INDEX dead_letter_failed_at ON dead_letter (failed_at, id);

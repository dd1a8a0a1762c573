-- What qualifications will do to records here, until their decision is known.
CREATE TABLE intent (
  record_id TEXT NOT NULL,
  qualification_id TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  age BIGINT NOT NULL,
  proposal BYTEA NOT NULL,
  reserved TEXT NOT NULL,
  write_time BIGINT NOT NULL,
  PRIMARY KEY (record_id, qualification_id)
);

-- How far this service is with each qualification; kept when the records are gone. `records`: the ids of those that its
-- intents are on, one per line.
CREATE TABLE participation (
  qualification_id TEXT NOT NULL PRIMARY KEY,
  void_through BIGINT NOT NULL,
  attempt BIGINT NOT NULL,
  state BIGINT NOT NULL,
  reply BYTEA NOT NULL,
  records TEXT NOT NULL,
  update_time BIGINT NOT NULL
);

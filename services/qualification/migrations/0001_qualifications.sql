-- The commit records, and beside each what is searched.
CREATE TABLE qualification (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  state BIGINT NOT NULL,
  kind BIGINT NOT NULL,
  lead TEXT NOT NULL,
  waits_for TEXT NOT NULL,
  redrive_time BIGINT NOT NULL,
  redrive_count BIGINT NOT NULL,
  body BYTEA NOT NULL,
  plan BYTEA NOT NULL
);
CREATE INDEX qualification_by_time ON qualification (create_time, id);
CREATE INDEX qualification_by_lead ON qualification (lead, create_time, id);
CREATE INDEX qualification_by_wait ON qualification (waits_for, create_time, id) WHERE waits_for <> '';
CREATE INDEX qualification_by_redrive ON qualification (redrive_time) WHERE redrive_time > 0;

-- Which qualification a request began, and what it asked for.
CREATE TABLE request (
  id TEXT NOT NULL PRIMARY KEY,
  content TEXT NOT NULL,
  qualification_id TEXT NOT NULL
);

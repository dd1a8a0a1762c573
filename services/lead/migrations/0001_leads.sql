-- The message whole, and beside it what is filtered or sorted by.
CREATE TABLE lead (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  delete_time BIGINT NOT NULL,
  body BYTEA NOT NULL,
  state BIGINT NOT NULL,
  owner TEXT NOT NULL,
  source BIGINT NOT NULL,
  company TEXT NOT NULL
);
CREATE INDEX lead_by_time ON lead (create_time, id);
CREATE INDEX lead_by_state ON lead (state, create_time, id);
CREATE INDEX lead_by_owner ON lead (owner, create_time, id);
CREATE INDEX lead_by_company ON lead (company, create_time, id);

-- Which leads have an e-mail address or phone number; several may have the same.
CREATE TABLE identity (
  value TEXT NOT NULL,
  kind BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  former BIGINT NOT NULL,
  PRIMARY KEY (value, kind, record_id)
);
CREATE INDEX identity_by_record ON identity (record_id);

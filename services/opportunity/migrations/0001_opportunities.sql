-- The message whole, and beside it what is filtered, sorted or summed up.
CREATE TABLE opportunity (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  delete_time BIGINT NOT NULL,
  body BYTEA NOT NULL,
  state BIGINT NOT NULL,
  stage TEXT NOT NULL,
  owner TEXT NOT NULL,
  source BIGINT NOT NULL,
  account TEXT NOT NULL,
  contact TEXT NOT NULL,
  currency TEXT NOT NULL,
  amount_units BIGINT NOT NULL,
  amount_nanos BIGINT NOT NULL
);
CREATE INDEX opportunity_by_time ON opportunity (create_time, id);
CREATE INDEX opportunity_by_stage ON opportunity (state, stage, create_time, id);
CREATE INDEX opportunity_by_owner ON opportunity (owner, create_time, id);
CREATE INDEX opportunity_by_account ON opportunity (account, create_time, id);
CREATE INDEX opportunity_by_contact ON opportunity (contact, create_time, id);

-- Opportunities have no identities; the common statements expect the table.
CREATE TABLE identity (
  value TEXT NOT NULL,
  kind BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  former BIGINT NOT NULL,
  PRIMARY KEY (value, kind)
);

-- The message whole, and beside it what is filtered or sorted by.
CREATE TABLE account (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  delete_time BIGINT NOT NULL,
  body BYTEA NOT NULL,
  owner TEXT NOT NULL,
  company TEXT NOT NULL
);
CREATE INDEX account_by_time ON account (create_time, id);
CREATE INDEX account_by_owner ON account (owner, create_time, id);
CREATE INDEX account_by_company ON account (company, create_time, id);

-- The account that a web domain or company name leads to.
CREATE TABLE identity (
  value TEXT NOT NULL,
  kind BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  former BIGINT NOT NULL,
  PRIMARY KEY (value, kind)
);
CREATE INDEX identity_by_record ON identity (record_id);

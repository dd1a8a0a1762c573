-- The message whole, and beside it what is filtered or sorted by.
CREATE TABLE contact (
  id TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  create_time BIGINT NOT NULL,
  update_time BIGINT NOT NULL,
  delete_time BIGINT NOT NULL,
  body BYTEA NOT NULL,
  owner TEXT NOT NULL,
  source BIGINT NOT NULL,
  account TEXT NOT NULL
);
CREATE INDEX contact_by_time ON contact (create_time, id);
CREATE INDEX contact_by_owner ON contact (owner, create_time, id);
CREATE INDEX contact_by_account ON contact (account, create_time, id);

-- The contact that an e-mail address or phone number leads, or once led, to.
CREATE TABLE identity (
  value TEXT NOT NULL,
  kind BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  former BIGINT NOT NULL,
  PRIMARY KEY (value, kind)
);
CREATE INDEX identity_by_record ON identity (record_id);

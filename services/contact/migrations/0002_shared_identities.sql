-- `former`: 1 of what a record showed once, 2 of what it will show if a qualification is committed.
-- One row for each record that has an identity: several may have a phone number or a company's name. `first`: 1 where nobody
-- had it when it was claimed, so that two who claim it at one moment collide; always 1 of an e-mail address, which has one owner.
ALTER TABLE identity RENAME TO identity_of_one;
CREATE TABLE identity (
  value TEXT NOT NULL,
  kind BIGINT NOT NULL,
  record_id TEXT NOT NULL,
  former BIGINT NOT NULL,
  first BIGINT NOT NULL,
  PRIMARY KEY (value, kind, record_id)
);
INSERT INTO identity (value, kind, record_id, former, first) SELECT value, kind, record_id, former, 1 FROM identity_of_one;
DROP TABLE identity_of_one;
CREATE INDEX identity_by_record ON identity (record_id);
CREATE UNIQUE INDEX identity_first ON identity (value, kind) WHERE first = 1;

-- Records that came second have their rows made from what they hold: those up to `through` have been seen to. No row:
-- all have.
CREATE TABLE identity_backfill (
  through TEXT NOT NULL PRIMARY KEY
);
INSERT INTO identity_backfill (through) VALUES ('');

-- Who lives. `owner` is the UUID of a process's life, `place` where it runs; `renewal` grows while it lives.
CREATE TABLE member (
  slot BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  place TEXT NOT NULL,
  renewal BIGINT NOT NULL
);

-- Each replica's batches lie together, for it alone publishes them: `slot` is that of the replica that wrote them.
ALTER TABLE outbox RENAME TO outbox_of_one;
CREATE TABLE outbox (
  slot BIGINT NOT NULL,
  id TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  payload BYTEA NOT NULL,
  PRIMARY KEY (slot, id)
);
INSERT INTO outbox (slot, id, created_at, payload) SELECT 0, id, created_at, payload FROM outbox_of_one;
DROP TABLE outbox_of_one;

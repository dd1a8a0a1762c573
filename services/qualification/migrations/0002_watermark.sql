-- One row. Every qualification whose id's time (UUIDv7) is earlier, in microseconds since the Unix epoch, is over and
-- may have been deleted. Never goes back; raised no later than in the transaction that deletes.
CREATE TABLE watermark (
  id BIGINT NOT NULL PRIMARY KEY,
  time BIGINT NOT NULL
);
INSERT INTO watermark (id, time) VALUES (1, 0);

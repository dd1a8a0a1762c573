-- One row. Participations in qualifications whose id's time (UUIDv7) is earlier, in microseconds since the Unix epoch, are
-- over everywhere and are deleted. Never goes back; raised before anything is deleted for it.
CREATE TABLE participation_watermark (
  id BIGINT NOT NULL PRIMARY KEY,
  time BIGINT NOT NULL
);
INSERT INTO participation_watermark (id, time) VALUES (1, 0);

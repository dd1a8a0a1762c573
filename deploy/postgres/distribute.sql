-- Distributes the tables of one service over the workers of a Citus cluster, each by the column that its primary key
-- begins with. Once for each of the five databases, after the service has made its tables there:
--   psql --dbname quartet_lead --file deploy/postgres/distribute.sql
-- May be run again: what is distributed stays as it is. `commit_outcome`, `identity_backfill`, `member`,
-- `participation_watermark`, `schema_migration` and `watermark`, a few rows each, stay on the coordinator.
DO $distribute$
DECLARE
  part record;
BEGIN
  FOR part IN
    SELECT to_regclass(distributed.name) AS relation, distributed.key
    FROM (VALUES
      ('lead', 'id'),
      ('contact', 'id'),
      ('account', 'id'),
      ('opportunity', 'id'),
      ('identity', 'value'),
      ('intent', 'record_id'),
      ('participation', 'qualification_id'),
      ('qualification', 'id'),
      ('request', 'id'),
      ('outbox', 'slot'),
      ('event', 'id'),
      ('dead_letter', 'id')
    ) AS distributed (name, key)
  LOOP
    CONTINUE WHEN part.relation IS NULL;
    CONTINUE WHEN EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = part.relation);
    PERFORM create_distributed_table(part.relation, part.key);
  END LOOP;
END
$distribute$;

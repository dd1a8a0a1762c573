-- For lists: the records that will exist, by age; those that are there and will be others.
CREATE INDEX intent_by_kind ON intent (kind, age);

-- What it takes to take a final participation back: a serialised quartet.qualification.v1.Undo, empty if nothing.
ALTER TABLE participation ADD COLUMN undo BYTEA NOT NULL DEFAULT '';

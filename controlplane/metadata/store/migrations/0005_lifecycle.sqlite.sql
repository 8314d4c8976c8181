-- Deletion that can be taken back, renames, lineage, snapshots.

-- A database whose deleted_at is set exists for nobody. When its files are on
-- the shelf, its slug is NAME~ID, which is no legal name.
-- moving: its files change their place: 1 to the shelf, 2 back, 3 to the name
-- in moving_to. Nobody else is to try before moving_until.
-- forked_from: the database it was copied from, forked_path the name that had
-- at forked_at.
-- add-column: database deleted_at TIMESTAMP
-- add-column: database moving SMALLINT
-- add-column: database moving_to VARCHAR(128)
-- add-column: database moving_until TIMESTAMP
-- add-column: database forked_from INTEGER REFERENCES database (id) ON DELETE SET NULL
-- add-column: database forked_at TIMESTAMP
-- add-column: database forked_path TEXT
CREATE INDEX IF NOT EXISTS database_deleted ON database (deleted_at);
CREATE INDEX IF NOT EXISTS database_moving ON database (moving_until);
CREATE INDEX IF NOT EXISTS database_forked_from ON database (forked_from);

-- A row with a reservation keeps a path for a database that is being made from
-- data; when its claim ends, whatever there is of it is removed.
-- add-column: doomed_database reservation VARCHAR(64)

-- Names that databases had before they were renamed.
CREATE TABLE IF NOT EXISTS database_alias (
    entity_id   INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    slug        VARCHAR(128) NOT NULL,
    database_id INTEGER NOT NULL REFERENCES database (id) ON DELETE CASCADE,
    PRIMARY KEY (entity_id, slug)
);
CREATE INDEX IF NOT EXISTS database_alias_database ON database_alias (database_id);

-- What is known of snapshots besides what the object store knows.
CREATE TABLE IF NOT EXISTS snapshot_note (
    database_id    INTEGER NOT NULL REFERENCES database (id) ON DELETE CASCADE,
    snapshot_id    VARCHAR(64) NOT NULL,
    message        TEXT,
    before_restore SMALLINT NOT NULL DEFAULT 0,
    created_at     TIMESTAMP NOT NULL,
    PRIMARY KEY (database_id, snapshot_id)
);

-- Snapshots that are still under a name which is not their database's any
-- more, as far as they were stored between two times. They move to the name of the
-- database; without one they are removed.
CREATE TABLE IF NOT EXISTS snapshot_errand (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_slug   VARCHAR(128) NOT NULL,
    database_slug VARCHAR(128) NOT NULL,
    stored_since  TIMESTAMP,
    stored_before TIMESTAMP NOT NULL,
    database_id   INTEGER REFERENCES database (id) ON DELETE SET NULL,
    claimed_until TIMESTAMP
);
CREATE INDEX IF NOT EXISTS snapshot_errand_database ON snapshot_errand (database_id);

-- The tables and columns of earlier migrations get the words of the code.

-- pending_operation: an operation on the files of a database has been decided
-- and is not complete: 1 delete, 2 undelete, 3 rename to pending_slug. One
-- server works on it; others may claim it after pending_until. The files of a
-- deleted database are kept apart once the slug is NAME~ID.
DROP INDEX database_moving;
ALTER TABLE database RENAME COLUMN moving TO pending_operation;
ALTER TABLE database RENAME COLUMN moving_to TO pending_slug;
ALTER TABLE database RENAME COLUMN moving_until TO pending_until;
CREATE INDEX database_pending ON database (pending_until);

-- Databases whose record is deleted and whose files have to be removed. A row
-- with a reservation keeps the path of a database that is being created from
-- data.
ALTER TABLE doomed_database RENAME TO purge_queue;
ALTER TABLE purge_queue RENAME COLUMN doomed_at TO queued_at;

-- Snapshots to be moved to the present name of their database, or removed.
DROP INDEX snapshot_errand_database;
ALTER TABLE snapshot_errand RENAME TO snapshot_task;
CREATE INDEX snapshot_task_database ON snapshot_task (database_id);

-- Names of deleted accounts, kept while a mail from before may be confirmed.
ALTER TABLE gone_account RENAME TO deleted_account;
ALTER TABLE deleted_account RENAME COLUMN gone_at TO deleted_at;

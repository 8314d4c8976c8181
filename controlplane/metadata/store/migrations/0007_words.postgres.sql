-- The tables and columns of earlier migrations get the words of the code. See
-- 0007_words.sqlite.sql for what they hold.

ALTER TABLE database RENAME COLUMN moving TO pending_operation;
ALTER TABLE database RENAME COLUMN moving_to TO pending_slug;
ALTER TABLE database RENAME COLUMN moving_until TO pending_until;
ALTER INDEX database_moving RENAME TO database_pending;

ALTER TABLE doomed_database RENAME TO purge_queue;
ALTER TABLE purge_queue RENAME COLUMN doomed_at TO queued_at;
ALTER INDEX doomed_database_pkey RENAME TO purge_queue_pkey;
ALTER INDEX doomed_database_entity_slug_database_slug_key RENAME TO purge_queue_entity_slug_database_slug_key;
ALTER SEQUENCE doomed_database_id_seq RENAME TO purge_queue_id_seq;

ALTER TABLE snapshot_errand RENAME TO snapshot_task;
ALTER INDEX snapshot_errand_pkey RENAME TO snapshot_task_pkey;
ALTER INDEX snapshot_errand_database RENAME TO snapshot_task_database;
ALTER TABLE snapshot_task RENAME CONSTRAINT snapshot_errand_database_id_fkey TO snapshot_task_database_id_fkey;
ALTER SEQUENCE snapshot_errand_id_seq RENAME TO snapshot_task_id_seq;

ALTER TABLE gone_account RENAME TO deleted_account;
ALTER TABLE deleted_account RENAME COLUMN gone_at TO deleted_at;
ALTER INDEX gone_account_pkey RENAME TO deleted_account_pkey;

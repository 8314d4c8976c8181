-- Limits that the operator has set for an account or a database; NULL is not
-- set. statement_timeout is in milliseconds.

CREATE TABLE IF NOT EXISTS account_limit (
    entity_id             BIGINT PRIMARY KEY NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    database_bytes        BIGINT,
    heap_bytes            BIGINT,
    statement_timeout     BIGINT,
    result_bytes          BIGINT,
    request_bytes         BIGINT,
    queries_per_database  BIGINT,
    queries_per_account   BIGINT,
    databases_per_account BIGINT
);

CREATE TABLE IF NOT EXISTS database_limit (
    database_id          BIGINT PRIMARY KEY NOT NULL REFERENCES database (id) ON DELETE CASCADE,
    database_bytes       BIGINT,
    heap_bytes           BIGINT,
    statement_timeout    BIGINT,
    result_bytes         BIGINT,
    request_bytes        BIGINT,
    queries_per_database BIGINT
);

-- Sharing, tokens with a name and an end, OAuth, and accounts that go.

-- Grants are listed in the order they were made.
-- add-column: entity_database_permission created_at TIMESTAMP

-- idle_seconds: how long a token may go unused; every recorded use moves its
-- expires_at on.
-- add-column: api_token name TEXT
-- add-column: api_token last_used_at TIMESTAMP
-- add-column: api_token idle_seconds INTEGER

-- issued_token: the token a code was exchanged for, to be revoked when the
-- code comes again. The column code holds a hash.
-- add-column: oauth_authorization_request issued_token VARCHAR(128)
CREATE INDEX IF NOT EXISTS oauth_authorization_request_entity ON oauth_authorization_request (entity_id);
CREATE INDEX IF NOT EXISTS oauth_authorization_request_database ON oauth_authorization_request (database_id);

-- Databases whose record is gone and whose files still have to go. It stands
-- by itself: the entity it names is gone as well.
CREATE TABLE IF NOT EXISTS doomed_database (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_slug   VARCHAR(128) NOT NULL,
    database_slug VARCHAR(128) NOT NULL,
    db_type       SMALLINT NOT NULL,
    node_id       VARCHAR(64),
    doomed_at     TIMESTAMP NOT NULL,
    UNIQUE (entity_slug, database_slug)
);

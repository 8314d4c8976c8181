-- The first version of the schema. It also takes over a store written by the
-- reference implementation: existing tables are kept, and the columns named in
-- "add-column" lines are added to them when they are missing.

CREATE TABLE IF NOT EXISTS entity (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    slug         VARCHAR(128) NOT NULL UNIQUE,
    entity_type  SMALLINT NOT NULL,
    display_name VARCHAR,
    description  VARCHAR,
    organization VARCHAR,
    location     VARCHAR,
    links        TEXT,
    created_at   TIMESTAMP
);
-- add-column: entity display_name VARCHAR
-- add-column: entity description VARCHAR
-- add-column: entity organization VARCHAR
-- add-column: entity location VARCHAR
-- add-column: entity links TEXT
-- add-column: entity created_at TIMESTAMP

CREATE TABLE IF NOT EXISTS authentication_method (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id     INTEGER NOT NULL REFERENCES entity (id),
    method_type   SMALLINT NOT NULL,
    status        SMALLINT NOT NULL,
    email_address VARCHAR(256) NOT NULL,
    UNIQUE (method_type, email_address)
);
CREATE INDEX IF NOT EXISTS authentication_method_entity ON authentication_method (entity_id);

CREATE TABLE IF NOT EXISTS database (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    slug                 VARCHAR(128) NOT NULL,
    db_type              SMALLINT NOT NULL,
    entity_id            INTEGER NOT NULL REFERENCES entity (id),
    public_sharing_level SMALLINT NOT NULL DEFAULT 0,
    node_id              VARCHAR(64),
    created_at           TIMESTAMP,
    UNIQUE (entity_id, slug)
);
-- add-column: database public_sharing_level SMALLINT NOT NULL DEFAULT 0
-- add-column: database node_id VARCHAR(64)
-- add-column: database created_at TIMESTAMP
CREATE INDEX IF NOT EXISTS database_node ON database (node_id);

CREATE TABLE IF NOT EXISTS api_token (
    short_token            VARCHAR PRIMARY KEY NOT NULL,
    entity_id              INTEGER NOT NULL REFERENCES entity (id),
    hash                   VARCHAR(64) NOT NULL,
    database_id            INTEGER REFERENCES database (id),
    query_permission_level SMALLINT,
    app_name               VARCHAR(255),
    created_at             TIMESTAMP,
    expires_at             TIMESTAMP,
    revoked_at             TIMESTAMP
);
-- add-column: api_token database_id INTEGER REFERENCES database (id)
-- add-column: api_token query_permission_level SMALLINT
-- add-column: api_token app_name VARCHAR(255)
-- add-column: api_token created_at TIMESTAMP
-- add-column: api_token expires_at TIMESTAMP
-- add-column: api_token revoked_at TIMESTAMP
CREATE INDEX IF NOT EXISTS api_token_entity ON api_token (entity_id);
CREATE INDEX IF NOT EXISTS api_token_database ON api_token (database_id);

CREATE TABLE IF NOT EXISTS entity_database_permission (
    entity_id     INTEGER NOT NULL REFERENCES entity (id),
    database_id   INTEGER NOT NULL REFERENCES database (id),
    sharing_level SMALLINT NOT NULL,
    PRIMARY KEY (entity_id, database_id)
);
CREATE INDEX IF NOT EXISTS entity_database_permission_database ON entity_database_permission (database_id);

CREATE TABLE IF NOT EXISTS oauth_authorization_request (
    code                             VARCHAR(64) PRIMARY KEY NOT NULL,
    entity_id                        INTEGER NOT NULL REFERENCES entity (id),
    code_challenge                   VARCHAR(128) NOT NULL,
    redirect_uri                     TEXT NOT NULL,
    app_name                         VARCHAR(255) NOT NULL,
    requested_query_permission_level SMALLINT NOT NULL,
    state                            VARCHAR(255),
    database_id                      INTEGER REFERENCES database (id),
    query_permission_level           SMALLINT,
    created_at                       TIMESTAMP NOT NULL,
    expires_at                       TIMESTAMP NOT NULL,
    used_at                          TIMESTAMP
);
CREATE INDEX IF NOT EXISTS oauth_authorization_request_expiry ON oauth_authorization_request (expires_at);

-- Digests of log-in tokens that have been spent, kept until the token would
-- have ended by itself.
CREATE TABLE IF NOT EXISTS spent_login_token (
    digest     VARCHAR(64) PRIMARY KEY NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX IF NOT EXISTS spent_login_token_expiry ON spent_login_token (expires_at);

PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE ayb_migration (
				version    INTEGER PRIMARY KEY NOT NULL,
				name       VARCHAR NOT NULL,
				applied_at TIMESTAMP NOT NULL
			);
INSERT INTO ayb_migration VALUES(1,'0001_init','2026-12-01 04:58:40.165337');
INSERT INTO ayb_migration VALUES(2,'0002_sharing','2026-12-01 04:58:40.167862');
INSERT INTO ayb_migration VALUES(3,'0003_removal','2026-12-01 04:58:40.169054');
INSERT INTO ayb_migration VALUES(4,'0004_limits','2026-12-01 04:58:40.171708');
INSERT INTO ayb_migration VALUES(5,'0005_lifecycle','2026-12-01 04:58:40.173646');
CREATE TABLE entity (
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
INSERT INTO entity VALUES(1,'alice',1,'Alice A.',replace('two\nlines','\n',char(10)),'Wonderland','Ärö','[{"url":"https://a.example/","verified":true},{"url":"https://b.example/","verified":false}]','2026-03-15 16:25:56.706720');
INSERT INTO entity VALUES(2,'bob',0,NULL,NULL,NULL,NULL,NULL,'2026-03-15 16:25:56.706720');
INSERT INTO entity VALUES(3,'carol',0,NULL,NULL,NULL,NULL,NULL,'2026-03-15 16:25:56.706720');
CREATE TABLE authentication_method (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_id     INTEGER NOT NULL REFERENCES entity (id),
    method_type   SMALLINT NOT NULL,
    status        SMALLINT NOT NULL,
    email_address VARCHAR(256) NOT NULL,
    UNIQUE (method_type, email_address)
);
INSERT INTO authentication_method VALUES(1,1,0,0,'alice@example.org');
INSERT INTO authentication_method VALUES(2,2,0,0,'bob@example.org');
INSERT INTO authentication_method VALUES(3,3,0,0,'carol@example.org');
CREATE TABLE database (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    slug                 VARCHAR(128) NOT NULL,
    db_type              SMALLINT NOT NULL,
    entity_id            INTEGER NOT NULL REFERENCES entity (id),
    public_sharing_level SMALLINT NOT NULL DEFAULT 0,
    node_id              VARCHAR(64),
    created_at           TIMESTAMP, deleted_at TIMESTAMP, moving SMALLINT, moving_to VARCHAR(128), moving_until TIMESTAMP, forked_from INTEGER REFERENCES database (id) ON DELETE SET NULL, forked_at TIMESTAMP, forked_path TEXT,
    UNIQUE (entity_id, slug)
);
INSERT INTO "database" VALUES(1,'shop',0,1,1,'n1','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "database" VALUES(2,'tool',1,2,2,'n1','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "database" VALUES(3,'copy',0,2,0,'n1','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,1,'2026-03-15 16:25:57.706720','alice/shop');
INSERT INTO "database" VALUES(7,'deleted~7',0,1,0,'n1','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "database" VALUES(8,'deleting',0,1,0,'n1','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',1,NULL,'2026-03-15 16:26:56.706720',NULL,NULL,NULL);
INSERT INTO "database" VALUES(9,'undeleting',0,1,0,'n1','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',2,NULL,'2026-03-15 16:26:56.706720',NULL,NULL,NULL);
INSERT INTO "database" VALUES(10,'renaming',0,1,0,'n1','2026-03-15 16:25:56.706720',NULL,3,'to','2026-03-15 16:26:56.706720',NULL,NULL,NULL);
INSERT INTO "database" VALUES(11,'second',0,1,0,'n1','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE api_token (
    short_token            VARCHAR PRIMARY KEY NOT NULL,
    entity_id              INTEGER NOT NULL REFERENCES entity (id),
    hash                   VARCHAR(64) NOT NULL,
    database_id            INTEGER REFERENCES database (id),
    query_permission_level SMALLINT,
    app_name               VARCHAR(255),
    created_at             TIMESTAMP,
    expires_at             TIMESTAMP,
    revoked_at             TIMESTAMP
, name TEXT, last_used_at TIMESTAMP, idle_seconds INTEGER);
INSERT INTO api_token VALUES('login-alice',1,'0100000000000000000000000000000000000000000000000000000000000000',NULL,NULL,NULL,'2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL);
INSERT INTO api_token VALUES('login-bob',2,'0100000000000000000000000000000000000000000000000000000000000000',NULL,NULL,NULL,'2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL);
INSERT INTO api_token VALUES('login-carol',3,'0100000000000000000000000000000000000000000000000000000000000000',NULL,NULL,NULL,'2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL);
INSERT INTO api_token VALUES('named',1,'0200000000000000000000000000000000000000000000000000000000000000',NULL,NULL,NULL,'2026-03-15 16:25:56.706720','2026-03-15 18:25:56.706720',NULL,'backup job','2026-03-15 16:26:56.706720',172800);
INSERT INTO api_token VALUES('scoped',2,'0300000000000000000000000000000000000000000000000000000000000000',1,1,'My App','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL);
INSERT INTO api_token VALUES('revoked',1,'0400000000000000000000000000000000000000000000000000000000000000',NULL,NULL,NULL,'2026-03-15 16:25:56.706720',NULL,'2026-03-15 16:26:56.706720',NULL,NULL,NULL);
INSERT INTO api_token VALUES('issued',2,'0500000000000000000000000000000000000000000000000000000000000000',1,1,'My App','2026-03-15 16:25:56.706720',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE entity_database_permission (
    entity_id     INTEGER NOT NULL REFERENCES entity (id),
    database_id   INTEGER NOT NULL REFERENCES database (id),
    sharing_level SMALLINT NOT NULL, created_at TIMESTAMP,
    PRIMARY KEY (entity_id, database_id)
);
INSERT INTO entity_database_permission VALUES(2,1,3,'2026-03-15 16:25:56.706720');
INSERT INTO entity_database_permission VALUES(3,1,1,'2026-03-15 16:25:57.706720');
CREATE TABLE oauth_authorization_request (
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
, issued_token VARCHAR(128));
INSERT INTO oauth_authorization_request VALUES('0100000000000000000000000000000000000000000000000000000000000000',2,'challenge','https://app.example/back','My App',1,NULL,1,1,'2026-03-15 16:25:56.706720','2026-03-15 17:25:56.706720',NULL,NULL);
INSERT INTO oauth_authorization_request VALUES('0200000000000000000000000000000000000000000000000000000000000000',2,'challenge','https://app.example/back','My App',1,NULL,1,1,'2026-03-15 16:25:56.706720','2026-03-15 17:25:56.706720','2026-03-15 16:26:56.706720','issued');
CREATE TABLE spent_login_token (
    digest     VARCHAR(64) PRIMARY KEY NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
INSERT INTO spent_login_token VALUES('mail-alice','2026-03-15 17:25:56.706720');
INSERT INTO spent_login_token VALUES('mail-bob','2026-03-15 17:25:56.706720');
INSERT INTO spent_login_token VALUES('mail-carol','2026-03-15 17:25:56.706720');
INSERT INTO spent_login_token VALUES('mail-dave','2026-03-15 17:25:56.706720');
CREATE TABLE doomed_database (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_slug   VARCHAR(128) NOT NULL,
    database_slug VARCHAR(128) NOT NULL,
    db_type       SMALLINT NOT NULL,
    node_id       VARCHAR(64),
    doomed_at     TIMESTAMP NOT NULL, claimed_until TIMESTAMP, reservation VARCHAR(64),
    UNIQUE (entity_slug, database_slug)
);
INSERT INTO doomed_database VALUES(2,'alice','staged',0,'n1','2026-03-15 16:25:56.706720','2026-03-15 16:26:56.706720','7FVROPM53IUGUTDWZM2VNXJWVJ');
INSERT INTO doomed_database VALUES(3,'dave','files',0,'n1','2026-03-15 16:25:56.706720',NULL,NULL);
INSERT INTO doomed_database VALUES(4,'dave','more',0,'n1','2026-03-15 16:25:56.706720',NULL,NULL);
INSERT INTO doomed_database VALUES(5,'dave','kept~6',0,'n1','2026-03-15 16:25:56.706720',NULL,NULL);
CREATE TABLE account_limit (
    entity_id             INTEGER PRIMARY KEY NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    database_bytes        BIGINT,
    heap_bytes            BIGINT,
    statement_timeout     BIGINT,
    result_bytes          BIGINT,
    request_bytes         BIGINT,
    queries_per_database  BIGINT,
    queries_per_account   BIGINT,
    databases_per_account BIGINT
);
INSERT INTO account_limit VALUES(1,NULL,5242880,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE database_limit (
    database_id          INTEGER PRIMARY KEY NOT NULL REFERENCES database (id) ON DELETE CASCADE,
    database_bytes       BIGINT,
    heap_bytes           BIGINT,
    statement_timeout    BIGINT,
    result_bytes         BIGINT,
    request_bytes        BIGINT,
    queries_per_database BIGINT
);
INSERT INTO database_limit VALUES(1,6291456,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE database_alias (
    entity_id   INTEGER NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    slug        VARCHAR(128) NOT NULL,
    database_id INTEGER NOT NULL REFERENCES database (id) ON DELETE CASCADE,
    PRIMARY KEY (entity_id, slug)
);
INSERT INTO database_alias VALUES(1,'first',11);
CREATE TABLE snapshot_note (
    database_id    INTEGER NOT NULL REFERENCES database (id) ON DELETE CASCADE,
    snapshot_id    VARCHAR(64) NOT NULL,
    message        TEXT,
    before_restore SMALLINT NOT NULL DEFAULT 0,
    created_at     TIMESTAMP NOT NULL,
    PRIMARY KEY (database_id, snapshot_id)
);
INSERT INTO snapshot_note VALUES(1,'0a','before the sale',1,'2026-03-15 16:25:56.706720');
CREATE TABLE snapshot_errand (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_slug   VARCHAR(128) NOT NULL,
    database_slug VARCHAR(128) NOT NULL,
    stored_since  TIMESTAMP,
    stored_before TIMESTAMP NOT NULL,
    database_id   INTEGER REFERENCES database (id) ON DELETE SET NULL,
    claimed_until TIMESTAMP
);
INSERT INTO snapshot_errand VALUES(1,'dave','files','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',NULL,'2026-03-15 16:26:56.706720');
INSERT INTO snapshot_errand VALUES(2,'dave','more','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',NULL,NULL);
INSERT INTO snapshot_errand VALUES(3,'dave','kept','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',NULL,NULL);
INSERT INTO snapshot_errand VALUES(4,'alice','first','2026-03-15 16:25:56.706720','2026-03-15 16:25:56.706720',11,NULL);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('entity',4);
INSERT INTO sqlite_sequence VALUES('authentication_method',4);
INSERT INTO sqlite_sequence VALUES('database',11);
INSERT INTO sqlite_sequence VALUES('doomed_database',5);
INSERT INTO sqlite_sequence VALUES('snapshot_errand',4);
CREATE INDEX authentication_method_entity ON authentication_method (entity_id);
CREATE INDEX database_node ON database (node_id);
CREATE INDEX api_token_entity ON api_token (entity_id);
CREATE INDEX api_token_database ON api_token (database_id);
CREATE INDEX entity_database_permission_database ON entity_database_permission (database_id);
CREATE INDEX oauth_authorization_request_expiry ON oauth_authorization_request (expires_at);
CREATE INDEX spent_login_token_expiry ON spent_login_token (expires_at);
CREATE INDEX oauth_authorization_request_entity ON oauth_authorization_request (entity_id);
CREATE INDEX oauth_authorization_request_database ON oauth_authorization_request (database_id);
CREATE INDEX database_deleted ON database (deleted_at);
CREATE INDEX database_moving ON database (moving_until);
CREATE INDEX database_forked_from ON database (forked_from);
CREATE INDEX database_alias_database ON database_alias (database_id);
CREATE INDEX snapshot_errand_database ON snapshot_errand (database_id);
COMMIT;

-- What SQLite says about mistakes: text, code and place.

SELECT;

SELEC 1;

SELECT 1 FROM;

SELECT * FROM missing;

SELECT missing;

SELECT a.b.c.d;

SELECT (1;

SELECT 1);

--! differs the shell waits for the end
--! want error unrecognized token: "'open;"
SELECT 'open;

--! differs the shell waits for the end
--! want error unrecognized token: ""open;"
SELECT "open;

--! differs the shell waits for the end
--! want error unrecognized token: "x'0;"
SELECT x'0;

SELECT x'0g';

SELECT 1 +;

SELECT 1 2 3;

SELECT * FROM;

SELECT 'é', '漢字', missing FROM sqlite_schema;

SELECT 1, -- a comment
  2, /* another */
  missing;

SELECT 1 FROM sqlite_schema WHERE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa = 1 AND bbbbbbbbbbbbbbbbbbbbbbbbbb = 2;

SELECT missing(1);

SELECT abs();

SELECT abs(1, 2);

SELECT count(1, 2);

SELECT sum(count(*)) FROM sqlite_schema;

SELECT 1 WHERE count(*) > 1;

SELECT 1 ORDER BY 2;

SELECT 1 GROUP BY 2;

SELECT 1 LIMIT 'x';

SELECT 1 HAVING 1;

SELECT (SELECT 1, 2);

SELECT 1 IN (SELECT 1, 2);

SELECT (1, 2);

SELECT (1, 2) = (1, 2, 3);

SELECT CAST(1);

SELECT CASE END;

SELECT 1 COLLATE missing < 2;

SELECT a FROM (SELECT 1 AS b);

SELECT * FROM (SELECT 1 AS a) JOIN (SELECT 2 AS b) USING (a);

SELECT a FROM (SELECT 1 AS a), (SELECT 2 AS a);

SELECT 1 UNION SELECT 1 ORDER BY missing;

SELECT 99999999999999999999, 0xffffffffffffffffff;

SELECT main.missing.x;

SELECT * FROM elsewhere.t;

CREATE TABLE;

CREATE TABLE t();

CREATE TABLE t(a, PRIMARY KEY(b));

CREATE TABLE t(a PRIMARY KEY, b PRIMARY KEY);

CREATE TABLE t(a INT AUTOINCREMENT);

CREATE TABLE t(a TEXT PRIMARY KEY AUTOINCREMENT);

CREATE TABLE t(a DEFAULT (b));

CREATE TABLE t(a CHECK (SELECT 1));

CREATE TABLE t(a) WITHOUT;

CREATE TABLE t(a, b INT NOT NULL DEFAULT 5, UNIQUE(a));

--! code 2067
INSERT INTO t VALUES (1, 1), (1, 1);

--! code 1299
INSERT INTO t VALUES (2, NULL);

INSERT INTO t VALUES (1, 2, 3);

INSERT INTO t(a, a) VALUES (1, 2);

INSERT INTO t SELECT 1;

INSERT INTO missing VALUES (1);

INSERT INTO t VALUES (missing, 1);

UPDATE t SET missing = 1;

UPDATE t SET a = 1 WHERE missing = 1;

UPDATE missing SET a = 1;

DELETE FROM t WHERE missing;

DELETE FROM missing;

DELETE FROM t RETURNING missing;

INSERT INTO t VALUES (1, 1) ON CONFLICT(b) DO NOTHING;

INSERT INTO t VALUES (1, 1) ON CONFLICT DO UPDATE;

DROP TABLE missing;

DROP VIEW t;

DROP INDEX missing;

DROP INDEX sqlite_autoindex_t_1;

CREATE INDEX t ON t(a);

CREATE INDEX i ON missing(a);

CREATE VIEW v AS SELECT ?;

CREATE VIEW v(a, b) AS SELECT 1;

SELECT * FROM v;

WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a;

WITH a(x, y) AS (SELECT 1) SELECT * FROM a;

WITH a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a;

WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT count(*) FROM r) SELECT * FROM r;

SELECT zeroblob(-1) = x'', substr('abc', 1, 2147483647), printf('%.3s', 'abcdef'), char(-1) IS NULL;

SELECT json_extract('{', '$');

SELECT likelihood(1, 2);

SELECT raise(ABORT, 'x');

--! differs refused to tenants
--! want error no such function: load_extension
SELECT load_extension('x');

SELECT abs(-9223372036854775807 - 1);

SELECT sum(9223372036854775807) OVER (ROWS UNBOUNDED PRECEDING) FROM (SELECT 1 UNION ALL SELECT 2);

SELECT 1 LIKE 'a' ESCAPE '';

SELECT ((((((((((((((((((((1))))))))))))))))))));

SELECT * FROM pragma_nothing;

SELECT * FROM json_each;

SELECT * FROM json_each('[');

EXPLAIN;

--! want error ATTACH is not available here: a request can use one database only
--! differs refused to tenants
ATTACH 'x.sqlite' AS x;

--! want error VACUUM INTO is not available here; plain VACUUM is
--! differs refused to tenants
VACUUM INTO 'x.sqlite';

--! want error PRAGMA writable_schema is not available here; to bring in the .dump of a database with virtual tables, import it with the format sql: ayb client import FILE ENTITY/DATABASE
--! differs refused to tenants
PRAGMA writable_schema = ON;

--! want error PRAGMA journal_mode cannot be set here
--! differs refused to tenants
PRAGMA journal_mode = DELETE;

SELECT * FROM t;

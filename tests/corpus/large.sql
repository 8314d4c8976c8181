-- 2 000 columns, large cells, many rows, long statements, and one more than
-- there may be.

CREATE TABLE wide(<<c# INT 2000>>);

INSERT INTO wide VALUES (<<# 2000>>);

SELECT * FROM wide;

SELECT c1, c1000, c2000 FROM wide;

UPDATE wide SET c2000 = 'changed', c1 = NULL RETURNING c1, c2, c1999, c2000;

SELECT <<c# + 1 AS d# 2000>> FROM wide;

SELECT <<# 2000>>;

SELECT <<# 2001>>;

CREATE TABLE wider(<<c# 2001>>);

SELECT *, 1 FROM wide;

CREATE TABLE large(id INTEGER PRIMARY KEY, t TEXT, b BLOB);

INSERT INTO large VALUES (1, printf('%.*c', 1000000, 'x'), zeroblob(1048576));

INSERT INTO large VALUES (2, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT group_concat(i, 'ä"\') FROM n), CAST(printf('%.*c', 1048576, 'y') AS BLOB));

SELECT id, length(t), length(b) FROM large;

SELECT * FROM large;

SELECT t FROM large WHERE id = 2;

SELECT substr(t, 500000, 20), substr(b, -3), instr(t, '99999') FROM large;

INSERT INTO large VALUES (3, printf('%.*c', 524288, '€'), x'') RETURNING t;

UPDATE large SET t = t || t WHERE id = 1 RETURNING id, length(t);

SELECT hex(b) = replace(hex(zeroblob(1048576)), 'x', '') FROM large WHERE id = 1;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'row ' || i, i * 0.5, NULL FROM n;

CREATE TABLE many(id INTEGER PRIMARY KEY, v INT, w TEXT);

INSERT INTO many(v, w) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i * 7919 % 10007, 'w' || (i % 100) FROM n;

CREATE INDEX many_v ON many(v, w);

SELECT count(*), sum(v), min(v), max(v), avg(v), count(DISTINCT w) FROM many;

SELECT w, count(*), sum(v) FROM many GROUP BY w ORDER BY 3 DESC, 1 LIMIT 10;

SELECT a.id, b.id FROM many a JOIN many b ON a.v = b.v AND a.id < b.id ORDER BY a.id, b.id LIMIT 20 OFFSET 100;

DELETE FROM many WHERE v % 3 = 0;

UPDATE many SET v = v + 1, w = upper(w) WHERE id % 2;

SELECT count(*), sum(v), sum(w = 'W1') FROM many;

SELECT 1 WHERE 1 IN (<<# 5000>>);

SELECT length('<<a# 10000>>');

INSERT INTO large(t) VALUES <<('v#') 1000>>;

SELECT count(*), max(id) FROM large WHERE t LIKE 'v%';

SELECT max(<<# 100>>), coalesce(<<NULLIF(#, #) 120>>, 'none');

SELECT max(<<# 1001>>);

--! alone VACUUM is not possible inside a transaction
VACUUM;

DROP TABLE many;

DELETE FROM large WHERE id > 3;

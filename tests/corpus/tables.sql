-- Generated columns, STRICT, WITHOUT ROWID, constraints, indexes, views,
-- ALTER TABLE, and what the schema tells.

CREATE TABLE gen(a INT, b INT, c INT GENERATED ALWAYS AS (a + b) VIRTUAL, d TEXT AS (a || '-' || b) STORED, e AS (c * 2) UNIQUE);

INSERT INTO gen(a, b) VALUES (1, 2), (3, 4) RETURNING *;

INSERT INTO gen(a, b) VALUES (2, 1);

INSERT INTO gen(c) VALUES (1);

UPDATE gen SET a = 10 WHERE b = 4 RETURNING a, c, d, e;

UPDATE gen SET c = 1;

SELECT * FROM gen WHERE c = 14;

CREATE INDEX gen_c ON gen(c);

SELECT a FROM gen WHERE c BETWEEN 1 AND 20 ORDER BY c;

CREATE TABLE gen_bad(a AS (1));

--! since 3.42.0 older ones notice at the first use
--! want error generated column loop on "b"
--! script
CREATE TABLE gen_bad(x, a AS (b), b AS (a));
DROP TABLE gen_bad;

CREATE TABLE gen_bad(x, a AS (random()));

CREATE TABLE strict(i INT, n INTEGER, r REAL, t TEXT, b BLOB, a ANY) STRICT;

INSERT INTO strict VALUES (1, 2, 3.5, 'x', x'00', 1.5), ('4', 5.0, '6.5', 7, x'', 'any') RETURNING *, typeof(i), typeof(n), typeof(r), typeof(t), typeof(a);

INSERT INTO strict(i) VALUES ('x');

INSERT INTO strict(i) VALUES (1.5);

INSERT INTO strict(t) VALUES (x'00');

INSERT INTO strict(b) VALUES ('text');

INSERT INTO strict(r) VALUES ('abc');

CREATE TABLE strict_bad(d DATE) STRICT;

CREATE TABLE strict_bad(d) STRICT;

CREATE TABLE pairs(a TEXT, b INT, v, PRIMARY KEY(a, b DESC)) WITHOUT ROWID;

INSERT INTO pairs VALUES ('x', 1, 'x1'), ('x', 3, 'x3'), ('a', 2, 'a2'), ('x', 2, NULL);

SELECT * FROM pairs;

INSERT INTO pairs VALUES ('x', 1, 'again');

INSERT INTO pairs VALUES (NULL, 1, 'null');

SELECT rowid FROM pairs;

UPDATE pairs SET b = b + 10 WHERE a = 'x' RETURNING *;

DELETE FROM pairs WHERE (a, b) IN (VALUES ('x', 11), ('a', 2)) RETURNING v;

CREATE TABLE no_key(a, b) WITHOUT ROWID;

CREATE TABLE checked(a INT CHECK (a > 0), b TEXT CONSTRAINT short CHECK (length(b) < 5), c NOT NULL DEFAULT 'c', CHECK (a < 100 OR b IS NULL));

INSERT INTO checked(a, b) VALUES (1, 'abcd') RETURNING *;

INSERT INTO checked(a) VALUES (0);

--! code 275
INSERT INTO checked(a, b) VALUES (1, 'abcde');

INSERT INTO checked(a, b) VALUES (100, 'x');

--! code 1299
INSERT INTO checked(a, c) VALUES (1, NULL);

CREATE TABLE keyed(a UNIQUE, b COLLATE NOCASE UNIQUE, c, UNIQUE(a, c) ON CONFLICT REPLACE);

INSERT INTO keyed VALUES (1, 'x', 1), (NULL, NULL, NULL), (NULL, NULL, NULL);

--! code 2067
INSERT INTO keyed VALUES (2, 'X', 1);

INSERT INTO keyed VALUES (1, 'y', 2);

SELECT * FROM keyed;

CREATE TABLE people(id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INT, active INT);

INSERT INTO people VALUES (1, 'Ann', 'Ulm', 30, 1), (2, 'bob', 'Bonn', 25, 0), (3, 'Cy', 'Ulm', 41, 1), (4, 'dan', NULL, NULL, 1), (5, 'Eve', 'Aachen', 30, 0);

CREATE UNIQUE INDEX people_active ON people(name) WHERE active;

CREATE INDEX people_lower ON people(lower(name), age DESC);

CREATE INDEX people_city ON people(city COLLATE NOCASE);

INSERT INTO people VALUES (6, 'bob', 'Ulm', 1, 0);

INSERT INTO people VALUES (7, 'Ann', 'Ulm', 1, 1);

SELECT id FROM people WHERE lower(name) = 'eve';

SELECT id, name FROM people INDEXED BY people_lower WHERE lower(name) > 'b' ORDER BY lower(name), age DESC;

SELECT id FROM people INDEXED BY people_active WHERE name = 'bob';

SELECT name, city FROM people WHERE city = 'ulm' COLLATE NOCASE ORDER BY name COLLATE NOCASE;

SELECT name, age FROM people ORDER BY age DESC NULLS LAST, name;

SELECT name, age FROM people ORDER BY age NULLS LAST, name LIMIT 2;

CREATE INDEX people_bad ON people(random());

CREATE INDEX people_bad ON people(missing);

CREATE UNIQUE INDEX people_bad ON people(age);

--! since 3.46.0 it estimates
--! want [[3,0,62,"SEARCH people USING INDEX people_city (city=?)"]]
EXPLAIN QUERY PLAN SELECT name FROM people WHERE city = 'x' COLLATE NOCASE;

REINDEX;

ANALYZE;

SELECT tbl, idx, stat FROM sqlite_stat1 WHERE tbl = 'people' ORDER BY idx;

CREATE VIEW adults(who, years) AS SELECT name, age FROM people WHERE age >= 30;

SELECT * FROM adults ORDER BY who;

SELECT count(*), sum(years) FROM adults JOIN people ON name = who;

INSERT INTO adults VALUES ('x', 1);

CREATE VIEW broken AS SELECT missing FROM people;

SELECT * FROM broken;

CREATE VIEW circle AS SELECT * FROM circle;

SELECT * FROM circle;

DROP VIEW circle;

DROP VIEW broken;

--! script
CREATE TEMP VIEW temporary AS SELECT 1;
SELECT * FROM temporary;

--! differs what is TEMP ends with its request
--! want error A TEMP object lasts only until its request ends, and nothing follows it here; send it in one text with the statements it is meant for (or as an entry of an atomic batch before theirs)
CREATE TEMP VIEW temporary AS SELECT 1;

SELECT * FROM temporary;

--! script
CREATE TEMP TABLE scratch(a);
INSERT INTO scratch VALUES (1), (2);
SELECT sum(a) FROM temp.scratch;

SELECT * FROM scratch;

ALTER TABLE people ADD COLUMN mail TEXT DEFAULT 'none';

ALTER TABLE people ADD COLUMN twice AS (age * 2);

ALTER TABLE people ADD COLUMN must NOT NULL;

ALTER TABLE people ADD COLUMN id2 INTEGER PRIMARY KEY;

SELECT id, mail, twice FROM people WHERE id < 3;

ALTER TABLE people RENAME COLUMN city TO town;

ALTER TABLE people RENAME COLUMN missing TO something;

ALTER TABLE people RENAME TO persons;

SELECT sql FROM sqlite_schema WHERE tbl_name = 'persons' AND sql NOT NULL ORDER BY name;

SELECT * FROM adults ORDER BY who;

ALTER TABLE persons DROP COLUMN mail;

ALTER TABLE persons DROP COLUMN town;

ALTER TABLE persons DROP COLUMN id;

ALTER TABLE missing RENAME TO something;

ALTER TABLE persons RENAME TO gen;

SELECT * FROM pragma_table_info('persons');

SELECT name, hidden FROM pragma_table_xinfo('gen');

PRAGMA table_info(strict);

PRAGMA index_list(people);

SELECT name, "unique", origin, partial FROM pragma_index_list('persons') ORDER BY name;

SELECT seqno, cid, name, desc, coll, key FROM pragma_index_xinfo('people_lower');

SELECT name, type, ncol, wr, strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' ORDER BY name;

DROP TABLE people;

DROP TABLE IF EXISTS people;

DROP INDEX people_city;

SELECT type, name FROM sqlite_master WHERE name LIKE '%people%' ORDER BY name;

INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'CREATE TABLE x(a)');

DROP TABLE sqlite_stat1;

CREATE TABLE sqlite_mine(a);

CREATE TABLE IF NOT EXISTS gen(a);

CREATE TABLE gen(a);

CREATE TABLE dup(a, A);

SELECT name, count FROM (SELECT 'x' AS name, 1 AS count);

-- Foreign keys, immediate and deferred, and transactions of a script's own.

CREATE TABLE artist(id INTEGER PRIMARY KEY, name TEXT UNIQUE);

CREATE TABLE album(id INTEGER PRIMARY KEY, artist INT REFERENCES artist(id) ON DELETE CASCADE ON UPDATE CASCADE, title TEXT);

CREATE TABLE track(id INTEGER PRIMARY KEY, album INT REFERENCES album DEFERRABLE INITIALLY DEFERRED, n INT);

CREATE TABLE review(id INTEGER PRIMARY KEY, artist TEXT REFERENCES artist(name) ON DELETE SET NULL ON UPDATE SET DEFAULT, stars INT DEFAULT 3);

INSERT INTO artist VALUES (1, 'Ella'), (2, 'Nina'), (3, 'Billie');

INSERT INTO album VALUES (1, 1, 'Blue'), (2, 1, 'Red'), (3, 2, 'Grey');

--! code 787
INSERT INTO album VALUES (4, 99, 'Nobody');

INSERT INTO album VALUES (5, NULL, 'Unknown') RETURNING *;

INSERT INTO review(artist, stars) VALUES ('Ella', 5), ('Nina', 4), (NULL, 1);

INSERT INTO review(artist) VALUES ('Nobody');

UPDATE artist SET id = 10 WHERE name = 'Ella';

SELECT * FROM album ORDER BY id;

UPDATE artist SET name = 'Ella F.' WHERE id = 10;

SELECT * FROM review ORDER BY id;

DELETE FROM artist WHERE name = 'Nina' RETURNING id;

SELECT * FROM album ORDER BY id;

SELECT * FROM review ORDER BY id;

--! code 787
INSERT INTO track VALUES (1, 77, 1);

--! script
INSERT INTO track VALUES (1, 77, 1);
INSERT INTO album VALUES (77, 3, 'Late');

SELECT * FROM track JOIN album ON album.id = track.album;

--! differs the server says when, and what became of the rest
--! want error FOREIGN KEY constraint failed when the statements were committed at their end: a row refers to one that is missing; nothing was changed
--! code 787
--! script
INSERT INTO track VALUES (2, 88, 1);
SELECT count(*) FROM track;

SELECT count(*) FROM track;

DELETE FROM album WHERE id = 77;

--! script
DELETE FROM album WHERE id = 77;
DELETE FROM track WHERE album = 77;

SELECT (SELECT count(*) FROM track), (SELECT count(*) FROM album);

--! script
PRAGMA defer_foreign_keys = ON;
INSERT INTO album VALUES (20, 200, 'First');
INSERT INTO artist VALUES (200, 'Second');

--! script
PRAGMA foreign_keys = OFF;
INSERT INTO album VALUES (21, 999, 'Orphan');
SELECT * FROM pragma_foreign_key_check('album');

--! alone what it finds is the doing of one script
PRAGMA foreign_key_check;

DELETE FROM album WHERE id = 21;

PRAGMA foreign_key_list(album);

SELECT "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list('review');

CREATE TABLE tree(id INTEGER PRIMARY KEY, parent REFERENCES tree ON DELETE CASCADE);

INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (5, 1);

DELETE FROM tree WHERE id = 2;

SELECT id FROM tree ORDER BY id;

INSERT INTO tree VALUES (7, 7);

CREATE TABLE restrict_child(p REFERENCES artist(id) ON DELETE RESTRICT);

INSERT INTO restrict_child VALUES (3);

--! code 1811
DELETE FROM artist WHERE id = 3;

DROP TABLE artist;

CREATE TABLE mismatch(a REFERENCES album(title));

INSERT INTO mismatch VALUES ('Blue');

CREATE TABLE dangling(a REFERENCES missing(x));

INSERT INTO dangling VALUES (NULL);

INSERT INTO dangling VALUES (1);

DROP TABLE mismatch;

DROP TABLE dangling;

CREATE TABLE t(a INTEGER PRIMARY KEY, b);

--! script
BEGIN;
INSERT INTO t VALUES (1, 'one');
SAVEPOINT s;
INSERT INTO t VALUES (2, 'two');
ROLLBACK TO s;
INSERT INTO t VALUES (3, 'three');
RELEASE s;
COMMIT;
SELECT * FROM t;

--! script
BEGIN IMMEDIATE;
DELETE FROM t;
SELECT count(*) FROM t;
ROLLBACK;
SELECT count(*) FROM t;

--! script
SAVEPOINT a;
INSERT INTO t VALUES (4, 'four');
SAVEPOINT b;
INSERT INTO t VALUES (5, 'five');
RELEASE a;
SELECT count(*) FROM t;

--! script
INSERT INTO t VALUES (6, 'six');
INSERT INTO t VALUES (1, 'again');
INSERT INTO t VALUES (7, 'seven');

--! script
INSERT INTO t VALUES (8, 'eight');
SELECT * FROM missing;

--! script
UPDATE t SET b = upper(b);
SELECT * FROM t ORDER BY a;
DELETE FROM t WHERE a = 3;
SELECT count(*) AS n FROM t;

--! alone a batch has its own transaction
COMMIT;

--! alone a batch has its own transaction
ROLLBACK;

--! alone a batch has its own transaction
RELEASE missing;

SELECT * FROM t ORDER BY a;

PRAGMA user_version = 7;

PRAGMA application_id = -12345;

PRAGMA user_version;

PRAGMA application_id;

PRAGMA encoding;

PRAGMA foreign_keys;

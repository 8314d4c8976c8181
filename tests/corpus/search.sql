-- FTS5, FTS3 and R-Tree.

CREATE VIRTUAL TABLE docs USING fts5(title, body, tag UNINDEXED);

INSERT INTO docs(rowid, title, body, tag) VALUES (1, 'The quick fox', 'jumps over the lazy dog', 'a'), (2, 'Lazy afternoon', 'a dog sleeps; the fox is gone', 'b'), (3, 'Über Größe', 'naïve café und Straße', 'c'), (4, '漢字', 'kanji are 漢字', 'd');

SELECT rowid, title FROM docs WHERE docs MATCH 'lazy' ORDER BY rowid;

SELECT rowid FROM docs WHERE docs MATCH 'fox AND NOT quick' ORDER BY rowid;

SELECT rowid FROM docs WHERE docs MATCH 'fox NOT quick' ORDER BY rowid;

SELECT rowid FROM docs WHERE docs MATCH '"lazy dog"';

SELECT rowid FROM docs WHERE docs MATCH 'title : lazy';

SELECT rowid FROM docs WHERE docs MATCH 'NEAR(dog fox, 4)' ORDER BY rowid;

SELECT rowid FROM docs WHERE docs MATCH 'jum*';

SELECT rowid FROM docs WHERE docs MATCH '^lazy';

SELECT rowid FROM docs('uber grosse OR uber');

SELECT rowid FROM docs WHERE body MATCH 'cafe';

SELECT rowid FROM docs WHERE docs = '漢字';

SELECT highlight(docs, 0, '<b>', '</b>'), snippet(docs, 1, '[', ']', '…', 3) FROM docs WHERE docs MATCH 'fox' ORDER BY rowid;

SELECT rowid, round(bm25(docs), 6), rank = bm25(docs) FROM docs WHERE docs MATCH 'dog' ORDER BY rank;

SELECT round(bm25(docs, 10.0, 1.0), 6) FROM docs WHERE docs MATCH 'lazy' ORDER BY rank, rowid;

SELECT rowid FROM docs WHERE docs MATCH 'AND';

SELECT rowid FROM docs WHERE docs MATCH 'missing : x';

SELECT rowid FROM docs WHERE docs MATCH '"open';

UPDATE docs SET body = 'missing left' WHERE rowid = 1 RETURNING title;

UPDATE docs SET body = 'the body is another', tag = NULL WHERE rowid = 1;

DELETE FROM docs WHERE rowid = 2;

SELECT rowid, * FROM docs ORDER BY rowid;

INSERT INTO docs(docs) VALUES ('integrity-check');

INSERT INTO docs(docs) VALUES ('optimize');

SELECT count(*) FROM docs WHERE docs MATCH 'dog';

CREATE TABLE notes(id INTEGER PRIMARY KEY, text);

CREATE VIRTUAL TABLE notes_index USING fts5(text, content = 'notes', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2');

CREATE TRIGGER notes_ai AFTER INSERT ON notes BEGIN INSERT INTO notes_index(rowid, text) VALUES (new.id, new.text); END;

CREATE TRIGGER notes_ad AFTER DELETE ON notes BEGIN INSERT INTO notes_index(notes_index, rowid, text) VALUES ('delete', old.id, old.text); END;

--! since 3.44.0 the index writes fewer rows of its own
--! want [[1],[2],[3]]
INSERT INTO notes(text) VALUES ('running and jumping'), ('the runner ran'), ('connections connect') RETURNING id;

SELECT rowid, text FROM notes_index WHERE notes_index MATCH 'run';

SELECT rowid FROM notes_index WHERE notes_index MATCH 'connected';

--! since 3.44.0 the index writes fewer rows of its own
--! want [["running and jumping"]]
DELETE FROM notes WHERE id = 1 RETURNING text;

SELECT count(*) FROM notes_index WHERE notes_index MATCH 'run OR jump';

INSERT INTO notes_index(notes_index) VALUES ('rebuild');

CREATE VIRTUAL TABLE trigrams USING fts5(t, tokenize = 'trigram');

INSERT INTO trigrams VALUES ('abcdefg'), ('xyz'), ('Größe');

SELECT t FROM trigrams WHERE t LIKE '%cde%';

SELECT t FROM trigrams('"röß"');

CREATE VIRTUAL TABLE terms USING fts5vocab(docs, row);

SELECT * FROM terms WHERE term < 'l' ORDER BY term;

CREATE VIRTUAL TABLE bad USING fts5(a, tokenize = 'missing');

CREATE VIRTUAL TABLE bad USING missing(a);

INSERT INTO docs_data VALUES (1, x'00');

CREATE VIRTUAL TABLE old USING fts4(a, b);

INSERT INTO old VALUES ('some words', 'other words'), ('more', 'words');

SELECT docid, a, length(offsets(old)) FROM old WHERE old MATCH 'words' ORDER BY docid;

SELECT hex(matchinfo(old)) FROM old WHERE a MATCH 'some';

DROP TABLE old;

CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1, y0, y1, +name TEXT);

INSERT INTO boxes VALUES (1, 0, 10, 0, 10, 'square'), (2, 5, 15, 5, 15, 'shifted'), (3, -100.5, -99.5, 0.125, 0.25, 'far'), (4, 8589934592, 17179869184, 0.5, 1, 'wide');

SELECT id, name FROM boxes WHERE x0 <= 7 AND x1 >= 6 AND y0 <= 7 AND y1 >= 6 ORDER BY id;

SELECT * FROM boxes ORDER BY id;

SELECT typeof(x0), typeof(id), x0 = -100.5, y0 FROM boxes WHERE id = 3;

INSERT INTO boxes VALUES (5, 10, 0, 0, 0, 'inverted');

INSERT INTO boxes VALUES (1, 0, 0, 0, 0, 'twice');

UPDATE boxes SET x1 = 20, name = 'longer' WHERE id = 1 RETURNING id, x1, name;

UPDATE boxes SET x1 = 20, name = 'longer' WHERE id = 1;

DELETE FROM boxes WHERE x0 > 1e9;

SELECT count(*), rtreecheck('boxes') FROM boxes;

CREATE VIRTUAL TABLE grid USING rtree_i32(id, a, b);

INSERT INTO grid VALUES (1, -2147483648, 2147483647), (2, 1.9, 5);

SELECT * FROM grid ORDER BY id;

CREATE VIRTUAL TABLE bad USING rtree(id, a);

CREATE VIRTUAL TABLE bad USING rtree(id, a, b, c);

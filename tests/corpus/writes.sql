-- INSERT, UPDATE, DELETE, REPLACE, UPSERT, RETURNING, conflict clauses, CTEs
-- in statements that write.

CREATE TABLE stock(sku TEXT PRIMARY KEY, name TEXT NOT NULL, n INT CHECK (n >= 0) DEFAULT 0, price REAL, UNIQUE(name, price));

INSERT INTO stock VALUES ('a', 'apple', 5, 1.25), ('b', 'banana', 3, 0.5), ('c', 'cherry', 100, 0.1);

INSERT INTO stock(sku, name) VALUES ('d', 'date') RETURNING *;

INSERT INTO stock(sku, name) VALUES ('e', 'elder') RETURNING rowid, sku, n AS count, price IS NULL, upper(name) || '!' AS loud;

INSERT INTO stock(sku, name, n) VALUES ('a', 'again', 1);

INSERT INTO stock(sku, name, n) VALUES ('z', 'negative', -1);

INSERT INTO stock(sku) VALUES ('z');

INSERT INTO stock VALUES ('z', 'apple', 1, 1.25);

INSERT OR IGNORE INTO stock VALUES ('a', 'again', 1, 1), ('f', 'fig', 1, 1), ('g', NULL, 1, 1);

INSERT OR REPLACE INTO stock VALUES ('f', 'fig', 2, 2.0);

--! since 3.41.0 the value has the type of its column
--! want [[8,"f","fig",3,3.0]]
REPLACE INTO stock VALUES ('f', 'fig', 3, 3.0) RETURNING rowid, *;

--! alone it fails and keeps a row
INSERT OR FAIL INTO stock VALUES ('h', 'honey', 1, 1), ('a', 'again', 1, 1), ('i', 'ice', 1, 1);

INSERT OR ABORT INTO stock VALUES ('j', 'jam', 1, 1), ('a', 'again', 1, 1);

INSERT OR ROLLBACK INTO stock VALUES ('k', 'kale', 1, 1), ('a', 'again', 1, 1);

SELECT * FROM stock ORDER BY sku;

INSERT INTO stock VALUES ('a', 'apple', 7, 1.25) ON CONFLICT(sku) DO UPDATE SET n = n + excluded.n RETURNING sku, n;

INSERT INTO stock VALUES ('a', 'x', 7, 1.25), ('l', 'lime', 1, 1) ON CONFLICT DO NOTHING RETURNING sku;

--! since 3.41.0 the value has the type of its column
--! want [["b","banana",3,9.0]]
INSERT INTO stock VALUES ('b', 'banana', 1, 9) ON CONFLICT(sku) DO UPDATE SET price = excluded.price WHERE excluded.price > price RETURNING *;

INSERT INTO stock VALUES ('b', 'banana', 1, 5) ON CONFLICT(sku) DO UPDATE SET price = excluded.price WHERE excluded.price > price RETURNING *;

INSERT INTO stock VALUES ('m', 'lime', 1, 1) ON CONFLICT(name, price) DO UPDATE SET n = 50 ON CONFLICT(sku) DO UPDATE SET n = 60 RETURNING sku, n;

INSERT INTO stock VALUES ('a', 'apple', 1, 1) ON CONFLICT(n) DO NOTHING;

INSERT INTO stock VALUES ('a', 'apple', 1, 1) ON CONFLICT(sku) DO UPDATE SET n = -5;

--! since 3.41.0 the value has the type of its column
--! want [["a",13,2.5],["b",4,18.0]]
UPDATE stock SET n = n + 1, price = price * 2 WHERE sku IN ('a', 'b') RETURNING sku, n, price;

UPDATE stock SET (n, price) = (SELECT 8, 0.75) WHERE sku = 'c' RETURNING n, price;

UPDATE stock SET n = 0 WHERE sku = 'missing' RETURNING *;

UPDATE stock SET n = -1 WHERE sku = 'a';

UPDATE OR IGNORE stock SET n = n - 5;

UPDATE OR REPLACE stock SET sku = 'b' WHERE sku = 'c';

UPDATE stock SET sku = 'a' WHERE sku = 'b';

SELECT * FROM stock ORDER BY sku;

CREATE TABLE prices(sku, price);

INSERT INTO prices SELECT sku, price FROM stock WHERE price IS NOT NULL UNION SELECT 'q', 1.5;

UPDATE stock SET price = p.price + 1 FROM prices AS p WHERE p.sku = stock.sku AND stock.sku < 'c' RETURNING stock.sku, stock.price;

WITH cheap AS (SELECT sku FROM prices WHERE price < 2) UPDATE stock SET name = name || ' (cheap)' WHERE sku IN cheap RETURNING name;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) INSERT INTO prices SELECT 'n' || i, i * 1.5 FROM n RETURNING sku, price;

WITH gone AS (SELECT sku FROM prices WHERE sku LIKE 'n%' ORDER BY price LIMIT 2) DELETE FROM prices WHERE sku IN gone RETURNING *;

DELETE FROM prices WHERE sku = 'missing' RETURNING *;

--! differs the linked SQLite is generated without it
--! want error near "ORDER": syntax error
DELETE FROM prices ORDER BY price DESC LIMIT 1 RETURNING sku;

--! differs the linked SQLite is generated without it
--! want error near "ORDER": syntax error
UPDATE prices SET price = 0 ORDER BY sku LIMIT 2 RETURNING sku;

--! differs the linked SQLite is generated without it
--! want error near "LIMIT": syntax error
DELETE FROM prices WHERE sku = 'missing' LIMIT 1;

SELECT * FROM prices ORDER BY sku;

DELETE FROM prices;

SELECT count(*) FROM prices;

INSERT INTO prices DEFAULT VALUES RETURNING rowid, *;

INSERT INTO prices(price, sku) VALUES (1, 2) RETURNING *;

INSERT INTO prices VALUES (1);

INSERT INTO prices(missing) VALUES (1);

INSERT INTO prices VALUES (1, 2), (3);

CREATE TABLE auto(id INTEGER PRIMARY KEY AUTOINCREMENT, v);

INSERT INTO auto(v) VALUES ('one'), ('two') RETURNING id;

INSERT INTO auto VALUES (9007199254740993, 'large') RETURNING id;

DELETE FROM auto WHERE id > 2;

INSERT INTO auto(v) VALUES ('next') RETURNING id;

INSERT INTO auto VALUES (9223372036854775807, 'largest');

--! differs the server says more
--! want error database full: this database has reached its limit of 1024 MiB (limits.database_bytes), which the operator of the server can raise, or a table has used its last row id; the disk of the server has room
INSERT INTO auto(v) VALUES ('one too many');

SELECT * FROM sqlite_sequence;

CREATE TABLE ids(id INTEGER PRIMARY KEY, v);

INSERT INTO ids VALUES (-5, 'minus'), (NULL, 'auto'), (100, 'hundred'), (NULL, 'auto') RETURNING id;

INSERT INTO ids VALUES ('12', 'text is a number'), (13.0, 'real is one') RETURNING id, typeof(id);

INSERT INTO ids VALUES ('x', 'is none');

INSERT INTO ids VALUES (1.5, 'is none');

INSERT INTO ids VALUES (100, 'taken');

SELECT rowid, oid, _rowid_, id FROM ids;

--! script
INSERT INTO ids(v) VALUES ('a');
SELECT last_insert_rowid(), changes();
UPDATE ids SET v = 'b' WHERE id < 0;
SELECT last_insert_rowid(), changes();

--! alone it looks at what came before on its connection
SELECT last_insert_rowid(), changes(), total_changes();

CREATE TABLE copy AS SELECT id, v, id * 2 AS twice, typeof(id) AS "t t" FROM ids WHERE id > 0;

SELECT * FROM copy;

INSERT INTO copy SELECT * FROM copy;

SELECT count(*), sum(twice) FROM copy;

INSERT INTO copy(id) SELECT value FROM json_each('[1,2,3]') RETURNING id;

--! since 3.44.0 ORDER BY within an aggregate
--! want [["apple,banana"]]
SELECT group_concat(name, ',' ORDER BY name) FROM (SELECT 'banana' AS name UNION ALL SELECT 'apple');

-- Triggers: BEFORE, AFTER, INSTEAD OF, WHEN, recursive, RAISE.

CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, qty INT);

CREATE TABLE log(n INTEGER PRIMARY KEY, what TEXT, old TEXT, new TEXT);

CREATE TRIGGER item_bi BEFORE INSERT ON item BEGIN INSERT INTO log(what, new) VALUES ('before insert', new.name); END;

CREATE TRIGGER item_ai AFTER INSERT ON item BEGIN
  INSERT INTO log(what, new) VALUES ('after insert', new.id || ' ' || new.name);
  UPDATE item SET name = upper(name) WHERE id = new.id;
END;

CREATE TRIGGER item_au AFTER UPDATE OF qty ON item FOR EACH ROW WHEN old.qty IS NOT new.qty BEGIN
  INSERT INTO log(what, old, new) VALUES ('quantity', old.qty, new.qty);
END;

CREATE TRIGGER item_bd BEFORE DELETE ON item BEGIN
  SELECT RAISE(ABORT, 'not the first') WHERE old.id = 1;
  SELECT RAISE(IGNORE) WHERE old.id = 2;
  INSERT INTO log(what, old) VALUES ('delete', old.name);
END;

INSERT INTO item(name, qty) VALUES ('one', 1), ('two', 2), ('three', 3) RETURNING id, name;

SELECT * FROM item;

UPDATE item SET qty = qty + 1 WHERE id > 1;

UPDATE item SET qty = qty;

UPDATE item SET name = 'x' WHERE id = 3 RETURNING *;

DELETE FROM item WHERE id = 1;

DELETE FROM item WHERE id > 1 RETURNING id;

DELETE FROM item;

SELECT * FROM log ORDER BY n;

CREATE VIEW item_view AS SELECT id, name || ' x ' || qty AS line FROM item;

CREATE TRIGGER view_i INSTEAD OF INSERT ON item_view BEGIN INSERT INTO item(name, qty) VALUES (new.line, 0); END;

CREATE TRIGGER view_u INSTEAD OF UPDATE ON item_view BEGIN UPDATE item SET name = new.line WHERE id = old.id; END;

CREATE TRIGGER view_d INSTEAD OF DELETE ON item_view BEGIN UPDATE item SET qty = -1 WHERE id = old.id; END;

INSERT INTO item_view(line) VALUES ('through the view') RETURNING line;

--! since 3.41.0 the columns that stay
--! want [[1,"changed"]]
UPDATE item_view SET line = 'changed' WHERE id = 1 RETURNING *;

DELETE FROM item_view WHERE id = 2;

SELECT * FROM item_view;

CREATE TABLE countdown(n INT);

CREATE TRIGGER count_down AFTER INSERT ON countdown WHEN new.n > 0 BEGIN INSERT INTO countdown VALUES (new.n - 1); END;

INSERT INTO countdown VALUES (5);

SELECT * FROM countdown;

--! script
PRAGMA recursive_triggers = ON;
INSERT INTO countdown VALUES (5);
SELECT * FROM countdown ORDER BY rowid;

--! since 3.50.0 another text
--! want error triggers nested too deep
--! script
PRAGMA recursive_triggers = ON;
INSERT INTO countdown VALUES (1000);

CREATE TABLE guarded(v INT);

CREATE TRIGGER guard_rollback BEFORE INSERT ON guarded WHEN new.v = 1 BEGIN SELECT RAISE(ROLLBACK, 'roll back'); END;

CREATE TRIGGER guard_fail BEFORE INSERT ON guarded WHEN new.v = 2 BEGIN SELECT RAISE(FAIL, 'fail'); END;

CREATE TRIGGER guard_ignore BEFORE INSERT ON guarded WHEN new.v = 3 BEGIN SELECT RAISE(IGNORE); END;

--! code 1811
INSERT INTO guarded VALUES (0), (1);

--! alone it fails and keeps a row
INSERT INTO guarded VALUES (10), (2), (11);

INSERT INTO guarded VALUES (20), (3), (21);

SELECT * FROM guarded;

--! since 3.47.0 RAISE with an expression
--! alone the shell has no such trigger, so it goes at once
--! script
--! want error value 5
CREATE TRIGGER guard_expr BEFORE INSERT ON guarded WHEN new.v = 5 BEGIN SELECT RAISE(ABORT, 'value ' || new.v); END;
INSERT INTO guarded VALUES (5);

CREATE TABLE balance(account TEXT PRIMARY KEY, amount INT);

CREATE TABLE transfer(source, target, amount);

CREATE TRIGGER transfer_ai AFTER INSERT ON transfer BEGIN
  UPDATE balance SET amount = amount - new.amount WHERE account = new.source;
  INSERT INTO balance VALUES (new.target, new.amount) ON CONFLICT(account) DO UPDATE SET amount = amount + excluded.amount;
  SELECT RAISE(ABORT, 'no money') FROM balance WHERE amount < 0;
END;

INSERT INTO balance VALUES ('a', 100), ('b', 0);

INSERT INTO transfer VALUES ('a', 'b', 30), ('b', 'c', 10);

INSERT INTO transfer VALUES ('c', 'a', 11);

SELECT * FROM balance ORDER BY account;

CREATE TRIGGER transfer_ai AFTER INSERT ON transfer BEGIN SELECT 1; END;

CREATE TRIGGER IF NOT EXISTS transfer_ai AFTER INSERT ON transfer BEGIN SELECT 1; END;

CREATE TRIGGER broken AFTER INSERT ON missing BEGIN SELECT 1; END;

CREATE TRIGGER wrong INSTEAD OF INSERT ON item BEGIN SELECT 1; END;

CREATE TRIGGER late AFTER INSERT ON transfer BEGIN INSERT INTO missing VALUES (1); END;

INSERT INTO transfer VALUES ('a', 'b', 1);

DROP TRIGGER late;

DROP TRIGGER late;

DROP TRIGGER IF EXISTS late;

SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' ORDER BY name;

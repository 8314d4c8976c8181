-- Values of parameters, as they come back.

--! params [1, 2.5, "text", null, {"base64":"AP8="}]
SELECT ?, ?, ?, ?, ?, typeof(?1), typeof(?2), typeof(?3), typeof(?4), typeof(?5);

--! params [{"integer":"9223372036854775807"}, {"integer":"-9223372036854775808"}, 9007199254740992, {"integer":"9007199254740993"}]
SELECT ?1, ?2, ?3, ?4, ?1 - ?3;

--! params [{"real":"Infinity"}, {"real":"-Infinity"}, 1e300, 5e-300, 0.1, 3.0]
SELECT ?1, ?2, ?3, ?4, ?5, ?6, typeof(?6);

--! params {":a": 1, "@b": "two", "$c": 3.5}
SELECT :a, @b, $c, :a + $c, :a;

--! params ["it's", "ünï 😀", "", "a\nb", "\"x\"", "x'00'"]
SELECT ?, ?, ?, ?, ?, ?, length(?2);

CREATE TABLE p(id INTEGER PRIMARY KEY, t TEXT, r REAL, b BLOB, n NUMERIC);

--! params [1, "text", 1.5, {"base64":"/w=="}, "12"]
INSERT INTO p VALUES (?, ?, ?, ?, ?);

--! since 3.41.0 the value has the type of its column
--! want [[2,"12",3.0,4,"x","text","real","integer","text"]]
--! params [12, 3, 4, "x"]
INSERT INTO p(t, r, b, n) VALUES (?, ?, ?, ?) RETURNING *, typeof(t), typeof(r), typeof(b), typeof(n);

--! params {":id": 1, ":t": null}
UPDATE p SET t = :t WHERE id = :id RETURNING id, t;

--! params [1]
INSERT INTO p(id) VALUES (?);

--! params ["%x%"]
SELECT id FROM p WHERE n LIKE ?;

--! params [2, 1]
SELECT id FROM p ORDER BY id LIMIT ?2 OFFSET ?1 - 1;

--! params ["[1,2,3]", 2]
SELECT value FROM json_each(?) WHERE value >= ?;

--! params ["[2]"]
DELETE FROM p WHERE id IN (SELECT value FROM json_each(?)) RETURNING id;

--! params ["missing"]
SELECT * FROM p WHERE missing = ?;

--! params ["1"]
SELECT ? = 1, CAST(?1 AS INTEGER) = 1, ?1 || 1, ?1 + 1;

SELECT * FROM p;

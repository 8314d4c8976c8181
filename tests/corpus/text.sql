-- Text: Unicode, bytes that are not UTF-8, NUL, functions on strings.

SELECT 'ä', 'ß', '漢字', '😀', '👩‍👩‍👧', 'e' || char(769), 'עברית', 'العربية', '𝔘𝔫𝔦';

SELECT length('ä'), length('😀'), length('👩‍👩‍👧'), length(CAST('ä' AS BLOB)), length(''), length(NULL), length(12345), length(x'00ff'), length(-1.5);

SELECT upper('äbc'), lower('ÄBC'), upper('straße'), lower('ΑΒΓ');

SELECT substr('häuser', 2, 1), substr('häuser', -3), substr('häuser', 0, 2), substr('abc', 10), substr('abc', 2, -1), substr('abc', -5, 3), substr(x'010203', 2, 1), substring('abc', 2);

SELECT instr('häuser', 'u'), instr('abc', ''), instr(x'010203', x'02'), instr('abc', NULL), instr('abc', 'z');

SELECT replace('aaa', 'a', 'bb'), replace('abc', '', 'x'), replace('ääh', 'ä', 'a'), replace('abc', 'b', ''), replace(NULL, 'a', 'b');

SELECT trim('  x  '), ltrim('xxabc', 'x'), rtrim('abcxx', 'x'), trim('äxä', 'ä'), trim(''), trim('xyx', 'xy');

SELECT 'a
b' AS lines, 'tab	tab' AS tabs, '"double"' AS quotes, 'back\slash' AS slashes, '</script>&' AS html;

SELECT char(1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 27, 31, 127), char(128), char(160), char(8232), char(8233), char(65279), char(65533), char(1114111);

--! want [["a\u0000b","610062"]]
SELECT 'a' || x'00' || 'b', hex('a' || char(0) || 'b');

--! want [["a\u0000b","610062","text",1]]
SELECT 'a' || char(0) || 'b', hex('a' || char(0) || 'b'), typeof('a' || char(0)), length('a' || char(0) || 'b');

--! text
SELECT CAST(x'ff' AS TEXT), CAST(x'61ff62' AS TEXT), typeof(CAST(x'ff' AS TEXT)), hex(CAST(x'c328' AS TEXT)), length(CAST(x'ffff' AS TEXT));

--! text
SELECT CAST(x'eda080' AS TEXT), CAST(x'f4908080' AS TEXT), CAST(x'c080' AS TEXT), CAST(x'e282' AS TEXT);

SELECT CAST(x'ff' AS TEXT) = CAST(x'ff' AS TEXT), CAST(x'ff' AS TEXT) = x'ff', CAST(x'ff' AS TEXT) > 'z';

CREATE TABLE text(id INTEGER PRIMARY KEY, s TEXT, n TEXT COLLATE NOCASE, r TEXT COLLATE RTRIM);

INSERT INTO text VALUES (1, 'abc', 'abc', 'abc'), (2, 'ABC', 'ABC', 'abc  '), (3, 'äöü', 'äöü', 'äöü '), (4, 'ÄÖÜ', 'ÄÖÜ', 'ÄÖÜ'), (5, '', '', ''), (6, NULL, NULL, NULL), (7, '10', '10', '10'), (8, '9', '9', '9');

--! text
INSERT INTO text VALUES (9, CAST(x'80c3a4' AS TEXT), 'x', 'x') RETURNING s;

--! text
SELECT * FROM text ORDER BY s, id;

SELECT id FROM text ORDER BY n, id;

SELECT id, n FROM text WHERE n = 'aBc' ORDER BY id;

SELECT id FROM text WHERE r = 'abc     ' ORDER BY id;

SELECT id FROM text WHERE s = 'abc' COLLATE NOCASE ORDER BY id;

SELECT count(DISTINCT n), count(DISTINCT s), count(DISTINCT r) FROM text;

SELECT 'abc' LIKE 'A%', 'äbc' LIKE 'Ä%', 'abc' LIKE '_b_', 'a%c' LIKE 'a\%c' ESCAPE '\', 'abc' LIKE 'abcd', NULL LIKE 'a', 'abc' NOT LIKE 'b%', '' LIKE '%', 'ä' LIKE '_';

SELECT 'abc' GLOB 'a*', 'abc' GLOB 'A*', 'abc' GLOB 'a?c', 'abc' GLOB '[a-c]bc', 'abc' GLOB '[^a]bc', 'a*c' GLOB 'a[*]c', 'ä' GLOB '?';

--! differs Debian's shell is built so that BLOBs never match a LIKE
--! want [[1,1]]
SELECT x'41' LIKE 'a', x'616263' LIKE '%b%';

SELECT 'abc' LIKE 'a' ESCAPE 'xx';

SELECT 'abc' REGEXP 'a';

SELECT 'abc' MATCH 'a';

SELECT 'a' < 'b', 'a' < 'B', 'a' < 'B' COLLATE NOCASE, 'a ' = 'a', 'a ' = 'a' COLLATE RTRIM, 'é' > 'z', '' < 'a', '10' < '9';

SELECT 'x' COLLATE missing = 'y';

SELECT group_concat(s, '|') FROM (SELECT s FROM text WHERE id < 5 ORDER BY id);

SELECT soundex('Robert'), soundex('Rupert'), soundex(''), soundex('Tymczak'), soundex('123'), soundex('Ashcraft');

--! since 3.43.0 octet_length
--! want [[2,4,0,null,3]]
SELECT octet_length('ä'), octet_length('😀'), octet_length(''), octet_length(NULL), octet_length(x'010203');

--! since 3.44.0 concat and concat_ws
--! want [["a1","a-1-b",""]]
SELECT concat('a', NULL, 1), concat_ws('-', 'a', NULL, 1, 'b'), concat(NULL);

--! since 3.41.0 unhex
--! want [[{"base64":"YWI="},null,{"base64":"YWI="}]]
SELECT unhex('6162'), unhex('6x'), unhex('61-62', '-');

--! since 3.50.0 unistr
--! want [["ä😀","'unistr'"]]
SELECT unistr('\00e4\+01f600'), quote('unistr');

SELECT s FROM text WHERE "text"."missing here" = 1;

SELECT "just a string" AS dqs, typeof("just a string");

SELECT s AS "	tab", id AS "a""b", n AS "x
y" FROM text WHERE id = 1;

CREATE TABLE "tïtle 'x' ""y"""("col, ""umn" TEXT DEFAULT 'it''s', "漢" INT DEFAULT (1 + 1), [select] DEFAULT CURRENT_TIMESTAMP);

INSERT INTO "tïtle 'x' ""y"""("col, ""umn", [select]) VALUES ('v', 's') RETURNING *;

SELECT "漢", "select", "col, ""umn" FROM "tïtle 'x' ""y""";

UPDATE text SET s = s || '😀' WHERE id IN (1, 3) RETURNING id, s, length(s), hex(s);

DELETE FROM text WHERE s LIKE '%😀' RETURNING id;

SELECT hex(zeroblob(3)), zeroblob(0), length(zeroblob(1000)), typeof(zeroblob(1)), x'', length(x''), quote(x''), x'' = '';

CREATE TABLE blobs(id INTEGER PRIMARY KEY, b BLOB);

INSERT INTO blobs(b) VALUES (x''), (x'00'), (x'ff00ff'), (zeroblob(10)), ('text'), (x'c3a4'), (x'7b7d');

SELECT id, b, typeof(b), length(b), hex(b) FROM blobs;

SELECT id FROM blobs ORDER BY b DESC;

SELECT b || b, typeof(b || b), b = 'text', b > 'text' FROM blobs WHERE id IN (5, 6);

-- Storage classes, literals, affinity, conversions, arithmetic, the limits of
-- integers and reals.

SELECT NULL, 1, -1, 1.5, 'text', x'0001ff', typeof(NULL), typeof(1), typeof(1.5), typeof('text'), typeof(x'00');

SELECT 9223372036854775807, -9223372036854775808, typeof(-9223372036854775808), 9223372036854775808, typeof(9223372036854775808);

SELECT 9007199254740991, 9007199254740992, 9007199254740993, -9007199254740992, -9007199254740993;

SELECT 9223372036854775807 + 1, typeof(9223372036854775807 + 1), -9223372036854775807 - 2, 9223372036854775807 * 2;

SELECT 9223372036854775807 + 0, -9223372036854775807 - 1, 4611686018427387904 * -2, 3037000500 * 3037000500;

SELECT 0x7fffffffffffffff, 0xffffffffffffffff, 0x8000000000000000, 0x0, 0XFF;

SELECT 1e999, -1e999, 1e308 * 10, -1e308 * 10, typeof(1e999);

SELECT 1e999 - 1e999 IS NULL, 1e999 * 0 IS NULL, 0.0 / 0.0 IS NULL, 1e999 / 1e999;

SELECT 1e999 > 1.7976931348623157e308, -1e999 < -1.7976931348623157e308, 1e999 = 1e999, 1e999 <> -1e999;

SELECT 1.7976931348623157e308, 2.2250738585072014e-308, 0.1, 0.2, 0.1 + 0.2, 1.0, 100.0, 1e21, 1e22, 123456789012345680.0;

SELECT 1.0 / 3.0, 2.0 / 3.0, 1e-5, 1e-7, 1.5e10, 3.141592653589793, 2.718281828459045, 1e15, 1e16, 1e100;

SELECT 4.35, 0.57, 1.005, 64.1, 1234567.891, 0.000123456789, 5e-300, 98765432109876.5;

SELECT 5e-324, 1e-320, 4.9e-310;

--! want [[-0.0,0.0,1,"real",-0.0]]
SELECT 0.0 * -1, 0.0, 0.0 = 0.0 * -1, typeof(0.0 * -1), -1.0 * 0;

SELECT 1 / 0, 1 % 0, 1.0 / 0, 7 / 2, -7 / 2, 7 % -3, -7 % 3, 7.5 % 2, -9223372036854775807 / -1;

SELECT -9223372036854775808 / -1, -9223372036854775808 % -1;

SELECT ~0, ~1, 1 << 62, 1 << 63, 1 << 64, 1 >> 1, -1 >> 1, -1 << 1, 1 << -1, 5 & 3, 5 | 3;

SELECT '12' + 3, '1.5' + 1, 'abc' + 1, '12abc' + 1, '' + 0, NULL + 1, x'3132' + 0, ' 12 ' + 0, '0x10' + 0, '1e2' + 0;

SELECT 1 || 2, 1.0 || 'x', NULL || 'x', x'4142' || 'c', typeof(x'4142' || x'43'), 1e22 || '', 1e999 || '', 0.1 || '';

SELECT CAST('9223372036854775808' AS INTEGER), CAST('-9223372036854775809' AS INTEGER), CAST(1e19 AS INTEGER), CAST(-1e19 AS INTEGER);

SELECT CAST('12abc' AS INTEGER), CAST('1.9' AS INTEGER), CAST(-1.9 AS INTEGER), CAST('abc' AS REAL), CAST('1e3' AS NUMERIC), CAST('1.50' AS NUMERIC), CAST(x'31' AS INTEGER);

SELECT CAST(12 AS TEXT), CAST(1.0 AS TEXT), CAST(x'616263' AS TEXT), CAST('abc' AS BLOB), CAST(12 AS BLOB), CAST(NULL AS TEXT), CAST('' AS BLOB), CAST(12 AS VARCHAR(1));

SELECT CAST(1e999 AS INTEGER), CAST(-1e999 AS INTEGER), CAST(1e999 AS TEXT), CAST('1e999' AS REAL), CAST('-1e999' AS REAL), CAST('inf' AS REAL);

CREATE TABLE affinity(a INTEGER, b REAL, c TEXT, d BLOB, e NUMERIC, f, g BOOLEAN, h DATE, i VARCHAR(10), j DOUBLE PRECISION, k TIMESTAMP, l DECIMAL(10,5));

INSERT INTO affinity VALUES ('1', '1', 1, 1, '1', 1, '1', '1', 1, '1', '1', '1');

INSERT INTO affinity VALUES (1.0, 1, 1.0, '1', '1.0', '1', 1.0, '2024-01-01', 1.5, 1, '2024-01-01 10:00:00', '1.50');

INSERT INTO affinity VALUES ('x', 'x', x'78', 'x', 'x', 'x', 'true', 'hello', x'78', 'x', 1700000000, 'x'), (9223372036854775807, 9223372036854775807, 9223372036854775807, 9223372036854775807, '9223372036854775808', 1e999, 7, 7, NULL, '1e999', 0, 1e400);

SELECT * FROM affinity;

SELECT typeof(a), typeof(b), typeof(c), typeof(d), typeof(e), typeof(f), typeof(g), typeof(h), typeof(i), typeof(j), typeof(k), typeof(l) FROM affinity;

SELECT a = '1', b = 1, c = 1, d = 1, e = 1, f = '1', a < 'x', c < 2 FROM affinity;

SELECT 1 = '1', 1 = 1.0, 'a' = 'A', x'61' = 'a', NULL = NULL, NULL IS NULL, 1 IS NOT 2, 1 IS TRUE, 0 IS FALSE, 5 IS TRUE;

SELECT TRUE, FALSE, NOT NULL, NOT 1, NOT 'x', NULL AND 0, NULL OR 1, NULL AND 1, '1' AND 'x';

SELECT 9223372036854775807 = 9223372036854775807.0, 9007199254740993 = 9007199254740992.0, 9007199254740993 > 9007199254740992.0, 1 < 1.5;

SELECT max(1, '2', x'00', NULL), max(1, 2.5), min('b', 'a', 'c'), max(1, '2', x'00'), min(1, '2', x'00');

SELECT 1 BETWEEN 0 AND 2, 'b' NOT BETWEEN 'a' AND 'c', NULL BETWEEN 1 AND 2, 1 IN (1, 2), 1 IN (), NULL IN (1), 3 NOT IN (1, NULL);

SELECT CASE WHEN NULL THEN 1 ELSE 2 END, CASE 1 WHEN 1.0 THEN 'same' END, CASE 3 WHEN 1 THEN 1 END, iif(0, 'a', 'b'), coalesce(NULL, NULL, 3), ifnull(NULL, 'x'), nullif(1, 1), nullif(1, '1');

SELECT quote(NULL), quote(1), quote(1.5), quote('it''s'), quote(x'00ff'), quote(-9223372036854775808);

SELECT 'a' 'b' IS NULL;

SELECT 1 AS "a b", 2 AS 'quoted', 3 AS [brackets], 4 AS `ticks`, 5 AS "ünï", 6 "six", 7;

SELECT 1 AS x, 2 AS x, 3 AS "x:1", 4 AS "";

VALUES (1, 'a'), (2, NULL), (3.5, x'ff');

SELECT * FROM (VALUES (1, 2)) WHERE column1 = 1;

--! since 3.46.0 underscores in numbers
--! want [[1000000,1000.5,255]]
SELECT 1_000_000, 1_000.5, 0xF_F;

SELECT round(2.5), round(-2.5), round(123.456, -1), round(1e300), round(0.5), round(1234.5678, 2), round('2.7');

--! since 3.43.0 older ones round in decimal
--! want [[1.0,2.67,0.3]]
SELECT round(1.005, 2), round(2.675, 2), round(0.285, 1);

SELECT abs(-1), abs(-1.5), abs('x'), abs(NULL), abs(-9223372036854775807), sign(-3), sign(0.0), sign('x'), sign(1e999);

SELECT abs(-9223372036854775808);

SELECT printf('%d|%5d|%-5d|%05d|%+d|%,d', 42, 42, 42, 42, 42, 1234567), printf('%f|%.2f|%e|%g', 1.5, 1.125, 12345.678, 0.0001);

SELECT printf('%s|%10s|%-10s|%.2s|%c|%%|%q|%Q|%w', 'abc', 'abc', 'abc', 'abc', 'x', 'it''s', 'it''s', 'a"b'), printf('%x|%X|%o', 255, 255, 8), format('%s %s', 1, 2.0);

SELECT printf('%d', 9223372036854775807), printf('%d', 1e300), printf('%s', NULL), printf('%d'), printf(NULL), printf('%!.15g', 0.1), printf('%i', -9223372036854775808);

SELECT hex(1), hex('abc'), hex(NULL), hex(1.5), length(hex(zeroblob(5))), unicode('A'), unicode(''), unicode('€'), char(65, 8364, 128512), char();

SELECT likely(1), unlikely(0), likelihood(1, 0.5), typeof(likely(1.5));

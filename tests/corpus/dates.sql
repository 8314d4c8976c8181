-- Dates with fixed inputs, mathematics.

SELECT date('2024-02-29'), time('12:34:56.789'), datetime('2024-02-29 12:34:56'), julianday('2000-01-01 12:00:00'), strftime('%s', '2024-01-01');

SELECT date('2024-01-31', '+1 month'), date('2024-02-29', '+1 year'), date('2024-03-15', 'start of month', '-1 day'), datetime('2024-01-01', '+36 hours', '-1 minute'), date('2024-01-01', 'weekday 0'), date('2024-05-05', 'start of year');

SELECT datetime(0, 'unixepoch'), datetime(1700000000, 'unixepoch'), datetime(-1, 'unixepoch'), datetime(2451545.0), datetime('1700000000', 'auto'), date(2460000.5, 'julianday');

SELECT strftime('%Y-%m-%d %H:%M:%S %f %j %w %W %J %%', '2024-12-31 23:59:59.123');

SELECT strftime('%d/%m/%Y', '2024-07-04'), strftime('%H:%M', '2024-07-04T05:06'), strftime('%s', '1969-12-31 23:59:59'), strftime('%Y', '-4713-11-24');

SELECT date('not a date'), date('2024-13-01'), time('25:00'), date(NULL), datetime('2024-01-01', 'nonsense'), date('');

--! since 3.45.0 days and hours that are too many become the next day
--! want [["2024-03-01","2023-03-01","2024-01-02 00:00:00"]]
SELECT date('2024-02-30'), date('2023-02-29'), datetime('2024-01-01 24:00:00');

SELECT date('0000-01-01'), date('9999-12-31', '+1 day');

SELECT datetime('2024-06-01 12:00:00+02:00'), datetime('2024-06-01T12:00:00Z'), time('12:00:00-05:30'), datetime('2024-06-01 12:00:00', 'utc');

SELECT unixepoch('2024-01-01 00:00:00'), unixepoch('1970-01-01'), unixepoch('2024-01-01', '-1 second'), typeof(unixepoch('2024-01-01'));

SELECT julianday('2024-01-01') - julianday('2023-01-01'), round((julianday('2024-01-01 06:00') - julianday('2024-01-01')) * 24, 6);

--! since 3.43.0 timediff
--! want [["+0001-02-03 04:05:06.000"]]
SELECT timediff('2024-03-04 04:05:06', '2023-01-01');

--! since 3.42.0 subsec
--! want [["2024-01-01 00:00:00.500",1704067200.5]]
SELECT datetime('2024-01-01 00:00:00.5', 'subsec'), unixepoch('2024-01-01 00:00:00.5', 'subsec');

--! since 3.46.0 more letters of strftime
--! want [["04","2024-W14","PM"]]
SELECT strftime('%I', '2024-04-04 16:00'), strftime('%G-W%V', '2024-04-04'), strftime('%p', '2024-04-04 16:00');

--! since 3.46.0 floor and ceiling
--! want [["2024-02-29","2024-03-02"]]
SELECT date('2024-01-31', '+1 month', 'floor'), date('2024-01-31', '+1 month', 'ceiling');

CREATE TABLE visits(id INTEGER PRIMARY KEY, at DATETIME, day DATE AS (date(at)));

INSERT INTO visits(at) VALUES ('2024-01-01 10:00:00'), ('2024-01-01 11:30:00'), ('2024-01-02 00:00:01'), (1704153600), (NULL);

SELECT day, count(*), min(at), max(at) FROM visits GROUP BY day ORDER BY day;

SELECT id, at, typeof(at) FROM visits WHERE at >= '2024-01-01 11:00' ORDER BY id;

SELECT strftime('%H', at), count(*) FROM visits GROUP BY 1 ORDER BY 1;

SELECT pi(), exp(1), ln(10), log(100), log2(8), log(2, 1024), sqrt(2), pow(2, 10), power(2, 0.5);

--! since 3.41.0 exact powers
--! want [[3.0,2.0]]
SELECT log10(1000), log10(100);

SELECT sin(1), cos(1), tan(1), asin(1), acos(0.5), atan(1), atan2(1, -1), sinh(1), cosh(1), tanh(1), asinh(1), acosh(2), atanh(0.5);

SELECT ceil(1.2), ceiling(-1.2), floor(-1.2), floor(1.8), trunc(-1.8), trunc(1.8), mod(7, 3), mod(-7.5, 2), degrees(pi()), radians(180);

SELECT ceil(5), typeof(ceil(5)), ceil('x'), typeof(floor(1.5)), ceil(NULL), sqrt(-1), ln(0), log(-1), acos(2), pow(0, 0), exp(1000), pow(-8, 1.0 / 3);

SELECT typeof(ceil(1.5)), typeof(ceil('1.5')), typeof(trunc(5)), typeof(mod(5, 3)), typeof(pow(2, 3));

SELECT sum(sqrt(value)), avg(pow(value, 2)) FROM json_each('[1,4,9,16]');

SELECT max(exp(value)), min(ln(value)) FROM json_each('[1,2,3]');

SELECT sqrt();

SELECT pow(1);

SELECT ceil(9223372036854775807), floor(-9223372036854775808), round(9223372036854775807), abs(1e999), floor(1e999), trunc(-1e999);

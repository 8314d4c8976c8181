-- Joins, compound queries, CTEs, subqueries, aggregates, window functions.

CREATE TABLE emp(id INTEGER PRIMARY KEY, name TEXT, dept TEXT, boss INT, pay REAL);

INSERT INTO emp VALUES (1, 'Ada', 'eng', NULL, 300.5), (2, 'Bob', 'eng', 1, 100), (3, 'Cyd', 'eng', 1, 200), (4, 'Dee', 'ops', 2, 100), (5, 'Eli', 'ops', 4, NULL), (6, 'Fay', NULL, 2, 50.25);

CREATE TABLE dept(code TEXT PRIMARY KEY, title TEXT);

INSERT INTO dept VALUES ('eng', 'Engineering'), ('ops', 'Operations'), ('law', 'Legal');

SELECT e.name, d.title FROM emp e JOIN dept d ON e.dept = d.code ORDER BY e.id;

SELECT e.name, d.title FROM emp e LEFT JOIN dept d ON e.dept = d.code ORDER BY e.id;

SELECT e.name, d.title FROM emp e RIGHT JOIN dept d ON e.dept = d.code ORDER BY d.code, e.id;

SELECT e.name, d.title FROM emp e FULL OUTER JOIN dept d ON e.dept = d.code ORDER BY e.id, d.code;

SELECT count(*) FROM emp CROSS JOIN dept;

SELECT * FROM (SELECT 1 AS a, 2 AS b) NATURAL JOIN (SELECT 1 AS a, 3 AS c);

SELECT * FROM (SELECT 1 AS a, 2 AS b) JOIN (SELECT 1 AS a, 3 AS c) USING (a);

SELECT a.name, b.name FROM emp a, emp b WHERE a.boss = b.id ORDER BY a.id;

SELECT name FROM emp WHERE pay > (SELECT avg(pay) FROM emp) ORDER BY name;

SELECT name, (SELECT count(*) FROM emp r WHERE r.boss = e.id) AS reports FROM emp e ORDER BY reports DESC, name;

SELECT name FROM emp e WHERE EXISTS (SELECT 1 FROM emp r WHERE r.boss = e.id AND r.pay = 100) ORDER BY name;

SELECT name FROM emp WHERE (dept, pay) = ('eng', 100) OR (dept, boss) IN (SELECT 'ops', 4) ORDER BY name;

SELECT dept, count(*), count(pay), sum(pay), total(pay), avg(pay), min(name), max(pay), group_concat(id) FROM emp GROUP BY dept ORDER BY dept;

SELECT dept, sum(pay) FROM emp GROUP BY dept HAVING sum(pay) > 100 ORDER BY 2;

SELECT name, max(pay) FROM emp;

SELECT count(*), sum(pay), total(pay), avg(pay), min(pay), group_concat(name) FROM emp WHERE 0;

SELECT count(*) FILTER (WHERE pay >= 100), sum(pay) FILTER (WHERE dept = 'eng'), group_concat(name, '+') FILTER (WHERE boss = 1) FROM emp;

SELECT sum(DISTINCT pay), count(DISTINCT dept), avg(DISTINCT pay) FROM emp;

SELECT sum(x), typeof(sum(x)), avg(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT -1);

SELECT sum(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1);

SELECT total(x), avg(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1);

SELECT sum(x), typeof(sum(x)) FROM (SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL SELECT '3' UNION ALL SELECT 'x' UNION ALL SELECT NULL);

SELECT dept FROM emp UNION SELECT code FROM dept ORDER BY 1;

SELECT dept FROM emp UNION ALL SELECT code FROM dept ORDER BY 1 DESC;

SELECT code FROM dept EXCEPT SELECT dept FROM emp;

SELECT code FROM dept INTERSECT SELECT dept FROM emp ORDER BY code;

SELECT 1 UNION SELECT 1.0 UNION SELECT '1' UNION SELECT NULL UNION SELECT x'31';

SELECT 1, 2 UNION SELECT 3;

SELECT DISTINCT dept, pay = 100 FROM emp ORDER BY 1, 2;

SELECT name FROM emp ORDER BY pay DESC, name LIMIT 2 OFFSET 1;

SELECT name FROM emp ORDER BY id LIMIT -1 OFFSET 4;

SELECT name FROM emp LIMIT 0;

WITH RECURSIVE chain(id, name, depth, path) AS (SELECT id, name, 0, name FROM emp WHERE boss IS NULL UNION ALL SELECT e.id, e.name, depth + 1, path || '/' || e.name FROM emp e JOIN chain c ON e.boss = c.id) SELECT * FROM chain ORDER BY path;

WITH RECURSIVE fib(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM fib LIMIT 93) SELECT max(a), count(*), typeof(max(a)) FROM fib;

WITH RECURSIVE n(i) AS (VALUES (1) UNION SELECT (i * 3) % 7 FROM n) SELECT i FROM n ORDER BY i;

WITH a AS MATERIALIZED (SELECT 1 AS x), b AS NOT MATERIALIZED (SELECT x + 1 AS y FROM a), c(z) AS (SELECT y * 10 FROM b) SELECT * FROM a, b, c;

WITH RECURSIVE mandel(x, y, n) AS (SELECT 0.0, 0.0, 0 UNION ALL SELECT x * x - y * y - 0.5, 2 * x * y + 0.5, n + 1 FROM mandel WHERE n < 20 AND x * x + y * y < 4) SELECT n, x, y FROM mandel;

SELECT name, pay, row_number() OVER (ORDER BY pay, id), rank() OVER (ORDER BY pay), dense_rank() OVER (ORDER BY pay) FROM emp ORDER BY id;

SELECT name, sum(pay) OVER (PARTITION BY dept ORDER BY id), avg(pay) OVER (PARTITION BY dept), count(*) OVER () FROM emp ORDER BY id;

SELECT id, lag(name) OVER w, lead(name, 2, 'none') OVER w, first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w FROM emp WINDOW w AS (ORDER BY id) ORDER BY id;

SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING), sum(id) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW), group_concat(id, '.') OVER (ORDER BY id GROUPS 1 PRECEDING) FROM emp ORDER BY id;

SELECT id, sum(pay) OVER (ORDER BY pay RANGE BETWEEN 50 PRECEDING AND 50 FOLLOWING), count(*) OVER (ORDER BY pay RANGE UNBOUNDED PRECEDING) FROM emp ORDER BY id;

SELECT id, ntile(4) OVER (ORDER BY id), percent_rank() OVER (ORDER BY pay), cume_dist() OVER (ORDER BY pay) FROM emp ORDER BY id;

SELECT dept, count(*) FILTER (WHERE pay > 90) OVER (PARTITION BY dept) FROM emp ORDER BY id;

SELECT dept, sum(pay), rank() OVER (ORDER BY sum(pay) DESC) FROM emp GROUP BY dept ORDER BY 3, 1;

SELECT row_number() OVER (ORDER BY id ROWS 1 PRECEDING) FROM emp WHERE row_number() OVER () = 1;

SELECT ntile(0) OVER () FROM emp;

SELECT missing() OVER () FROM emp;

SELECT upper(name) OVER () FROM emp;

SELECT e.*, d.title AS t FROM emp AS e LEFT JOIN dept AS d ON d.code = e.dept WHERE e.id = 1;

SELECT emp.*, dept.* FROM emp, dept WHERE emp.id = 1 AND dept.code = 'law';

SELECT rowid, emp.rowid, * FROM emp WHERE id = 2;

SELECT name AS n, n FROM emp WHERE id = 1;

SELECT sum(pay) AS s FROM emp WHERE s > 1;

SELECT dept, name FROM emp GROUP BY dept ORDER BY min(id);

SELECT name FROM emp WHERE name > 'B' AND name < 'E' OR id IN (SELECT max(id) FROM emp) ORDER BY name DESC;

SELECT random() = random(), length(randomblob(8)), typeof(random());

SELECT * FROM emp WHERE NULL;

SELECT 1 WHERE 0;

SELECT total(value), count(*) FROM generate_series(1, 3);

--! since 3.47.0 median
--! want [[100.0]]
SELECT median(pay) FROM emp;

--! since 3.44.0 string_agg
--! want [["Ada;Bob;Cyd"]]
SELECT string_agg(name, ';') FROM (SELECT name FROM emp WHERE dept = 'eng' ORDER BY id);

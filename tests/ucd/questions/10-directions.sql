-- Which share of all characters, in thousandths, do the commonest directions cover together?
SELECT bidi, n, sum(n) OVER running, 1000 * sum(n) OVER running / sum(n) OVER ()
FROM (SELECT bidi, count(*) AS n FROM char GROUP BY bidi)
WINDOW running AS (ORDER BY n DESC, bidi)
ORDER BY n DESC, bidi;

-- After which characters are the twenty longest runs of unassigned code points?
SELECT code, gap FROM (SELECT cp, code, name, lead(cp) OVER (ORDER BY cp) - cp - 1 AS gap FROM char)
WHERE gap > 0 AND name NOT LIKE '%, First>'
ORDER BY gap DESC, cp LIMIT 20;

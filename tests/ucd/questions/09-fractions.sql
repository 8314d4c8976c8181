-- Which characters stand for which fraction?
SELECT numeric, count(*), group_concat(code, ' ' ORDER BY cp)
FROM char WHERE numeric LIKE '%/%' GROUP BY numeric ORDER BY numeric;

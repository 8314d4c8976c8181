-- In how many steps do canonical decompositions reach a character that has none?
WITH RECURSIVE
	canonical(cp, code, base) AS (
		SELECT cp, code, substr(decomposition, 1, instr(decomposition || ' ', ' ') - 1)
		FROM char WHERE decomposition NOT LIKE '<%'
	),
	step(cp, base, depth) AS (
		SELECT cp, base, 1 FROM canonical
		UNION ALL
		SELECT step.cp, canonical.base, depth + 1 FROM step JOIN canonical ON canonical.code = step.base
	)
SELECT depth, count(*) FROM (SELECT max(depth) AS depth FROM step GROUP BY cp) GROUP BY depth ORDER BY depth;

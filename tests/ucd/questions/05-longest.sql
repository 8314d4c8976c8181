-- Which character has the longest name in each block?
SELECT block, code, name FROM (
	SELECT block.first, block.name AS block, code, char.name,
		row_number() OVER (PARTITION BY block.first ORDER BY length(char.name) DESC, cp) AS place
	FROM char JOIN block ON cp BETWEEN first AND last
)
WHERE place = 1 ORDER BY first;

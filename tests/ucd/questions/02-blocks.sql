-- How many assigned characters does each block have, the empty ones too?
SELECT block.name, count(char.cp)
FROM block LEFT JOIN char ON char.cp BETWEEN block.first AND block.last
GROUP BY block.first ORDER BY block.first;

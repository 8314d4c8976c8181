-- Which letters have a tilde by name, and are not small?
SELECT code, name FROM char
WHERE cp IN (SELECT rowid FROM name_search WHERE name_search MATCH '"with tilde" AND letter NOT small')
ORDER BY cp;

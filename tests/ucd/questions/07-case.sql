-- Which characters have an upper case whose lower case is another one, or none?
SELECT char.code, char.upper, capital.lower
FROM char JOIN char AS capital ON capital.code = char.upper
WHERE capital.lower IS NOT char.code
ORDER BY char.cp;

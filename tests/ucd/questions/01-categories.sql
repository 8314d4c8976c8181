-- How many characters are in each general category?
SELECT category, count(*) FROM char GROUP BY category ORDER BY category;

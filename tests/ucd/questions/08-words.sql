-- What are the forty most frequent words of names?
SELECT term, cnt FROM word ORDER BY cnt DESC, term LIMIT 40;

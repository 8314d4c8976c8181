{
	k = split(words($2), w, " ")
	for (i = 1; i <= k; i++) n[w[i]]++
}
END { for (x in n) print tolower(x) "|" n[x] | "LC_ALL=C sort -t '|' -k 2,2nr -k 1,1 | head -n 40" }

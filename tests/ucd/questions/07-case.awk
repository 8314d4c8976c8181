{ code[++n] = $1; upper[$1] = $13; lower[$1] = $14; known[$1] = 1 }
END {
	for (i = 1; i <= n; i++) {
		c = code[i]
		if (upper[c] != "" && known[upper[c]] && lower[upper[c]] != c) print c "|" upper[c] "|" lower[upper[c]]
	}
}

$6 != "" && $6 !~ /^</ { split($6, parts, " "); base[$1] = parts[1] }
END {
	for (c in base) {
		depth = 0
		for (x = c; x in base; x = base[x]) depth++
		n[depth]++
	}
	for (d in n) print d "|" n[d] | "LC_ALL=C sort -n"
}

{ n[$5]++; total++ }
END {
	sorted = "LC_ALL=C sort -t '|' -k 2,2nr -k 1,1 | awk -F '|' -v total=" total " '{ s += $2; print $0 \"|\" s \"|\" int(1000 * s / total) }'"
	for (b in n) print b "|" n[b] | sorted
}

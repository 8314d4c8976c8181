{ n[$3]++ }
END { for (c in n) print c "|" n[c] | "LC_ALL=C sort" }

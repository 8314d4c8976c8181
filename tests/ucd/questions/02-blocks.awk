block { n[block]++ }
END { for (b = 1; b <= blocks; b++) print title[b] "|" n[b] + 0 }

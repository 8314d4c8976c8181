block && length($2) > length(longest[block]) { longest[block] = $2; code[block] = $1 }
END { for (b = 1; b <= blocks; b++) if (b in code) print title[b] "|" code[b] "|" longest[b] }

$9 ~ /\// { n[$9]++; codes[$9] = codes[$9] (codes[$9] == "" ? "" : " ") $1 }
END { for (f in n) print f "|" n[f] "|" codes[f] | "LC_ALL=C sort -t '|' -k 1,1" }

NR > 1 && previous != "" && cp > before + 1 && range !~ /, First>$/ {
	print cp - before - 1 "|" before "|" previous | "LC_ALL=C sort -t '|' -k 1,1nr -k 2,2n | head -n 20 | cut -d '|' -f 1,3 | awk -F '|' '{ print $2 \"|\" $1 }'"
}
{ previous = $1; before = cp; range = $2 }

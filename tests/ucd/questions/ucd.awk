# What the questions share. Files: Blocks.txt, then UnicodeData.txt. For each
# line of the second one, cp is the code point and block the number of its
# block, 0 for none; first, last and title hold the blocks.

function hex(s,    i, n) {
	n = 0
	for (i = 1; i <= length(s); i++) n = n * 16 + index("0123456789ABCDEF", substr(s, i, 1)) - 1
	return n
}

# words makes " TWO WORDS " of a name.
function words(name) {
	name = " " toupper(name) " "
	gsub(/[^A-Z0-9]+/, " ", name)
	return name
}

BEGIN { FS = ";"; at = 1 }
FNR == 1 { file++ }
file == 1 && /^[0-9A-F]/ {
	split($1, ends, /\.\./)
	blocks++
	first[blocks] = hex(ends[1])
	last[blocks] = hex(ends[2])
	title[blocks] = substr($2, 2)
}
file == 1 { next }
{
	cp = hex($1)
	while (at < blocks && cp > last[at]) at++
	block = cp >= first[at] && cp <= last[at] ? at : 0
}

{
	w = words($2)
	if (index(w, " WITH TILDE ") && index(w, " LETTER ") && !index(w, " SMALL ")) print $1 "|" $2
}

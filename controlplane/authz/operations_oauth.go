package authz

// Operations of tokens and applications. None is open to a scoped token: it
// must not beget others (S2).
const (
	CreateToken  Operation = "create token"
	AuthorizeApp Operation = "authorize application"
)

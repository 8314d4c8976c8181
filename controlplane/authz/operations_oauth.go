package authz

// Operations of tokens, applications and browsers. None is open to a scoped
// token: it must not beget others (S2).
const (
	CreateToken  Operation = "create token"
	AuthorizeApp Operation = "authorize application"
	OpenSession  Operation = "open session"
)

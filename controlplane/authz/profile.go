package authz

// The operations on an account itself.
const (
	UpdateProfile Operation = "update profile"
	DeleteAccount Operation = "delete account"
)

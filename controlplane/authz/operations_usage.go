package authz

// ShowUsage is to see what a database uses and what limits it. It is not open
// to a scoped token.
const ShowUsage Operation = "show usage"

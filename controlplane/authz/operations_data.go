package authz

// Operations on the whole of a database. Only ExportData, which is a way to
// read, is open to a scoped token.
const (
	ExportData       Operation = "export data"
	ImportData       Operation = "import data"
	ForkDatabase     Operation = "fork database"
	DeleteDatabase   Operation = "delete database"
	UndeleteDatabase Operation = "undelete database"
	RenameDatabase   Operation = "rename database"
	ListSnapshots    Operation = "list snapshots"
	TakeSnapshot     Operation = "take snapshot"
	RestoreSnapshot  Operation = "restore snapshot"
)

package cache_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
)

// notForgotten lists the methods of the store that change something and
// invalidate nothing, each with the reason.
var notForgotten = map[string]string{
	"Confirm":            "accounts are not remembered, and a new token is not remembered before it exists",
	"UpdateProfile":      "accounts are not remembered",
	"VerifyLinks":        "accounts are not remembered",
	"CreateToken":        "a token is not remembered before it exists",
	"TouchTokens":        "a later end is read by ReloadToken before a remembered end refuses the token",
	"DeleteExpired":      "a token is deleted long after its end, which is checked at every use",
	"InsertOAuthCode":    "codes are not remembered",
	"UseOAuthCode":       "codes are not remembered, and a new token is not remembered before it exists",
	"ReserveDatabase":    "the path has no database that could be remembered",
	"RenewReservation":   "the path has no database that could be remembered",
	"ReleaseReservation": "the path has no database that could be remembered",
	"BeginUndeletion":    "the database stays deleted for every look-up until CompleteOperation",
	"ClaimOperations":    "claims are not remembered",
	"PostponeOperation":  "claims are not remembered",

	"ClaimPurges":          "the purge queue is not remembered",
	"PostponePurge":        "the purge queue is not remembered",
	"CompletePurge":        "the purge queue is not remembered",
	"ClaimSnapshotTasks":   "snapshot tasks are not remembered",
	"PostponeSnapshotTask": "snapshot tasks are not remembered",
	"CompleteSnapshotTask": "snapshot tasks are not remembered",
	"NoteSnapshot":         "notes are not remembered",

	"ChangeAccountLimits":  "the operator's program calls it in another process and announces the change to every control plane",
	"ChangeDatabaseLimits": "the operator's program calls it in another process and announces the change to every control plane",
}

// A method of the store that writes either has a method of the cache that
// invalidates, or stands in notForgotten.
func TestEveryMutationInvalidates(t *testing.T) {
	writes := callersOf(t, "../store", "Store", "db.Transact")
	invalidates := callersOf(t, ".", "Cache", "InvalidateToken", "InvalidateDatabase")
	if len(writes) < 30 {
		t.Fatalf("only %d methods of the store write: %v", len(writes), writes)
	}
	for _, name := range writes {
		_, listed := notForgotten[name]
		switch invalid := slices.Contains(invalidates, name); {
		case !listed && !invalid:
			t.Errorf("%s changes the store, and the cache forgets nothing: invalidate, or say in notForgotten why not", name)
		case listed && invalid:
			t.Errorf("%s invalidates: remove it from notForgotten", name)
		}
	}
	for name := range notForgotten {
		if !slices.Contains(writes, name) {
			t.Errorf("%s is not a method of the store that writes: remove it from notForgotten", name)
		}
	}
}

// callersOf returns the exported methods of a type that call one of roots on
// their receiver, directly or through other methods of the type.
func callersOf(t *testing.T, dir, typ string, roots ...string) []string {
	t.Helper()
	calls := methodCalls(t, dir, typ)
	reached := map[string]bool{}
	for _, root := range roots {
		reached[root] = true
	}
	for again := true; again; {
		again = false
		for name, called := range calls {
			if !reached[name] && slices.ContainsFunc(called, func(m string) bool { return reached[m] }) {
				reached[name], again = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(reached)), func(name string) bool {
		return !ast.IsExported(name) || slices.Contains(roots, name)
	})
}

// methodCalls returns for each method of a type what it calls on its receiver.
func methodCalls(t *testing.T, dir, typ string) map[string][]string {
	t.Helper()
	notTest := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), dir, notTest, 0) //nolint:staticcheck // files of every build are wanted
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string][]string{}
	for _, p := range packages {
		for _, file := range p.Files {
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && receiver(f) == typ {
					calls[f.Name.Name] = receiverCalls(f)
				}
			}
		}
	}
	return calls
}

// receiver returns the name of the type that f is a pointer method of.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	if star, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
		if name, ok := star.X.(*ast.Ident); ok {
			return name.Name
		}
	}
	return ""
}

// receiverCalls returns what follows the receiver in the body of f, such as
// "forgetTokens" or "store.RevokeToken".
func receiverCalls(f *ast.FuncDecl) (called []string) {
	self := f.Recv.List[0].Names[0].Name + "."
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if path, ok := strings.CutPrefix(types.ExprString(s), self); ok {
				called = append(called, path)
			}
		}
		return true
	})
	return called
}

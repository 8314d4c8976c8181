package lineedit

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"
	"github.com/rivo/uniseg"
)

// pasteThreshold is the number of characters that arrive together from which on
// the text is pasted, not typed.
const pasteThreshold = 16

// queueKey is a key of our own: the editor reads it where the characters of
// keys.queue belong. It has no other binding.
const queueKey = '\x1e'

// keys makes the line editor insert typed and pasted text unchanged. By default
// the editor takes letters above U+007F for keys with Meta, its commands keep
// only the first code point of a character, and they move by columns in place of
// code points.
type keys struct {
	shell      *readline.Shell
	isComplete func(text string) bool
	queue      []rune // was read, and belongs after the next queueKey
	burst      int    // number of characters that arrived together with the last one
	refed      bool   // some of them went back to the editor
	lost       bool   // a character arrived in parts
}

func newKeys(shell *readline.Shell, isComplete func(text string) bool) *keys {
	k := &keys{shell: shell, isComplete: isComplete}
	for name, on := range map[string]bool{
		"convert-meta": false, "input-meta": true, "output-meta": true, "enable-bracketed-paste": true,
		"cursor-position-probe": false, // it loses characters that are typed before the terminal answers
	} {
		_ = shell.Config.Set(name, on) // it takes any name and value
	}
	for _, binds := range shell.Config.Binds {
		binds[string(queueKey)] = inputrc.Bind{Action: "insert-queue"}
	}
	for key, action := range map[string]string{"\x1b[3~": "delete-char", "\x1b[1~": "beginning-of-line", "\x1b[4~": "end-of-line"} {
		if emacs := shell.Config.Binds["emacs"]; emacs[key].Action == "" {
			emacs[key] = inputrc.Bind{Action: action}
		}
	}
	was := shell.Keymap.Commands()
	complete, accept := was["complete"], was["accept-line"]
	shell.Keymap.Register(map[string]func(){
		"self-insert": func() {
			if typed := shell.Keys.Caller(); string(typed) == "\r\n" { // Unicode takes it for one character, but it is Enter
				accept()
			} else {
				k.insert(typed, k.takePending())
			}
		},
		"insert-queue": func() {
			queue := k.queue
			k.queue = nil
			k.insert(nil, append(queue, k.takePending()...))
		},
		"complete": func() {
			if rest := k.takePending(); len(rest) > 0 || k.burst >= pasteThreshold { // a tab within pasted text
				k.insert([]rune{'\t'}, rest)
			} else {
				complete()
			}
		},
		"backward-delete-char": k.byCharacter(-1, was["backward-delete-char"], k.remove),
		"delete-char":          k.byCharacter(1, was["delete-char"], k.remove),
		"backward-char":        k.byCharacter(-1, was["backward-char"], k.move),
		"forward-char":         k.byCharacter(1, was["forward-char"], k.move),
	})
	shell.SyntaxHighlighter = k.reserveRows
	return k
}

// takeLost reports whether a character of the last text was lost, and resets
// that.
func (k *keys) takeLost() bool {
	was := k.lost
	k.lost = false
	return was
}

// insert inserts a character together with the pending text up to the next
// command key, so that a long text is drawn once.
func (k *keys) insert(typed, rest []rune) {
	k.shell.History.SkipSave()
	if !k.refed {
		k.burst = len(rest)
	}
	k.refed = false
	text, rest := k.splitText(typed, rest)
	if len(text) > 0 {
		k.shell.Cursor().InsertAt(text...)
	}
	if len(rest) == 0 {
		return
	}
	k.refed = true
	// The editor accepts only keys of one byte.
	end := slices.IndexFunc(rest, func(r rune) bool { return r >= utf8.RuneSelf })
	if end < 0 {
		k.shell.Keys.Feed(true, rest...)
		return
	}
	k.queue = slices.Concat(rest[end:], k.queue)
	k.shell.Keys.Feed(true, append(slices.Clone(rest[:end]), queueKey)...)
}

// splitText separates text from command keys. In pasted text, tabs are text as
// well, and so is Enter in an incomplete statement.
func (k *keys) splitText(text, rest []rune) (plain, commands []rune) {
	line, at := *k.shell.Line(), k.shell.Cursor().Pos()
	text = slices.Clone(text)
	for i, r := range rest {
		many := k.burst >= pasteThreshold
		switch {
		case r >= ' ' && r != '\x7f', r == '\t' && many:
			text = append(text, r)
		case (r == '\r' || r == '\n') && many && at == len(line) && !k.isComplete(string(line)+string(text)):
			text = append(text, '\n')
		default:
			return text, rest[i:]
		}
	}
	return text, nil
}

// takePending removes and returns all characters that were read and not used.
func (k *keys) takePending() []rune {
	var text []byte
	for {
		key, none := k.shell.Keys.Pop()
		if none {
			break
		}
		if key != queueKey {
			text = append(text, key)
			continue
		}
		text = append(text, string(k.queue)...)
		k.queue = nil
	}
	if !utf8.Valid(text) {
		k.lost = true
	}
	return []rune(string(text))
}

// byCharacter makes a command for one code point act on one character, which may
// have several code points.
func (k *keys) byCharacter(direction int, one func(), all func(to int)) func() {
	return func() {
		at, to := k.shell.Cursor().Pos(), k.characterBoundary(direction)
		if n := to - at; k.shell.Iterations.IsSet() || n*direction <= 1 {
			one()
			return
		}
		k.shell.History.Save()
		all(to)
	}
}

func (k *keys) move(to int) { k.shell.Cursor().Set(to) }

func (k *keys) remove(to int) {
	at := k.shell.Cursor().Pos()
	k.shell.Line().Cut(min(at, to), max(at, to))
	k.shell.Cursor().Set(min(at, to))
}

// characterBoundary returns the position before or after the character at the
// cursor.
func (k *keys) characterBoundary(direction int) int {
	at := k.shell.Cursor().Pos()
	chars := uniseg.NewGraphemes(string(*k.shell.Line()))
	for begin := 0; chars.Next(); {
		end := begin + len(chars.Runes())
		switch {
		case direction < 0 && begin < at && at <= end:
			return begin
		case direction > 0 && begin <= at && at < end:
			return end
		}
		begin = end
	}
	return at
}

// reserveRows makes room on the terminal for the rows of a text and one more,
// because the editor assumes that they exist. VT moves down in the same column
// and, in the last row, scrolls.
func (k *keys) reserveRows(text []rune) string {
	width, height := terminalSize()
	rows := 1
	indent := k.shell.Prompt.LastUsed()
	for i, line := range strings.Split(string(text), "\n") {
		if i > 0 {
			rows++
		}
		rows += (indent + uniseg.StringWidth(strings.ReplaceAll(line, "\t", "     "))) / width
	}
	rows = max(1, min(rows, height-1))
	return strings.Repeat("\v", rows) + "\x1b[" + strconv.Itoa(rows) + "A" + string(text)
}

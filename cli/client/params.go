package client

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// paramFlags are the options with values for the parameters of SQL.
type paramFlags struct {
	all string   // --params
	one []string // --param
}

func (p *paramFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.all, "params", "", "values of all parameters, a `JSON` array or object")
	cmd.Flags().StringArrayVar(&p.one, "param", nil, "the value of one parameter, `NAME=TEXT` or NAME:=JSON; may be given more than once")
}

// json returns the values as the API takes them; nil without any.
func (p *paramFlags) json(cmd *cobra.Command) (json.RawMessage, error) {
	all := cmd.Flags().Changed("params")
	switch {
	case all && len(p.one) > 0:
		return nil, usage(cmd, "--params and --param exclude each other")
	case all:
		text := bytes.TrimSpace([]byte(p.all))
		if !json.Valid(text) || text[0] != '[' && text[0] != '{' {
			return nil, usage(cmd, "--params must be a JSON array, or an object for named parameters")
		}
		return text, nil
	case len(p.one) == 0:
		return nil, nil
	}
	members := make([]string, len(p.one))
	for i, arg := range p.one {
		var err error
		if members[i], err = param(cmd, arg); err != nil {
			return nil, err
		}
	}
	return json.RawMessage("{" + strings.Join(members, ",") + "}"), nil
}

// param turns NAME=TEXT or NAME:=JSON into a member of a JSON object.
func param(cmd *cobra.Command, arg string) (string, error) {
	name, value, ok := strings.Cut(arg, "=")
	name, typed := strings.CutSuffix(name, ":")
	if !ok || name == "" || !utf8.ValidString(arg) {
		return "", usage(cmd, "--param must be NAME=TEXT or NAME:=JSON, not '%s'", printable(arg))
	}
	if typed && !json.Valid([]byte(value)) {
		return "", usage(cmd, "the value of --param %s:= is not valid JSON; write = for a text", printable(name))
	}
	if !typed {
		text, err := httpapi.Marshal(value)
		if err != nil {
			return "", err
		}
		value = string(text)
	}
	key, err := httpapi.Marshal(name)
	return string(key) + ":" + value, err
}

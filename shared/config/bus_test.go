package config_test

import (
	"fmt"
	"strings"
	"testing"
)

// A password of the bus leaves a machine by TLS only. A configuration that would
// send or accept one in plain text is refused at the start; the error names the
// key and the solution. Loopback addresses are allowed.
func TestPasswordsOfTheBusStayOnTheMachineOrTravelByTLS(t *testing.T) {
	const secret, cert = "credentials = \"c.json\"\n", "tls_cert = \"c.pem\"\ntls_key = \"k.pem\"\n"
	for _, c := range []struct {
		host   string
		leaves bool
	}{
		{"127.0.0.1", false}, {"127.0.0.2", false}, {"[::1]", false}, {"localhost", false}, {"LocalHost", false},
		{"", true}, {"0.0.0.0", true}, {"[::]", true}, {"10.0.0.1", true}, {"192.168.1.1", true}, {"[fe80::1]", true}, {"bus.example.org", true},
		{"localhost.example.org", true}, {"127.0.0.1.example.org", true}, {"::ffff:10.0.0.1", true},
	} {
		host := c.host
		if strings.Contains(host, "::ffff") {
			host = "[" + host + "]"
		}
		for name, l := range map[string]struct {
			text  string
			wrong bool
			says  string
		}{
			"listen":                {fmt.Sprintf("listen = %q\n", host+":4222") + secret, c.leaves, "bus.listen can be reached from other machines, and passwords would be sent in plain text: set bus.tls_cert"},
			"listen with TLS":       {fmt.Sprintf("listen = %q\n", host+":4222") + secret + cert, false, ""},
			"url":                   {fmt.Sprintf("url = %q\n", "nats://"+host+":4222") + secret, c.leaves, "in plain text: write tls://" + host + ":4222"},
			"password in the url":   {fmt.Sprintf("url = %q\n", "nats://u:p@"+host+":4222"), c.leaves, "in plain text: write tls://" + host + ":4222"},
			"token in the url":      {fmt.Sprintf("url = %q\n", "nats://token@"+host+":4222"), c.leaves, "in plain text"},
			"the second of several": {fmt.Sprintf("url = %q\n", "tls://a:1, nats://"+host+":4222") + secret, c.leaves, "in plain text"},
			"url with TLS":          {fmt.Sprintf("url = %q\n", "tls://"+host+":4222") + secret, false, ""},
			"no password":           {fmt.Sprintf("url = %q\n", "nats://"+host+":4222"), false, ""},
		} {
			if host == "" && strings.Contains(l.text, "url") {
				continue // that is no address
			}
			_, err := load(t, minimal+"[bus]\n"+l.text)
			if (err != nil) != l.wrong || err != nil && (!strings.Contains(err.Error(), l.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "u:p")) {
				t.Errorf("%s %q: %v", name, host, err)
			}
		}
	}
}

package smtptest

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net/mail"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is a received mail.
type Mail struct {
	// From and To are the addresses of the envelope.
	From, To string
	// TLS and User describe the connection.
	TLS  bool
	User string
	// Raw is the complete mail, Header its header, and Lines its decoded text.
	Raw    string
	Header mail.Header
	Lines  []string
}

// MessageID returns the header Message-ID.
func (m Mail) MessageID() string { return m.Header.Get("Message-ID") }

// Token returns the token in the line for the command line, or an empty text.
func (m Mail) Token() string {
	for _, l := range m.Lines {
		if token, ok := strings.CutPrefix(l, "\tayb client confirm "); ok {
			return token
		}
	}
	return ""
}

// session is one connection.
type session struct {
	s    *Server
	conn *smtp.Conn
	user string
	mail Mail
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	if err := s.hook(Connect, Mail{}); err != nil {
		return nil, err
	}
	return &session{s: s, conn: c}, nil
}

func (c *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user == "" || user != c.s.cfg.Username || password != c.s.cfg.Password {
			return errNoLogin
		}
		c.user = user
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.s.cfg.Username != "" && c.user == "" {
		return smtp.ErrAuthRequired
	}
	_, encrypted := c.conn.TLSConnectionState()
	c.mail = Mail{From: from, TLS: encrypted, User: c.user}
	return c.s.hook(Sender, c.mail)
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mail.To = to
	return c.s.hook(Recipient, c.mail)
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := parse(c.mail, raw)
	if err != nil {
		return Answer(554, err.Error())
	}
	if err := c.s.hook(Data, m); err != nil {
		return err
	}
	c.s.mu.Lock()
	c.s.mails = append(c.s.mails, m)
	c.s.mu.Unlock()
	return c.s.hook(Accepted, m)
}

func (c *session) Reset() { c.mail = Mail{} }

func (c *session) Logout() error { return nil }

// parse parses a mail. The error says which part is missing or broken.
func parse(m Mail, raw []byte) (Mail, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, fmt.Errorf("no mail: %w", err)
	}
	if _, err := msg.Header.Date(); err != nil {
		return m, fmt.Errorf("no date: %w", err)
	}
	body := msg.Body
	if strings.EqualFold(msg.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return m, fmt.Errorf("no body: %w", err)
	}
	m.Raw, m.Header = string(raw), msg.Header
	m.Lines = strings.Split(strings.TrimSuffix(string(text), "\r\n"), "\r\n")
	return m, nil
}

package meter

import "testing"

func TestLanguage(t *testing.T) {
	var l Language
	if err := l.UnmarshalText([]byte("NL")); err != nil || l != Dutch {
		t.Errorf("NL is %q (%v), want %q", l, err, Dutch)
	}
}

package cipher_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
)

func TestParseKey(t *testing.T) {
	const plain = "d491470f47126332b07d1923b3504188"
	for _, test := range []struct {
		text string
		want string // hex; or what the error has to tell
		ok   bool
	}{
		{plain, plain, true},
		{strings.ToUpper(plain), plain, true},
		{" D491 470F 4712 6332  B07D 1923 B350 4188\r\n", plain, true},
		{"D4:91:47:0F:47:12:63:32:B0:7D:19:23:B3:50:41:88", plain, true},
		{"d491470f-4712-6332-b07d-1923b3504188", plain, true},
		{"D491470F\u00a047126332\tB07D1923B3504188", plain, true},
		{"10" + plain, plain, true},
		{"30 " + plain, plain, true},
		{"", "", true},
		{" \n", "", true},
		{plain[:30], "a key has 32 hex digits; this one has 30", false},
		{plain + plain, "a key has 32 hex digits; this one has 64", false},
		{plain[:31], "31 hex digits are an odd number", false},
		{plain[:31] + "O", `'O' is not a hex digit`, false},
		{`"` + plain + `"`, `'"' is not a hex digit`, false},
		{"secret", `'s' is not a hex digit`, false},
		{plain[:30] + "8\u0663", "'\u0663' is not a hex digit", false},
	} {
		got, err := cipher.ParseKey(test.text)
		if test.ok {
			if err != nil || fmt.Sprintf("%x", got) != test.want {
				t.Errorf("%q: got %x, %v, want %s", test.text, got, err, test.want)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || got != nil {
			t.Errorf("%q: got %x, %v, want an error that tells %q", test.text, got, err, test.want)
			continue
		}
		for i := range len(plain) - 4 {
			if strings.Contains(strings.ToLower(err.Error()), plain[i:i+4]) {
				t.Errorf("%q: the error tells the key: %v", test.text, err)
				break
			}
		}
	}
}

func TestParseAAD(t *testing.T) {
	for _, test := range []struct {
		text string
		want string
		ok   bool
	}{
		{"3000112233445566778899AABBCCDDEEFF", "3000112233445566778899aabbccddeeff", true},
		{"00112233445566778899AABBCCDDEEFF", "3000112233445566778899aabbccddeeff", true},
		{"30 00:11-22 33445566778899aabbccddeeff", "3000112233445566778899aabbccddeeff", true},
		{"", "", true},
		{"30", "additional data have 34 hex digits, 30 and the authentication key; these have 2", false},
		{"3000112233445566778899AABBCCDDEEFF00", "additional data have 34 hex digits, 30 and the authentication key; these have 36", false},
		{"300", "3 hex digits are an odd number", false},
		{"0x30", `'x' is not a hex digit`, false},
	} {
		got, err := cipher.ParseAAD(test.text)
		switch {
		case test.ok && (err != nil || fmt.Sprintf("%x", got) != test.want):
			t.Errorf("%q: got %x, %v, want %s", test.text, got, err, test.want)
		case !test.ok && (err == nil || got != nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%q: got %x, %v, want an error that tells %q", test.text, got, err, test.want)
		}
	}
}

func TestKeysHideThemselves(t *testing.T) {
	key := bytes.Repeat([]byte{0xAB}, 16)
	for keys, want := range map[*cipher.Keys]string{
		{Key: key, AAD: key}: "hidden",
		{AAD: key}:           "no key",
	} {
		if got := fmt.Sprintf("%v %+v %s", *keys, *keys, *keys); got != want+" "+want+" "+want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestKeysOfAWrongLength(t *testing.T) {
	for _, keys := range []cipher.Keys{
		{Key: make([]byte, 32)}, {Key: make([]byte, 15)},
		{Key: make([]byte, 16), AAD: make([]byte, 15)}, {Key: make([]byte, 16), AAD: make([]byte, 18)},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a key of %d bytes and additional data of %d were taken", len(keys.Key), len(keys.AAD))
				}
			}()
			cipher.New(keys)
		}()
	}
}

package decode_test

import (
	"bytes"
	"crypto/aes"
	gcm "crypto/cipher"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/decode"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

var (
	encryptionKey = []byte("@ABCDEFGHIJKLMNO")
	authKey       = []byte("abcdefghijklmnop")
	systemTitle   = []byte("SIM\x00\x00\x00\x00\x01")
)

// seal returns security control octet, counter, ciphertext and tag. What is
// named is covered by the tag, too.
func seal(t *testing.T, apdu []byte, control byte, named []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(encryptionKey)
	if err != nil {
		t.Fatal(err)
	}
	mode, err := gcm.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	const counter = "\x00\x00\x00\x07"
	nonce, aad := slices.Concat(systemTitle, []byte(counter)), slices.Concat([]byte{control}, authKey, named)
	head := append([]byte{control}, counter...)
	switch control & 0x30 {
	case 0x30:
		sealed := mode.Seal(nil, nonce, apdu, aad)
		return append(head, sealed[:len(sealed)-4]...) // the tag has 12 octets
	case 0x10:
		tag := mode.Seal(nil, nonce, nil, append(aad, apdu...))
		return slices.Concat(head, apdu, tag[:12])
	case 0x20:
		sealed := mode.Seal(nil, nonce, apdu, nil)
		return append(head, sealed[:len(sealed)-16]...)
	}
	return append(head, apdu...)
}

// wrapped is an APDU as meters send it over a network.
func wrapped(apdu []byte) []byte {
	return append([]byte{0, 1, 0, 1, 0, 0x66, byte(len(apdu) >> 8), byte(len(apdu))}, apdu...)
}

// TestSecurity opens what meters push in each form of ciphering, in frames and
// without.
func TestSecurity(t *testing.T) {
	plain := simulate.NewPush(simulate.SagemcomRaw, simulate.Options{Seed: 3, Start: start}).Message(start)
	title := append([]byte{8}, systemTitle...)
	length := func(p []byte) []byte {
		return append(binary.BigEndian.AppendUint16([]byte{0x82}, uint16(len(p))), p...)
	}
	glo := func(tag, control byte) []byte {
		return slices.Concat([]byte{tag}, title, length(seal(t, plain, control, nil)))
	}
	general := func(key []byte, control byte) []byte {
		named := slices.Concat([]byte{2, 0, 9}, title, []byte{0, 0, 0})
		return slices.Concat([]byte{0xDD}, named, key, length(seal(t, plain, control, named)))
	}
	long := func() []byte {
		sealed := seal(t, plain, 0x30, nil)
		return slices.Concat([]byte{0xDB}, title, binary.BigEndian.AppendUint32([]byte{0x84}, uint32(len(sealed))), sealed)
	}
	changed := func(p []byte) []byte {
		p = bytes.Clone(p)
		p[len(p)-20] ^= 1
		return p
	}
	for _, c := range []struct {
		name string
		apdu []byte
		err  error
	}{
		{"encrypted", glo(0xDB, 0x20), nil},
		{"encrypted, suite 1", glo(0xDB, 0x21), nil},
		{"encrypted and authenticated", glo(0xDB, 0x30), nil},
		{"encrypted and authenticated, suite 1", glo(0xDB, 0x31), nil},
		{"authenticated only", glo(0xDB, 0x10), nil},
		{"neither", glo(0xDB, 0x00), nil},
		{"a key of several meters", glo(0xDB, 0x70), nil},
		{"a key of several meters, no tag", glo(0xDB, 0x60), nil},
		{"a length of four octets", long(), nil},
		{"the key of the connection", glo(0xDC, 0x30), nil},
		{"general ciphering's tag before another form", glo(0xDD, 0x30), nil},
		{"general ciphering", general([]byte{0}, 0x30), nil},
		{"general ciphering, no tag", general([]byte{0}, 0x20), nil},
		{"general ciphering, a key is named", general([]byte{1, 0, 0}, 0x30), nil},
		{"general ciphering, the broadcast key is named", general([]byte{1, 0, 1}, 0x31), nil},
		{"general ciphering, the key is sent", general([]byte{1, 1, 0}, 0x30), decode.ErrLayout},
		{"general ciphering, changed", changed(general([]byte{0}, 0x30)), cipher.ErrFrame},
		{"changed", changed(glo(0xDB, 0x30)), cipher.ErrFrame},
		{"compressed", glo(0xDB, 0xB0), decode.ErrLayout},
		{"a length that lies", glo(0xDB, 0x30)[:60], decode.ErrLayout},
	} {
		want := readPushes(plain, 1000).Readings
		for name, line := range map[string][]byte{
			"in HDLC": simulate.HDLC(c.apdu), "without framing": c.apdu, "behind a network's header": wrapped(c.apdu),
		} {
			if control := c.apdu[13]; name == "without framing" && c.apdu[10] == 0x82 && control&0x41 != 0 {
				continue // noise looks like that: without a check around it, it is nothing
			}
			keys := cipher.Keys{Key: encryptionKey, AAD: authKey}
			r := decode.NewReader(decode.Options{Keys: keys})
			r.Reset(bytes.NewReader(line))
			m, ok := r.Next()
			if c.err != nil {
				// Without a frame's check, what has no known form is damaged.
				isExpected := ok && errors.Is(m.Err, c.err) || name != "in HDLC" && (!ok || errors.Is(m.Err, cipher.ErrFrame))
				if !isExpected {
					t.Errorf("%s %s: %v, %v, want %v", c.name, name, ok, m.Err, c.err)
				}
				continue
			}
			if !ok || m.Err != nil || m.Reading == nil || len(want) != 1 {
				t.Errorf("%s %s: %v, %v", c.name, name, ok, m.Err)
				continue
			}
			if m.Reading.EquipmentID == "" || m.Pushed == nil {
				t.Errorf("%s %s: no reading of a message", c.name, name)
			}
			r = decode.NewReader(decode.Options{})
			r.Reset(bytes.NewReader(line))
			if m, _ := r.Next(); c.apdu[0] != 0xDB && name == "in HDLC" && (!errors.Is(m.Err, cipher.ErrNoKey) || !bytes.Equal(m.Title, systemTitle)) {
				t.Errorf("%s without a key: %v, title %q", c.name, m.Err, m.Title)
			}
		}
	}
}

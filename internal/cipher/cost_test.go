package cipher

import (
	"bytes"
	"crypto/cipher"
	"testing"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// counting is an AEAD that counts the bytes it works on.
type counting struct {
	cipher.AEAD
	bytes *int
}

func (c counting) Open(dst, nonce, ciphertext, aad []byte) ([]byte, error) {
	*c.bytes += len(ciphertext) + len(aad)
	return c.AEAD.Open(dst, nonce, ciphertext, aad)
}

// countingBlock counts the bytes that are encrypted without an AEAD.
type countingBlock struct {
	cipher.Block
	bytes *int
}

func (c countingBlock) Encrypt(dst, src []byte) {
	*c.bytes += c.BlockSize()
	c.Block.Encrypt(dst, src)
}

// TestNestedFramesAreCheap: frames that begin inside one another, each as long
// as a frame can be, cost a bounded amount of AES for each byte of the line,
// and a good frame behind them is read.
func TestNestedFramesAreCheap(t *testing.T) {
	const most = 32 // bytes of AES for each byte of the line
	key := bytes.Repeat([]byte{7}, keySize)
	e := &simulate.Encrypter{Title: [8]byte{'S', 'A', 'G', 1, 2, 3, 4, 5}, Control: 0x30, NoAAD: true}
	copy(e.Key[:], key)
	telegram := []byte("/Lux5\\253663629_D\r\n\r\n1-0:1.8.0(000001.000*kWh)\r\n!\r\n")
	good := e.AppendFrame(nil, telegram)
	head, _ := measure(good)
	for _, test := range []struct {
		name string
		body []byte // behind a header that claims the longest frame
	}{
		{"noise", []byte{0x30}},
		{"plain text that is authenticated only", []byte("\x10\x00\x00\x00\x01/XXX5 a telegram")},
		{"the start of a real frame", good[head:][:bodyHeader+16]},
	} {
		var hostile []byte
		for n := 0; len(hostile) < 64<<10; n++ {
			title := []byte{'X', 'X', 'X', 0, 0, 0, byte(n >> 8), byte(n)}
			if bytes.HasPrefix(good[head:], test.body) {
				title = good[2:TitleEnd]
			}
			hostile = append(append(hostile, Tag, titleSize), title...)
			hostile = append(append(hostile, 0x82, byte((maxBody-1)>>8), byte((maxBody-1)&0xFF)), test.body...)
		}
		o := New(Keys{Key: key, AAD: key})
		o.Proven = func([]byte) int { return 0 }
		bytesOfAES := 0
		o.gcm, o.block = counting{o.gcm, &bytesOfAES}, countingBlock{o.block, &bytesOfAES}
		line := append(hostile, good...)
		line = append(line, make([]byte, MaxFrame)...)
		for last, i := 0, 0; i < len(hostile); i++ { // as a Scanner would, if nothing is a message
			if size := Measure(line[i:]); size > 0 {
				o.Passed(i - last)
				last = i
				if opened := o.Open(line[i:i+size], true); opened.Err == nil {
					t.Fatalf("%s: opened %q", test.name, opened.Text)
				}
			}
		}
		if opened := o.Open(good, true); !bytes.Equal(opened.Text, telegram) {
			t.Errorf("%s: the good message behind them is lost: %q, %v", test.name, opened.Text, opened.Err)
		}
		if each := bytesOfAES / len(hostile); each > most {
			t.Errorf("%s: %d bytes of AES for each byte of the line, want %d at most", test.name, each, most)
		}
		t.Logf("%s: %.1f bytes of AES for each byte of the line", test.name, float64(bytesOfAES)/float64(len(hostile)))
	}
}

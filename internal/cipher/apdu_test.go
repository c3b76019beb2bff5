package cipher

import (
	"bytes"
	"crypto/cipher"
	"testing"
)

// TestStream compares with counter mode of the standard library, for every
// length to the blocks of AES and the longest, and finds nothing written
// behind the result.
func TestStream(t *testing.T) {
	o := New(Keys{Key: []byte("0123456789abcdef")})
	copy(o.nonce[:], "SAG12345\x00\x00\x02\x9A")
	sizes := []int{maxBody - bodyHeader}
	for n := range 70 {
		sizes = append(sizes, n)
	}
	for _, n := range sizes {
		ciphertext := bytes.Repeat([]byte{0x5A}, n)
		want := bytes.Repeat([]byte{0xAA}, len(o.text))
		copy(o.text, want)
		cipher.NewCTR(o.block, append(o.nonce[:], 0, 0, 0, 2)).XORKeyStream(want[room:][:n], ciphertext)
		if got := o.stream(ciphertext); !bytes.Equal(got, want[room:][:n]) {
			t.Errorf("%d bytes: got % X, want % X", n, got, want[room:][:n])
		}
		if !bytes.Equal(o.text, want) {
			t.Errorf("%d bytes: there was written behind the result", n)
		}
	}
}

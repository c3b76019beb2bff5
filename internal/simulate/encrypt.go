package simulate

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// The bits of an Encrypter's security control byte.
const (
	Authenticated = 0x10 // the frame has a tag
	Encrypted     = 0x20 // the telegram is ciphertext
)

const tagSize = 12

// Encrypter puts telegrams into frames as the meters of Luxembourg and of
// Energienetze Steiermark do: general-glo-ciphering APDUs of DLMS, AES-128-GCM
// with a tag of 12 bytes (E-Meter P1 specification 1.1.3, section 3.2.5). Its
// methods must not be called together.
type Encrypter struct {
	Title   [8]byte  // system title: the manufacturer's three letters and a number
	Key     [16]byte // encryption key, of the one meter
	AuthKey [16]byte // authentication key, in Luxembourg the same for all
	Counter uint32   // of the next frame; goes up by one a frame
	Control byte     // security control, see the bits above
	NoAAD   bool     // the tag is made without additional data, as some simulators do
}

// NewEncrypter returns an Encrypter as a meter in Luxembourg has it.
func NewEncrypter(key [16]byte) *Encrypter {
	return &Encrypter{
		Title: [8]byte{'S', 'A', 'G', 'g', 'p', 0, 0, 1},
		Key:   key,
		AuthKey: [16]byte{
			0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
		},
		Control: Encrypted | Authenticated,
	}
}

// AppendFrame appends the frame of a telegram to dst. A telegram of 64 KiB
// does not fit into one, and panics.
func (e *Encrypter) AppendFrame(dst, telegram []byte) []byte {
	block, err := aes.NewCipher(e.Key[:])
	if err != nil {
		panic(fmt.Sprintf("AES-128: %v", err)) // the key has 16 bytes
	}
	// The tag of 12 bytes is the start of the whole one, which is 16. Seal must
	// write it whole: a shorter one makes it write behind dst (golang/go#80288).
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(fmt.Sprintf("AES-128-GCM: %v", err))
	}
	size := 1 + 4 + len(telegram)
	if e.Control&Authenticated != 0 {
		size += tagSize
	}
	if size > 0xFFFF {
		panic(fmt.Sprintf("a telegram of %d bytes", len(telegram)))
	}
	nonce := binary.BigEndian.AppendUint32(e.Title[:], e.Counter)
	e.Counter++
	dst = append(dst, 0xDB, byte(len(e.Title)))
	dst = append(dst, e.Title[:]...)
	dst = append(dst, 0x82)
	dst = binary.BigEndian.AppendUint16(dst, uint16(size))
	dst = append(dst, e.Control)
	dst = append(dst, nonce[len(e.Title):]...)

	var aad []byte
	if !e.NoAAD {
		aad = append([]byte{e.Control}, e.AuthKey[:]...)
	}
	switch e.Control {
	case Encrypted | Authenticated:
		return cut(gcm.Seal(dst, nonce, telegram, aad), gcm.Overhead()-tagSize)
	case Encrypted:
		return cut(gcm.Seal(dst, nonce, telegram, nil), gcm.Overhead())
	case Authenticated:
		dst = append(dst, telegram...)
		return cut(gcm.Seal(dst, nonce, nil, append(aad, telegram...)), gcm.Overhead()-tagSize)
	}
	return append(dst, telegram...)
}

// cut returns p without its last n bytes.
func cut(p []byte, n int) []byte { return p[:len(p)-n] }

// Writer returns a writer that puts what each Write gets into a frame of its
// own and writes that to w in one Write. It goes between a Meter's Run and
// the line.
func (e *Encrypter) Writer(w io.Writer) io.Writer { return &encryptedWriter{w: w, e: e} }

type encryptedWriter struct {
	w     io.Writer
	e     *Encrypter
	frame []byte
}

func (w *encryptedWriter) Write(telegram []byte) (int, error) {
	w.frame = w.e.AppendFrame(w.frame[:0], telegram)
	if _, err := w.w.Write(w.frame); err != nil {
		return 0, err
	}
	return len(telegram), nil
}

// SetWriteDeadline is that of the writer behind, so that Run can end.
func (w *encryptedWriter) SetWriteDeadline(t time.Time) error {
	if d, ok := w.w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		return d.SetWriteDeadline(t)
	}
	return errors.ErrUnsupported
}

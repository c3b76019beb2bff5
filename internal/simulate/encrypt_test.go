package simulate_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

var secret = [16]byte{0xD4, 0x91, 0x47, 0x0F, 0x47, 0x12, 0x63, 0x32, 0xB0, 0x7D, 0x19, 0x23, 0xB3, 0x50, 0x41, 0x88}

// TestFrame takes frames apart by the table of the specification.
func TestFrame(t *testing.T) {
	telegram := []byte("/Lux5\\253663629_D\r\n\r\n!0000\r\n")
	ak := []byte{0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF}
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithTagSize(block, 12)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		control byte
		noAAD   bool
		aad     []byte // of the tag
		inAAD   bool   // the telegram is not encrypted, but part of it
	}{
		{"encrypted and authenticated", 0x30, false, append([]byte{0x30}, ak...), false},
		{"without additional data", 0x30, true, nil, false},
		{"encrypted", 0x20, false, nil, false},
		{"authenticated", 0x10, false, append(append([]byte{0x10}, ak...), telegram...), true},
		{"neither", 0x00, false, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := simulate.NewEncrypter(secret)
			e.Counter, e.Control, e.NoAAD = 0x0005A8E3, test.control, test.noAAD
			frame := e.AppendFrame([]byte("before"), telegram)
			frame, ok := bytes.CutPrefix(frame, []byte("before"))
			size := len(telegram) + 5
			if test.control&simulate.Authenticated != 0 {
				size += 12
			}
			head := append([]byte("\xDB\x08SAGgp\x00\x00\x01\x82\x00"), byte(size), test.control, 0x00, 0x05, 0xA8, 0xE3)
			if !ok || !bytes.HasPrefix(frame, head) || len(frame) != 13+size || e.Counter != 0x0005A8E4 {
				t.Fatalf("got % X, want it to begin with % X and to have %d bytes", frame, head, 13+size)
			}
			nonce := append(bytes.Clone(frame[2:10]), frame[14:18]...)
			body := frame[18:]
			switch {
			case test.control == 0:
			case test.inAAD:
				if _, err := gcm.Open(nil, nonce, body[len(telegram):], test.aad); err != nil {
					t.Error(err)
				}
				body = body[:len(telegram)]
			case test.control == simulate.Encrypted:
				plain := make([]byte, len(body))
				cipher.NewCTR(block, append(nonce, 0, 0, 0, 2)).XORKeyStream(plain, body)
				body = plain
			default:
				if body, err = gcm.Open(nil, nonce, body, test.aad); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(body, telegram) {
				t.Errorf("got %q, want %q", body, telegram)
			}
		})
	}
}

// TestFrameStaysInside: a frame is written over nothing behind the capacity of
// what it is appended to, whatever its length is to the blocks of AES. Seal of
// Go 1.26 with a tag of 12 bytes writes up to 3 zeros there (golang/go#80288),
// into the neighbour on the heap: the hangs that followed were elsewhere.
func TestFrameStaysInside(t *testing.T) {
	const behind = 16
	for _, control := range []byte{0x30, simulate.Encrypted, simulate.Authenticated, 0} {
		for n := range 3 * aes.BlockSize {
			e := simulate.NewEncrypter(secret)
			e.Control = control
			telegram := bytes.Repeat([]byte{'x'}, n)
			for room := range len(e.AppendFrame(nil, telegram)) + behind {
				memory := bytes.Repeat([]byte{0xAA}, room+behind)
				e.AppendFrame(memory[:0:room], telegram)
				if got := memory[room:]; !bytes.Equal(got, bytes.Repeat([]byte{0xAA}, behind)) {
					t.Fatalf("control %02X, %d bytes, room for %d: behind it is now % X", control, n, room, got)
				}
			}
		}
	}
}

func TestFrameTooLong(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a length that two bytes cannot hold was written")
		}
	}()
	simulate.NewEncrypter(secret).AppendFrame(nil, make([]byte, 1<<16))
}

// TestEncryptedRun: a meter writes one frame a telegram, and its end does not
// wait for a reader that hangs.
func TestEncryptedRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	far, near := net.Pipe()
	defer near.Close()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	m := simulate.New(simulate.Options{Standard: simulate.Smarty, Start: now})
	e := simulate.NewEncrypter(secret)
	done := make(chan error)
	go func() { done <- m.Run(ctx, e.Writer(far), 0, func() time.Time { return now }) }()
	for n := range byte(3) {
		head := make([]byte, 18)
		if _, err := io.ReadFull(near, head); err != nil {
			t.Fatal(err)
		}
		if want := []byte{0x30, 0, 0, 0, n}; !bytes.HasPrefix(head, []byte("\xDB\x08SAGgp")) || !bytes.Equal(head[13:], want) {
			t.Errorf("got % X, want it to end with % X", head, want)
		}
		if _, err := io.CopyN(io.Discard, near, int64(head[11])<<8+int64(head[12])-5); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("got %v, want nil", err)
	}
}

func TestEncryptedWriterError(t *testing.T) {
	far, near := net.Pipe()
	near.Close()
	e := simulate.NewEncrypter(secret)
	if n, err := e.Writer(far).Write([]byte("/")); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %d, %v, want %v", n, err, io.ErrClosedPipe)
	}
	d, ok := e.Writer(io.Discard).(interface{ SetWriteDeadline(time.Time) error })
	if !ok {
		t.Fatal("the writer has no deadline")
	}
	if err := d.SetWriteDeadline(time.Now()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v, want %v", err, errors.ErrUnsupported)
	}
}

// TestMaker: the system title of a meter that encrypts names who made it.
func TestMaker(t *testing.T) {
	for p, want := range map[simulate.Push]string{simulate.Kamstrup: "KAM", simulate.SagemcomMBus: "SAG"} {
		m := simulate.NewPush(p, simulate.Options{Seed: 1})
		if got := m.Message(time.Unix(1_800_000_000, 0)); !bytes.Contains(got, []byte("\xDB\x08"+want)) {
			t.Errorf("%v: no title of %s in % X", p, want, got)
		}
	}
}

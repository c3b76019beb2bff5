package dsmr

import (
	"bytes"
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Luxembourg's meters (E-Meter P1 specification 1.1.3, section 3.2.5) and
// those of Energienetze Steiermark put each telegram into a frame of DLMS, a
// general-glo-ciphering APDU of security suite 0:
//
//	DB               tag
//	08 ........      length of the system title, system title
//	82 LL LL         length of what follows, in BER: also 81 LL, or LL below 80
//	30               security control: 20 is encrypted, 10 is authenticated
//	CC CC CC CC      frame counter
//	...              the telegram, as ciphertext of AES-128-GCM
//	12 bytes         tag of GCM, if authenticated
//
// The initialisation vector is the system title and the frame counter, the
// additional authenticated data are the security control byte and the
// authentication key.
const (
	frameTag  = 0xDB
	titleSize = 8
	titleEnd  = 2 + titleSize
	tagSize   = 12
	nonceSize = titleSize + counterSize

	controlSize = 1
	counterSize = 4
	bodyHeader  = controlSize + counterSize

	encrypted     = 0x20
	authenticated = 0x10

	minText  = len("/XXX5\r\n\r\n!HHHH")
	maxText  = MaxTelegram + len("!HHHH\r\n")
	minBody  = bodyHeader + minText + tagSize
	maxBody  = bodyHeader + maxText + tagSize
	maxFrame = titleEnd + len("\x82\xFF\xFF") + maxBody

	// A frame that is authenticated only has its text behind the security
	// control byte and the key in what the tag is made of.
	room = aadSize
)

var lineEnd = []byte("\r\n")

// Way is how a frame's telegram was verified.
type Way uint8

// The ways, from the best to the last resort.
const (
	_          Way = iota
	ByTag          // the tag fits: the standard's way
	ByTagAlone     // the tag fits when it is made without the authentication key
	ByChecksum     // the tag does not fit, but the telegram has its checksum
	Untagged       // the frame has no tag; the telegram has its checksum
)

// String says it for a log.
func (w Way) String() string {
	switch w {
	case ByTag:
		return "tag"
	case ByTagAlone:
		return "tag without authentication key"
	case ByChecksum:
		return "checksum, the tag does not fit"
	case Untagged:
		return "checksum, there is no tag"
	}
	return "none"
}

// measure looks at a frame that may begin p, which begins with the frame's
// tag: where its security control byte is, and how long it is. The size is 0
// while more bytes are needed to tell, and -1 when it is no frame.
func measure(p []byte) (head, size int) {
	if len(p) > 1 && p[1] != titleSize {
		return 0, -1
	}
	if len(p) <= titleEnd {
		return 0, 0
	}
	head, n := titleEnd+1, int(p[titleEnd])
	switch {
	case n == 0x81 || n == 0x82:
		head += n & 0x7F
		if len(p) < head {
			return 0, 0
		}
		n = 0
		for _, b := range p[titleEnd+1 : head] {
			n = n<<8 | int(b)
		}
	case n >= 0x80:
		return 0, -1
	}
	if n < minBody || n > maxBody {
		return 0, -1
	}
	if len(p) == head {
		return 0, 0
	}
	if p[head]&^(encrypted|authenticated) != 0 {
		return 0, -1 // compressed, another security suite, or no frame at all
	}
	return head, head + n
}

func counter(f []byte, head int) uint32 {
	return binary.BigEndian.Uint32(f[head+controlSize:])
}

// open returns the telegram in a frame, where it is in d.opened, how it was
// verified, and how many bytes of the frame that proves. The tag comes first. Real meters are known whose tag never fits although the key is right
// (the authentication key is not the one that was published, or the tag is
// made without it); the telegram's own checksum speaks for theirs.
func (d *Decrypter) open(f []byte, head int, m *meterState) (text []byte, way Way, used int) {
	control, body := f[head], f[head+bodyHeader:]
	switch {
	case control&authenticated == 0:
		way = Untagged
	case control&encrypted == 0:
		text, way = d.openPlain(control, body)
	default:
		text, way = d.openSealed(control, body, m)
	}
	if way == ByTag || way == ByTagAlone {
		return text, way, len(f)
	}
	if control&authenticated != 0 {
		body = body[:len(body)-tagSize]
	}
	if control&encrypted != 0 {
		text = d.stream(body)
	} else {
		text = append(d.opened[:room], body...)[room:]
	}
	n := checked(text)
	if n == 0 {
		return nil, 0, 0
	}
	return text[:n], way, head + bodyHeader + n // what is behind the checksum is not proven
}

// begins reports whether the first block of a frame is the start of a
// telegram. It costs one block of AES, where opening costs all of them.
func (d *Decrypter) begins(f []byte, head int) bool {
	text := f[head+bodyHeader:][:aes.BlockSize]
	if f[head]&encrypted != 0 {
		if d.block == nil {
			return false
		}
		// GCM is counter mode, and the text begins at counter 2.
		counter, stream := d.first[:aes.BlockSize], d.first[aes.BlockSize:]
		copy(counter, d.nonce[:])
		counter[aes.BlockSize-1] = 2
		d.block.Encrypt(stream, counter)
		subtle.XORBytes(stream, stream, text)
		text = stream
	}
	odd := 0
	for _, c := range text {
		if !isPrintable(c) && c != '\r' && c != '\n' {
			odd++
		}
	}
	return text[0] == '/' && odd <= 2
}

func (d *Decrypter) setNonce(f []byte, head int) {
	copy(d.nonce[:], f[2:titleEnd])
	copy(d.nonce[titleSize:], f[head+controlSize:head+bodyHeader])
}

// openSealed opens what is encrypted and authenticated.
func (d *Decrypter) openSealed(control byte, body []byte, m *meterState) ([]byte, Way) {
	ways := [...]Way{ByTag, ByTagAlone}
	if m != nil && m.way == ByTagAlone {
		ways[0], ways[1] = ways[1], ways[0]
	}
	for _, way := range ways {
		var aad []byte
		if way == ByTag {
			if d.aad == nil {
				continue
			}
			aad = d.aad
			aad[0] = control
		}
		if text, err := d.gcm.Open(d.opened[room:room], d.nonce[:], body, aad); err == nil {
			return text, way
		}
	}
	return nil, ByChecksum
}

// openPlain verifies what is authenticated only: the text is part of the
// additional data, and the ciphertext is empty.
func (d *Decrypter) openPlain(control byte, body []byte) ([]byte, Way) {
	if d.gcm == nil || d.aad == nil {
		return nil, ByChecksum
	}
	d.aad[0] = control
	text, tag := body[:len(body)-tagSize], body[len(body)-tagSize:]
	aad := append(append(d.opened[:0], d.aad...), text...)
	if _, err := d.gcm.Open(nil, d.nonce[:], tag, aad); err != nil {
		return nil, ByChecksum
	}
	return aad[room:], ByTag
}

// stream decrypts without looking at a tag: GCM is counter mode, whose
// encryption is its own inverse.
func (d *Decrypter) stream(ciphertext []byte) []byte {
	sealed := d.gcm.Seal(d.opened[room:room], d.nonce[:], ciphertext, nil)
	return sealed[:len(ciphertext)]
}

// checked returns the length of the telegram that text begins with, its
// checksum included, if that fits, or else 0. It ends where a Scanner says.
func checked(text []byte) int {
	if text[0] != '/' {
		return 0
	}
	for i := 1; ; i++ {
		next := bytes.IndexByte(text[i:], '!')
		if next < 0 {
			return 0
		}
		i += next
		before := text[i-1]
		if before != '\n' && before != '\r' && before != ')' {
			continue
		}
		digits := checksumDigits(text[i+1:], before == ')')
		switch {
		case digits == -1: // the end of the text ends the checksum
			digits = len(text) - i - 1
		case digits < 1 && before == ')': // no checksum is behind it
			continue
		}
		end := i + 1 + digits
		if start, verdict := verify(text[:i+1], text[i+1:end]); verdict == meter.ChecksumValid && start == 0 {
			return end
		}
		return 0
	}
}

// header tells whether a telegram's identification line begins p; sure is
// false while more bytes are needed to tell. It is strict: it is asked about
// ciphertext.
func header(p []byte) (yes, sure bool) {
	for i := 1; i < min(len(p), maxHeader); i++ {
		switch c := p[i]; {
		case c == '\n' && p[i-1] == '\r':
			return i > len("/XXX5"), true
		case c != '\r' && !isPrintable(c), p[i-1] == '\r':
			return false, true
		}
	}
	return false, len(p) >= maxHeader
}

func isPrintable(c byte) bool { return ' ' <= c && c <= '~' }

// cause tells why a frame gave no telegram. A wrong key makes noise of every
// frame. With the right one, damage changes the bytes that it hit, and bytes
// that were lost change only those behind them.
func (d *Decrypter) cause(f []byte, head int) error {
	switch {
	case f[head]&encrypted == 0:
		return ErrFrame
	case d.gcm == nil:
		return ErrNoKey
	case len(f) < head+bodyHeader+minText:
		return ErrFrame // there is too little to judge by
	}
	text := f[head+bodyHeader:]
	d.setNonce(f, head)
	if readable(d.stream(text[:min(len(text), sample)])) {
		d.strange = 0
		return ErrFrame
	}
	// Noise is also what a damaged title or counter gives. Once the key was
	// right, it takes some frames to believe that it is not any more.
	d.strange++
	if d.meters.any() && d.strange < disbelief {
		return ErrFrame
	}
	return ErrKey
}

// sample is how many bytes tell text from noise.
const sample = 128

// readable tells a telegram, however damaged, from noise: it begins as one
// does, or it is text for the most part. Noise has text in three bytes of
// eight.
func readable(text []byte) bool {
	n, begins := 0, text[0] == '/'
	for i, c := range text {
		if isPrintable(c) || c == '\r' || c == '\n' {
			n++
		} else if i < len("/XXX5\r\n\r") {
			begins = false
		}
	}
	return begins || n*4 >= len(text)*3
}

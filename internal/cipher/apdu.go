package cipher

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"

	"github.com/smartmeter-addon/smartmeter-addon/internal/axdr"
)

// Luxembourg's meters (E-Meter P1 specification 1.1.3, section 3.2.5) and
// those of Energienetze Steiermark put each telegram into a frame of DLMS, a
// general-glo-ciphering APDU of security suite 0:
//
//	DB               tag
//	08 ........      length of the system title, system title
//	82 LL LL         length of what follows, in BER: also 81 to 84, or LL below 80
//	30               security control: 20 is encrypted, 10 is authenticated
//	CC CC CC CC      frame counter
//	...              the telegram, as ciphertext of AES-128-GCM
//	12 bytes         tag of GCM, if authenticated
//
// The initialisation vector is the system title and the frame counter, the
// additional authenticated data are the security control byte and the
// authentication key.
const (
	Tag       = 0xDB          // that a message begins with
	TitleEnd  = 2 + titleSize // tag and system title, the same in all messages of a meter
	HeaderEnd = TitleEnd + 6  // behind the security control byte, at most
	MaxFrame  = TitleEnd + len("\x84\x00\x00\xFF\xFF") + maxBody

	titleSize = 8
	tagSize   = 12
	nonceSize = titleSize + counterSize

	controlSize = 1
	counterSize = 4
	bodyHeader  = controlSize + counterSize

	encrypted     = 0x20
	authenticated = 0x10
	suite1        = 0x01 // of IEC 62056-5-3, which encrypts as suite 0 does
	broadcast     = 0x40 // the key is one that several meters share

	minText = len("/XXX5\r\n\r\n!HHHH")
	maxText = 16<<10 + len("!HHHH\r\n")
	minBody = bodyHeader + minText + tagSize
	maxBody = bodyHeader + maxText + tagSize

	// A frame that is authenticated only has its text behind the security
	// control byte and the key in what the tag is made of.
	room = aadSize
)

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

// Measure returns the length of the message that p begins with, 0 while more
// bytes are needed to tell, and -1 when it is none. It knows security suite 0,
// the only one that is sent without a framing.
func Measure(p []byte) int {
	head, size := measure(p)
	if size > 0 && p[head]&(suite1|broadcast) != 0 {
		return -1
	}
	return size
}

// Title returns the system title of the meter that sent a message.
func Title(p []byte) []byte {
	if p[0] == TagGeneral && !IsWhole(p) {
		if _, title, _, err := generalHead(p); err == nil {
			return p[title : title+titleSize]
		}
	}
	return p[2:TitleEnd]
}

// IsWhole reports whether p is one message, all of it.
func IsWhole(p []byte) bool {
	_, size := measure(p)
	return size == len(p)
}

// measure looks at a frame that may begin p, which begins with the frame's
// tag: where its security control byte is, and how long it is. The size is 0
// while more bytes are needed to tell, and -1 when it is no frame.
func measure(p []byte) (head, size int) {
	if len(p) > 1 && p[1] != titleSize {
		return 0, -1
	}
	if len(p) <= TitleEnd {
		return 0, 0
	}
	n, rest, err := axdr.Length(p[TitleEnd:])
	switch {
	case err == axdr.ErrShort:
		return 0, 0
	case err != nil, n < minBody, n > maxBody:
		return 0, -1
	}
	head = len(p) - len(rest)
	if len(p) == head {
		return 0, 0
	}
	if p[head]&^(encrypted|authenticated|suite1|broadcast) != 0 {
		return 0, -1 // compressed, another security suite, or no frame at all
	}
	return head, head + n
}

func counter(f []byte, head int) uint32 {
	return binary.BigEndian.Uint32(f[head+controlSize:])
}

// open returns the telegram in a frame, where it is in o.opened, how it was
// verified, and how many bytes of the frame that proves. The tag comes first. Real meters are known whose tag never fits although the key is right
// (the authentication key is not the one that was published, or the tag is
// made without it); the telegram's own checksum speaks for theirs.
func (o *Opener) open(f []byte, head int, m *meterState) (text []byte, way Way, used int) {
	control, body := f[head], f[head+bodyHeader:]
	switch {
	case control&authenticated == 0:
		way = Untagged
	case control&encrypted == 0:
		text, way = o.openPlain(control, body)
	default:
		text, way = o.openSealed(control, body, m)
	}
	if way == ByTag || way == ByTagAlone {
		return text, way, len(f)
	}
	if control&authenticated != 0 {
		body = body[:len(body)-tagSize]
	}
	if control&encrypted != 0 {
		text = o.stream(body)
	} else {
		text = append(o.text[:room], body...)[room:]
	}
	if isNotification(text) && way == ByChecksum && !o.shared {
		return nil, 0, 0 // it has no checksum of its own, and the tag says that it was changed
	}
	n := o.Proven(text)
	if n == 0 {
		return nil, 0, 0
	}
	return text[:n], way, head + bodyHeader + n // what is behind the checksum is not proven
}

// isNotification reports whether text begins as a data-notification of DLMS
// does: tag, four bytes, and the time: none, or its length, or its type.
func isNotification(text []byte) bool {
	const tag, clock = 0x0F, 5
	if len(text) <= clock || text[0] != tag {
		return false
	}
	switch text[clock] {
	case 0x00, 0x09, 0x0C, 0x19:
		return true
	}
	return false
}

// begins reports whether the first block of a frame is the start of a
// telegram. It costs one block of AES, where opening costs all of them.
func (o *Opener) begins(f []byte, head int) bool {
	text := f[head+bodyHeader:][:aes.BlockSize]
	if f[head]&encrypted != 0 {
		if o.block == nil {
			return false
		}
		text = o.stream(text)
	}
	if isNotification(text) {
		return true
	}
	odd := 0
	for _, c := range text {
		if !isPrintable(c) && c != '\r' && c != '\n' {
			odd++
		}
	}
	return text[0] == '/' && odd <= 2
}

func (o *Opener) setNonce(f []byte, head int) {
	copy(o.nonce[:], f[2:TitleEnd])
	copy(o.nonce[titleSize:], f[head+controlSize:head+bodyHeader])
}

// openSealed opens what is encrypted and authenticated.
func (o *Opener) openSealed(control byte, body []byte, m *meterState) ([]byte, Way) {
	ways := [...]Way{ByTag, ByTagAlone}
	if m != nil && m.way == ByTagAlone {
		ways[0], ways[1] = ways[1], ways[0]
	}
	for _, way := range ways {
		var aad []byte
		if way == ByTag {
			if o.aad == nil {
				continue
			}
			aad = o.aad
			aad[0] = control
		}
		if o.named != nil {
			if aad == nil {
				aad = []byte{control}
			}
			aad = append(aad[:len(aad):len(aad)], o.named...)
		}
		if text, err := o.gcm.Open(o.text[room:room], o.nonce[:], body, aad); err == nil {
			return text, way
		}
	}
	return nil, ByChecksum
}

// openPlain verifies what is authenticated only: the text is part of the
// additional data, and the ciphertext is empty.
func (o *Opener) openPlain(control byte, body []byte) ([]byte, Way) {
	if o.gcm == nil || o.aad == nil {
		return nil, ByChecksum
	}
	o.aad[0] = control
	text, tag := body[:len(body)-tagSize], body[len(body)-tagSize:]
	aad := append(append(o.text[:0], o.aad...), text...)
	if _, err := o.gcm.Open(nil, o.nonce[:], tag, aad); err != nil {
		return nil, ByChecksum
	}
	return aad[room:], ByTag
}

// stream decrypts without looking at a tag. GCM is counter mode, and the text
// begins at counter 2. It does not use Seal, as whose inverse GCM would do the
// same: with a tag of 12 bytes that writes behind its result (golang/go#80288).
func (o *Opener) stream(ciphertext []byte) []byte {
	text := o.text[room:][:len(ciphertext)]
	counter, key := o.scratch[:aes.BlockSize], o.scratch[aes.BlockSize:]
	copy(counter, o.nonce[:])
	for i := 0; i < len(text); i += aes.BlockSize {
		binary.BigEndian.PutUint32(counter[nonceSize:], uint32(2+i/aes.BlockSize))
		o.block.Encrypt(key, counter)
		subtle.XORBytes(text[i:], ciphertext[i:], key)
	}
	return text
}

func isPrintable(c byte) bool { return ' ' <= c && c <= '~' }

// cause returns why a frame gave no telegram. A wrong key makes noise of every
// frame. With the right one, damage changes the bytes that it hit, and bytes
// that were lost change only those behind them.
func (o *Opener) cause(f []byte, head int) error {
	switch {
	case f[head]&encrypted == 0:
		return ErrFrame
	case o.gcm == nil:
		return ErrNoKey
	case len(f) < head+bodyHeader+minText:
		return ErrFrame // there is too little to judge by
	}
	text := f[head+bodyHeader:]
	o.setNonce(f, head)
	if readable(o.stream(text[:min(len(text), sample)])) {
		o.strange = 0
		return ErrFrame
	}
	// Noise is also what a damaged title or counter gives. Once the key was
	// right, it takes some frames to believe that it is not any more.
	o.strange++
	if o.meters.any() && o.strange < disbelief {
		return ErrFrame
	}
	return ErrKey
}

// sample is how many bytes tell text from noise.
const sample = 128

// readable distinguishes a telegram, however damaged, from noise: it begins as one
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
	return begins || isNotification(text) || n*4 >= len(text)*3
}

// Package cipher opens the messages of meters that encrypt: general-glo-
// ciphering and general ciphering of DLMS, security suite 0 (IEC 62056-5-3). It knows keys, frame
// counters and tags, and neither lines nor what stands in a message.
package cipher

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
)

// Why a message could not be opened.
var (
	ErrNoKey = errors.New("the telegram is encrypted and no key is set")
	ErrKey   = errors.New("the key does not open the encrypted telegram")
	ErrFrame = errors.New("the encrypted telegram is damaged")
	// ErrUnverified is only of a Strict Opener.
	ErrUnverified = errors.New("the key does not verify the telegram")
)

// Stats counts the messages that an Opener met. Frames is the sum of the
// others.
type Stats struct {
	Frames    uint64
	Decrypted uint64 // gave a text
	NoKey     uint64 // encrypted, and there is no key
	WrongKey  uint64 // the key makes noise of them
	Damaged   uint64 // cut, or changed on the way
	Repeats   uint64 // their frame counter was not new
	Refused   uint64 // not verified by a tag, or old, where Strict
}

// Opened is what came of a message.
type Opened struct {
	Text []byte // what stood in it; valid until the next Open. nil: there is none, or it is a repeat
	Used int    // how many of the message's bytes are proven to be one; 0: none
	Err  error  // ErrNoKey, ErrKey, ErrFrame or ErrUnverified

	// Way is set where it is new: no message of this meter was verified so before.
	Way   Way
	Maker string // the manufacturer's three letters (FLAG), "" when the title does not begin with them
}

// A message that fails costs its length in AES several times over, and messages
// that begin inside one another would cost that at each of their bytes. So
// after failBudget bytes of failed messages, only failRate bytes may fail for
// each byte of the line; damage on a line never comes near.
const (
	failBudget = 8 * MaxFrame
	failRate   = 4
)

// Opener opens messages. It remembers the meters that sent them: which of their
// frame counters are new, and how they were verified. Its memory is fixed, and
// it gives out no byte before it is verified. It serves one goroutine.
type Opener struct {
	// Strict refuses, once a tag has fitted with the key, all that no tag vouches
	// for: messages without a tag or with a wrong one, and those that are older
	// than the last. Somebody else on the line or the network could have sent
	// them.
	Strict bool
	// Proven returns the length of the text that p begins with where that
	// vouches for itself, or else 0. Real meters are known whose tag never fits.
	Proven func(p []byte) int

	stats Stats
	gcm   cipher.AEAD // nil: there is no key
	block cipher.Block
	key   string // its fingerprint
	aad   []byte // security control byte and authentication key; nil: none

	// shared: no authentication key was given but the one that Luxembourg has
	// published for all its meters, so that a tag which does not fit says little.
	shared bool
	nonce  [nonceSize]byte
	text   []byte // room, then the text
	named  []byte // of general ciphering: what the tag covers besides
	glo    []byte // of general ciphering: the message as Open takes it

	scratch [2 * aes.BlockSize]byte // of stream: counter and key stream

	budget  int  // bytes of messages that may still fail, see failBudget
	proven  bool // a tag has fitted with the key
	meters  meters
	strange int // messages in a row that were noise with this key
}

// New returns an Opener. It panics when a key has a wrong length, which those
// of ParseKey and ParseAAD never have.
func New(keys Keys) *Opener {
	o := &Opener{text: make([]byte, room+maxBody), key: keys.fingerprint(), budget: failBudget}
	o.block, o.gcm, o.aad = keys.ciphers()
	o.shared = len(o.aad) == 0 || string(o.aad[controlSize:]) == published
	return o
}

// HasKey reports whether there is a key.
func (o *Opener) HasKey() bool { return o.gcm != nil }

// Demands reports whether only what a tag vouches for is to be believed.
func (o *Opener) Demands() bool { return o.Strict && o.proven }

// Stats returns the counters since the start.
func (o *Opener) Stats() Stats { return o.stats }

// Passed says that so many bytes of the line were looked at.
func (o *Opener) Passed(n int) { o.budget = min(o.budget+failRate*n, failBudget) }

// Open opens the message f, whose end may be missing.
func (o *Opener) Open(f []byte, whole bool) Opened {
	o.stats.Frames++
	head, _ := measure(f)
	if len(f) >= head+bodyHeader {
		o.setNonce(f, head)
	}
	if !whole || o.budget < len(f) || !o.begins(f, head) {
		return o.fail(f, head)
	}
	m := o.meters.find(f[2:TitleEnd])
	text, way, used := o.open(f, head, m)
	byTag := way == ByTag || way == ByTagAlone
	switch {
	case way != 0 && !byTag && o.Demands():
		o.budget -= len(f)
		return o.refuse(used)
	case way == 0, m != nil && !m.believes(way):
		o.budget -= len(f)
		return o.fail(f, head)
	}
	if m == nil {
		m = o.meters.add(f[2:TitleEnd])
	}
	o.strange = 0
	o.proven = o.proven || byTag
	opened := Opened{Used: used}
	switch fresh, old := m.advance(counter(f, head), o.Demands()); {
	case old:
		return o.refuse(used)
	case fresh:
		o.stats.Decrypted++
		opened.Text = text
	default:
		o.stats.Repeats++
	}
	if m.learns(way) {
		opened.Way, opened.Maker = way, m.maker()
	}
	return opened
}

func (o *Opener) refuse(used int) Opened {
	o.stats.Refused++
	return Opened{Used: used, Err: ErrUnverified}
}

func (o *Opener) fail(f []byte, head int) Opened {
	err := o.cause(f, head)
	switch err {
	case ErrNoKey:
		o.stats.NoKey++
	case ErrKey:
		o.stats.WrongKey++
	default:
		o.stats.Damaged++
	}
	return Opened{Err: err}
}

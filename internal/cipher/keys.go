package cipher

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
)

const (
	keySize = aes.BlockSize // AES-128
	aadSize = controlSize + keySize

	// securityControl is what stands before the authentication key in the
	// additional authenticated data: encrypted and authenticated.
	securityControl = encrypted | authenticated
)

// published is the authentication key of Luxembourg's meters (E-Meter P1
// specification 1.1.3, section 3.2.5).
const published = "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xAA\xBB\xCC\xDD\xEE\xFF"

// Keys open the frames of an encrypting meter.
type Keys struct {
	// Key is the encryption key, 16 bytes; empty: there is none, and encrypted
	// frames are only counted.
	Key []byte
	// AAD is the additional authenticated data, 17 bytes: a security control
	// byte, in whose place each frame's own is used, and the authentication
	// key; or these 16 bytes alone. Empty: tags made with it cannot be
	// verified.
	AAD []byte
}

// String hides the keys from logs.
func (k Keys) String() string {
	if len(k.Key) == 0 {
		return "no key"
	}
	return "hidden"
}

// fingerprint identifies the key without revealing it: a hash of 128 random bits
// cannot be turned back.
func (k Keys) fingerprint() string {
	if len(k.Key) == 0 {
		return ""
	}
	sum := sha256.Sum256(append([]byte("smartmeter key "), k.Key...))
	return hex.EncodeToString(sum[:8])
}

func (k Keys) ciphers() (block cipher.Block, gcm cipher.AEAD, aad []byte) {
	if len(k.Key) == 0 {
		return nil, nil, nil
	}
	if len(k.Key) != keySize {
		panic(fmt.Sprintf("cipher: a key of %d bytes", len(k.Key)))
	}
	block, err := aes.NewCipher(k.Key)
	if err == nil {
		gcm, err = cipher.NewGCMWithTagSize(block, tagSize)
	}
	if err != nil {
		panic(fmt.Sprintf("cipher: AES-128-GCM: %v", err)) // the sizes are right
	}
	switch len(k.AAD) {
	case 0:
	case keySize, aadSize:
		aad = append([]byte{securityControl}, k.AAD[len(k.AAD)-keySize:]...)
	default:
		panic(fmt.Sprintf("cipher: additional data of %d bytes", len(k.AAD)))
	}
	return block, gcm, aad
}

// ParseKey reads an encryption key of 16 bytes in hexadecimal, as grid
// operators print it and people paste it: in either case, with spaces, colons
// or dashes in it, with a length or control byte before it. An empty text is
// no key: nil. The error says what is wrong, and never the key.
func ParseKey(text string) ([]byte, error) {
	key, err := parseHex(text)
	if err != nil || key == nil {
		return nil, err
	}
	switch len(key) {
	case keySize + 1:
		key = key[1:]
	case keySize:
	default:
		return nil, fmt.Errorf("a key has %d hex digits; this one has %d: copy all of it again from the grid operator's letter or portal", 2*keySize, 2*len(key))
	}
	return key, nil
}

// ParseAAD reads additional authenticated data in hexadecimal, written as
// ParseKey allows: 17 bytes, a security control byte and the authentication
// key, or these 16 bytes alone. It returns 17, or nil for an empty text. The
// error says what is wrong, and never the key.
func ParseAAD(text string) ([]byte, error) {
	aad, err := parseHex(text)
	if err != nil || aad == nil {
		return nil, err
	}
	switch len(aad) {
	case keySize:
		aad = append([]byte{securityControl}, aad...)
	case aadSize:
	default:
		return nil, fmt.Errorf("additional data have %d hex digits, 30 and the authentication key; these have %d: "+
			"remove the option for a meter in Luxembourg, else copy the authentication key again from the grid operator's portal", 2*aadSize, 2*len(aad))
	}
	return aad, nil
}

func parseHex(text string) ([]byte, error) {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' || r == '-' {
			return -1
		}
		return r
	}, text)
	if digits == "" {
		return nil, nil
	}
	for _, r := range digits {
		if !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return nil, fmt.Errorf("%q is not a hex digit (0-9, A-F): copy the digits again, without anything around them", r)
		}
	}
	if len(digits)%2 != 0 {
		return nil, fmt.Errorf("%d hex digits are an odd number: one is missing or one is too many; copy all of them again", len(digits))
	}
	return hex.DecodeString(digits) // which has nothing left to complain about
}

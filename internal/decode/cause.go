package decode

import (
	"errors"

	"github.com/smartmeter-addon/smartmeter-addon/internal/cipher"
	"github.com/smartmeter-addon/smartmeter-addon/internal/diagnosis"
	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
)

// CauseOf returns why a message gave no reading: Good for no error, Cut for a
// telegram that is not whole, and Damaged for what has no name of its own.
func CauseOf(err error) diagnosis.Cause {
	switch {
	case err == nil:
		return diagnosis.Good
	case errors.Is(err, dsmr.ErrChecksum):
		return diagnosis.Checksums
	case errors.Is(err, dsmr.ErrNoChecksum):
		return diagnosis.NoChecksum
	case errors.Is(err, dsmr.ErrTruncated), errors.Is(err, dsmr.ErrEmpty):
		return diagnosis.Cut
	case errors.Is(err, ErrLayout):
		return diagnosis.Layout
	case errors.Is(err, cipher.ErrNoKey):
		return diagnosis.Encrypted
	case errors.Is(err, cipher.ErrKey):
		return diagnosis.WrongKey
	case errors.Is(err, cipher.ErrFrame):
		return diagnosis.DamagedFrame
	case errors.Is(err, cipher.ErrUnverified):
		return diagnosis.Unverified
	}
	return diagnosis.Damaged
}

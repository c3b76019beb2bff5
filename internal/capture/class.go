package capture

import (
	"bytes"
	"regexp"

	"github.com/smartmeter-addon/smartmeter-addon/internal/dsmr"
)

// class is what an object's brackets hold, as far as privacy is concerned.
type class uint8

const (
	strange class = iota // no object that is known
	value                // numbers, times, codes
	version              // of the standard or the firmware: many meters have the same
	ident                // an identifier
	message              // text from the grid operator, which may name a person
)

// The id of an object, as far as it tells what the object holds.
var objectID = regexp.MustCompile(`(?:([0-9]{1,3})[:.])?\b([0-9]{1,3}|C|F)[.:]([0-9]{1,3})[.:]([0-9]{1,3})(?:\*[0-9]{1,3}|\.255)?$`)

// maxID is longer than every id.
const maxID = 32

// classOf tells what the object holds whose id ends p.
func classOf(p []byte) class {
	if len(p) > maxID {
		p = p[len(p)-maxID:]
	}
	m := objectID.FindSubmatch(p)
	if m == nil {
		return strange
	}
	b, c, d, e := string(m[1]), string(m[2]), string(m[3]), string(m[4])
	switch {
	case c == "96" && d == "1" && e == "4" && (b == "0" || b == ""), c == "0" && d == "2":
		return version
	case c == "96" && d == "1", c == "0" && d == "0", c == "42" && d == "0", c == "C" && d == "1":
		return ident
	case c == "96" && d == "13":
		return message
	}
	if i := bytes.LastIndexAny(p, " \t)"); i >= 0 {
		p = p[i+1:]
	}
	if _, known := dsmr.Meaning(p); known {
		return value
	}
	return strange
}

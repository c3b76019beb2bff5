package main

import (
	"bytes"
	"fmt"
	"time"

	"github.com/smartmeter-addon/smartmeter-addon/internal/frame"
	"github.com/smartmeter-addon/smartmeter-addon/internal/simulate"
)

// Where a telegram's number stands: the register 1.8.1 in Wh, less base. The
// program passes it on unchanged.
const (
	rawNumber  = "1-0:1.8.1("
	jsonNumber = `"totalT1Use":`
	base       = 100_000_000
)

// numbered returns telegrams of one household, one second apart, with these
// numbers.
func numbered(m *simulate.Meter, at time.Time, numbers ...int) ([][]byte, error) {
	telegrams := make([][]byte, 0, len(numbers))
	for i, n := range numbers {
		t := m.Telegram(at.Add(time.Duration(i) * time.Second))
		if err := number(t, n); err != nil {
			return nil, err
		}
		telegrams = append(telegrams, t)
	}
	return telegrams, nil
}

// number writes a number into a telegram, and the checksum that it has then.
func number(t []byte, n int) error {
	register := bytes.Index(t, []byte(rawNumber)) + len(rawNumber)
	mark := bytes.LastIndexByte(t, '!')
	if register < len(rawNumber) || mark < register {
		return fmt.Errorf("the simulated meter has no register to number: %q", t)
	}
	wh := base + n
	copy(t[register:], fmt.Sprintf("%06d.%03d", wh/1000, wh%1000))
	copy(t[mark+1:], fmt.Sprintf("%04X", frame.Checksum(t[:mark+1])))
	return nil
}

// numberIn returns the number that stands behind name; false if there is
// none. Zeros at the end may be missing.
func numberIn(data []byte, name string) (int, bool) {
	at := bytes.Index(data, []byte(name))
	if at < 0 {
		return 0, false
	}
	wh, decimals := 0, -1
	for _, c := range data[at+len(name):] {
		if c == '.' && decimals < 0 {
			decimals = 0
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		wh = wh*10 + int(c-'0')
		if decimals >= 0 {
			decimals++
		}
	}
	for decimals = max(decimals, 0); decimals < 3; decimals++ {
		wh *= 10
	}
	return wh - base, wh >= base
}

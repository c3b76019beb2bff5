package simulate

import (
	"fmt"
	"strconv"
	"strings"
)

// layout is a telegram's lines as the standard prints them, with fields in
// braces where they live:
//
//	{power.import.L1 5.3 kW}    a number of the table numbers: F5(3,3), with its unit
//	{failures 5.0}              without a unit; 0.0 is without padding
//	{time}                      a text of the table texts
//	{hex E00000000########}     an identifier in hexadecimal; ######## is the serial number
//	{id 13########}             an identifier as it is
//	{message}                   the text message in hexadecimal
//	{blank}                     1024 bytes FF
//	{gas.here} {here.L2}        nothing
//
// A line whose field belongs to something that the household does not have
// (gas, water, L2, L3) is left out; empty lines are, too.
type layout string

// compiled is a layout for one household, ready to print.
type compiled []piece

// piece is text as it is, then a number or a field if there is one.
type piece struct {
	text     string
	number   func(w *world, i int) int64
	index    int   // phase, tariff or quadrant from 1; 0 is all of them
	mul, div int64 // from base units to the last digit
	floor    bool  // a register shows only what is complete
	digits   int
	decimals int
	unit     string
	field    func(w *world, dst []byte) []byte
}

// units are those that a layout may name, in terms of the SI unit (joule,
// watt, volt-ampere, ...).
var units = map[string]int64{
	"kWh": 3_600_000, "kvarh": 3_600_000,
	"kW": 1000, "W": 1, "kvar": 1000, "kVA": 1000,
	"V": 1, "A": 1, "Hz": 1, "m3": 1, "": 1,
}

// compile prepares a layout; CRLF stands between its lines. The layouts are
// constants of this package, so one that makes no sense is a panic that every
// test finds.
func (l layout) compile(h household) compiled {
	var c compiled
	var text strings.Builder
	separator := ""
	for line := range strings.SplitSeq(string(l), "\n") {
		if line == "" || !h.has(line) {
			continue
		}
		text.WriteString(separator)
		separator = "\r\n"
		for {
			before, rest, found := strings.Cut(line, "{")
			text.WriteString(before)
			if !found {
				break
			}
			name, after, closed := strings.Cut(rest, "}")
			if !closed {
				panic(fmt.Sprintf("layout line %q: brace is not closed", line))
			}
			line = after
			if fixed, ok := h.fixed(name); ok {
				text.WriteString(fixed)
				continue
			}
			p := field(name)
			p.text = text.String()
			text.Reset()
			c = append(c, p)
		}
	}
	return append(c, piece{text: text.String()})
}

// fixed returns what a field prints that never changes; false for others.
func (h household) fixed(name string) (string, bool) {
	kind, id, _ := strings.Cut(name, " ")
	id = strings.Replace(id, "########", fmt.Sprintf("%08d", h.serial), 1)
	switch {
	case kind == "hex":
		return fmt.Sprintf("%X", id), true
	case kind == "id":
		return id, true
	case kind == "message":
		return fmt.Sprintf("%X", h.message), true
	case kind == "blank":
		return strings.Repeat("\xff", maxMessage), true
	}
	return "", strings.HasPrefix(kind, "here.") || strings.HasSuffix(kind, ".here")
}

// has reports whether the household has all that the line's fields belong to.
func (h household) has(line string) bool {
	for _, of := range []struct {
		mark    string
		missing bool
	}{
		{"{gas", !h.gas}, {"{water", !h.water},
		{".L2", h.phases < 2}, {".L3", h.phases < 3},
	} {
		if of.missing && strings.Contains(line, of.mark) {
			return false
		}
	}
	return true
}

// field compiles what stands in a pair of braces.
func field(spec string) piece {
	words := strings.Fields(spec)
	if write, ok := texts[words[0]]; ok && len(words) == 1 {
		return piece{field: write}
	}
	name, index := words[0], 0
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if n, err := strconv.Atoi(strings.TrimPrefix(name[i+1:], "L")); err == nil {
			name, index = name[:i], n
		}
	}
	number, ok := numbers[name]
	if !ok || len(words) < 2 {
		panic(fmt.Sprintf("layout field {%s}: no such number or text", spec))
	}
	p := piece{number: number.of, floor: number.register, index: index}
	if _, err := fmt.Sscanf(words[1], "%d.%d", &p.digits, &p.decimals); err != nil {
		panic(fmt.Sprintf("layout field {%s}: %v", spec, err))
	}
	unit := ""
	if len(words) > 2 {
		unit = words[2]
		p.unit = "*" + unit
	}
	size, ok := units[unit]
	if !ok {
		panic(fmt.Sprintf("layout field {%s}: no such unit", spec))
	}
	p.mul, p.div = 1, number.scale*size
	for range p.decimals {
		p.mul *= 10
	}
	// Reduced, so that seven decimals of a kilowatt hour fit into 64 bits.
	d := gcd(p.mul, p.div)
	p.mul, p.div = p.mul/d, p.div/d
	return p
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// append prints the layout as the world is now.
func (c compiled) append(dst []byte, w *world) []byte {
	for i := range c {
		p := &c[i]
		dst = append(dst, p.text...)
		switch {
		case p.number != nil:
			n := p.number(w, p.index) * p.mul
			if !p.floor {
				n += p.div / 2 // no number below zero is printed
			}
			dst = appendPadded(dst, n/p.div, p.digits, p.decimals)
			dst = append(dst, p.unit...)
		case p.field != nil:
			dst = p.field(w, dst)
		}
	}
	return dst
}

// appendPadded writes n with leading zeros: digits in all, decimals of them
// behind the point, Fn(x,x) of DSMR 5.0.2 section 6.4. What does not fit rolls
// over, as a register does. Without digits nothing is padded.
func appendPadded(dst []byte, n int64, digits, decimals int) []byte {
	if digits == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	var text [24]byte
	i := len(text)
	for printed := 0; printed < digits; printed++ {
		if printed == decimals && decimals > 0 {
			i--
			text[i] = '.'
		}
		i--
		text[i] = byte('0' + n%10)
		n /= 10
	}
	return append(dst, text[i:]...)
}

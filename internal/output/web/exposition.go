package web

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/status"
)

// exposition is text in Prometheus' format 0.0.4: for each metric family its
// help and type, then its samples. The libraries for it either weigh as much
// as a third of this program or leave out the help, and all of them take
// floats, while readings are decimals.
//
// Samples of one family stand together, in the order of their meters, however
// often the family is begun.
type exposition struct {
	families map[string]*begun
	order    []*begun
	*begun            // the family that samples are added to
	common   []string // labels of all samples
}

// begun is a family that has its help and type.
type begun struct {
	name string
	dst  []byte
}

func newExposition() *exposition { return &exposition{families: make(map[string]*begun)} }

// of makes the samples that follow a meter's, which is a label where there are
// several.
func (e *exposition) of(l *status.Line, isOneOfMany bool) {
	e.common = nil
	if isOneOfMany {
		e.common = []string{"meter", l.Slot}
	}
}

// bytes returns the whole text.
func (e *exposition) bytes() []byte {
	text := make([]byte, 0, 16<<10)
	for _, f := range e.order {
		text = append(text, f.dst...)
	}
	return text
}

const expositionType = "text/plain; version=0.0.4; charset=utf-8"

// The types of families.
const (
	gauge   = "gauge"
	counter = "counter" // only rises, but for a restart
)

// family begins a metric family, or goes on with it. All its samples follow.
func (e *exposition) family(name, kind, help string) *exposition {
	if e.begun = e.families[name]; e.begun != nil {
		return e
	}
	e.begun = &begun{name: name}
	e.families[name] = e.begun
	e.order = append(e.order, e.begun)
	e.dst = append(e.dst, "# HELP "...)
	e.dst = append(e.dst, name...)
	e.dst = append(e.dst, ' ')
	e.dst = append(e.dst, help...) // ours: it has no line end or backslash
	e.dst = append(e.dst, "\n# TYPE "...)
	e.dst = append(e.dst, name...)
	e.dst = append(e.dst, ' ')
	e.dst = append(e.dst, kind...)
	e.dst = append(e.dst, '\n')
	return e
}

// sample writes a value; labels are pairs of a name and a value.
func (e *exposition) sample(v meter.Value, labels ...string) {
	e.series(labels)
	e.dst = append(v.Append(e.dst), '\n')
}

func (e *exposition) count(n uint64, labels ...string) {
	e.series(labels)
	e.dst = append(strconv.AppendUint(e.dst, n, 10), '\n')
}

func (e *exposition) float(f float64, labels ...string) {
	e.series(labels)
	e.dst = append(strconv.AppendFloat(e.dst, f, 'f', -1, 64), '\n')
}

// time writes seconds since 1970.
func (e *exposition) time(t time.Time, labels ...string) {
	e.sample(meter.NewValue(t.UnixMilli(), 3), labels...)
}

func (e *exposition) series(labels []string) {
	e.dst = append(e.dst, e.name...)
	if len(e.common) > 0 {
		labels = append(slices.Clip(e.common), labels...)
	}
	if len(labels) > 0 {
		e.dst = append(e.dst, '{')
		for i := 0; i < len(labels); i += 2 {
			if i > 0 {
				e.dst = append(e.dst, ',')
			}
			e.dst = append(e.dst, labels[i]...)
			e.dst = append(e.dst, '=')
			e.dst = appendLabel(e.dst, labels[i+1])
		}
		e.dst = append(e.dst, '}')
	}
	e.dst = append(e.dst, ' ')
}

// appendLabel writes a label's value. A byte of a meter that is no UTF-8
// stands for the character of the same number, as in its JSON.
func appendLabel(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			r = rune(text[0])
		}
		text = text[size:]
		switch r {
		case '"', '\\':
			dst = append(dst, '\\', byte(r))
		case '\n':
			dst = append(dst, '\\', 'n')
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

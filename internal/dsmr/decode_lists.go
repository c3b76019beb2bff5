package dsmr

import (
	"bytes"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
	"github.com/smartmeter-addon/smartmeter-addon/internal/obis"
)

// decodePeak reads the peak of this month, "(240107190000W)(02.485*kW)"; Iskra
// meters in Wallonia print the value first.
func decodePeak(p *Parser, f field) bool {
	into := &p.reading.PeakMonth
	if f.object.Rank == 1 {
		into = &p.reading.PeakMonthExport
	}
	first, rest, ok := cutGroup(f.groups)
	if !ok {
		return false
	}
	second, _, ok := cutGroup(rest)
	if !ok {
		return false
	}
	if bytes.IndexByte(first, '.') >= 0 {
		first, second = second, first
	}
	t, ok := ParseTimestamp(first)
	if !ok {
		return isNever(first)
	}
	v, ok := quantityValue(second, meter.Kilowatt)
	if ok && !into.Valid {
		*into = meter.Peak{Time: t, Demand: v, Valid: true}
	}
	return ok
}

// decodeHistory reads the peaks of up to thirteen months. Hungary uses the same
// code for last month's registers, Switzerland for a mere count: no peaks.
func decodeHistory(p *Parser, f field) bool {
	if p.reading.PeakHistory == nil { // of two the first counts
		p.reading.PeakHistory = p.memory.history.of(f.groups, peaks)
	}
	return true
}

// peakCode is what the peaks of a history are called.
var peakCode = obis.Of(1, 0, 1, 6, 0)

// peaks reads (n)(columns...) and n times (end of month)(columns...). The
// columns are named by their codes: the time and the value of 1-0:1.6.0 bear
// the same one. Meters announce more entries than they send.
func peaks(groups []byte) []meter.Peak {
	values, _ := appendGroups(nil, groups)
	if len(values) == 0 || len(values[0]) > 2 {
		return nil
	}
	columns, column := 0, -1
	for _, v := range values[1:] {
		if bytes.IndexByte(v, ':') < 0 {
			break
		}
		columns++
		if code, _, ok := obis.Parse(v); column < 0 && ok && code == peakCode {
			column = columns
		}
	}
	if column < 0 || column == columns {
		return nil
	}
	var list []meter.Peak
	for rows := values[1+columns:]; len(rows) > columns; rows = rows[columns+1:] {
		month, ok := ParseTimestamp(rows[0])
		t, made := ParseTimestamp(rows[column])
		v, valid := quantityValue(rows[column+1], meter.Kilowatt)
		// A month without data has times that do not exist.
		if ok && made && valid {
			list = append(list, meter.Peak{Month: month, Time: t, Demand: v, Valid: true})
		}
	}
	return list
}

// decodeFailures reads the log of long power failures:
// (n)(0-0:96.7.19)(end)(seconds*s)...
func decodeFailures(p *Parser, f field) bool {
	if p.reading.Failures == nil {
		p.reading.Failures = p.memory.failures.of(f.groups, failures)
	}
	return true
}

// maxFailure is what "undefined" begins at, in seconds (2^31-1, DSMR 5.0.2).
const maxFailure = 1<<31 - 1

func failures(groups []byte) []meter.Failure {
	values, _ := appendGroups(nil, groups)
	if len(values) < 2 {
		return nil
	}
	var list []meter.Failure
	for rows := values[2:]; len(rows) >= 2; rows = rows[2:] {
		end, ok := ParseTimestamp(rows[0])
		v, rest, valid := Number(rows[1])
		rest = bytes.TrimPrefix(rest, []byte("*"))
		// A Kaifa's log begins with failures of 68 years and more. A failure
		// whose end is not known lasted all the same.
		if (ok || isNever(rows[0])) && valid && v.Int() < maxFailure && (len(rest) == 0 || string(rest) == "s") {
			list = append(list, meter.Failure{End: end, Seconds: v.Int()})
		}
	}
	return list
}

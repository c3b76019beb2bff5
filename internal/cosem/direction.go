package cosem

// Status words of SML that tell the direction of a power without sign. EMH's
// old meters have one of 16 bits. Newer ones have one that ends with 04 (FNN
// Lastenheft EDL), whose bit 11 is set while the meter delivers; bits 18 to 20
// are the phases that have a voltage, and none is known above them.
const (
	emhConsuming  = 0x182
	emhDelivering = 0x1B0
	emhExporting  = 0x1A2

	newStatus   = 0x04 // bits 0 to 7
	newPhases   = 7 << 18
	newLongest  = 21 // bits
	bitDelivers = 1 << 11
)

// Delivers reports whether a status word says that the meter delivers; known
// is false where it does not tell.
func Delivers(status uint64) (delivers, known bool) {
	switch {
	case status == emhConsuming:
		return false, true
	case status == emhDelivering, status == emhExporting:
		return true, true
	case status&0xFF == newStatus && status&newPhases != 0 && status>>newLongest == 0:
		return status&bitDelivers != 0, true
	}
	return false, false
}

// direction returns which way a power without sign flows: 1 import, -1 export,
// 0 not known. A status word says it; a meter that counts one way only can
// only mean that one.
func direction(m *Message) int {
	imports, exports := false, false
	for i := range m.Objects {
		o := &m.Objects[i]
		if o.Status != 0 && o.Code.IsElectric() {
			switch delivers, known := Delivers(o.Status); {
			case known && delivers:
				return -1
			case known:
				return 1
			}
		}
		if o.Code.IsElectric() && o.Code.D() == 8 {
			imports = imports || o.Code.C() == 1
			exports = exports || o.Code.C() == 2
		}
	}
	switch {
	case imports && !exports:
		return 1
	case exports && !imports:
		return -1
	}
	return 0
}

package meter

// Identity is which meter of the household speaks in a part of a reading: what
// the household stage decided, once and for every output. What the telegram
// prints beside it (Reading.EquipmentID, Channel.ID) can be damaged, or that of
// a meter that does not count yet.
type Identity struct {
	Slot    uint8  // 1: the first meter of its kind, 2: the second; 0: it has no slot, and no entity shows it
	Meter   uint32 // number of the meter in its slot, from 1; another number is another meter
	ID      string // equipment identifier that counts, as printed; empty: the meter has none
	Rival   bool   // the telegram names another meter, which does not count yet
	Booting bool   // its clock is not set, as after a boot: nothing here is evidence of another meter or total
}

// Identifier returns the electricity meter's equipment identifier: the one that
// counts, or the printed one where none counts (yet).
func (r *Reading) Identifier() string {
	if r.Meter.ID != "" {
		return r.Meter.ID
	}
	return r.EquipmentID
}

// Identifier returns the M-Bus meter's equipment identifier, as that of Reading.
func (c *Channel) Identifier() string {
	if c.Meter.ID != "" {
		return c.Meter.ID
	}
	return c.ID
}

package config

// Meter is what the options say of one meter.
type Meter struct {
	Slot       string
	Source     Source
	Serial     Serial
	Network    Network
	Decryption Decryption
	Checksum   Checksum
	Energy     EnergyUnit
	JSONSocket Listen
	RawSocket  Listen
}

// Meters returns all meters, of which there is always one.
func (c Config) Meters() []Meter {
	return []Meter{{
		Slot: c.Slot, Source: c.Source, Serial: c.Serial, Network: c.Network, Decryption: c.Decryption,
		Checksum: c.Checksum, Energy: c.Energy, JSONSocket: c.JSONSocket, RawSocket: c.RawSocket,
	}}
}

// SourceInUse is Source with auto decided: the network if an address is set,
// else the serial device. SourceAuto means that there is neither, which is
// valid: the program says so and waits.
func (m Meter) SourceInUse() Source {
	switch {
	case m.Source != SourceAuto:
		return m.Source
	case m.Network.Address != "":
		return SourceNetwork
	case m.Serial.Device != "":
		return SourceSerial
	}
	return SourceAuto
}

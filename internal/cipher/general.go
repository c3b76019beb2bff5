package cipher

import "github.com/smartmeter-addon/smartmeter-addon/internal/axdr"

// General ciphering (IEC 62056-5-3) names the parties and the key, and covers
// that by the tag:
//
//	DD            tag
//	NN ...        transaction
//	08 ........   system title of the sender
//	NN ...        system title of the receiver
//	NN ...        date and time
//	NN ...        other information
//	00            no key is named, or 01 and which: 00 KK one of those that are known
//	LL            length of what follows, which is as in general-glo-ciphering
const (
	TagGeneral = 0xDD

	namedFields  = 5
	identifiedBy = 0x00 // of the ways to name a key, the one that sends none
	maxNamed     = 128  // octets of the names
)

// GeneralHead returns where the length of the ciphered part of a message in
// general ciphering stands.
func GeneralHead(p []byte) (int, error) {
	_, _, at, err := generalHead(p)
	return at, err
}

// generalHead returns where the names of a message end, where the sender's title
// begins, and where the length of the ciphered part stands.
func generalHead(p []byte) (named, title, at int, err error) {
	at = 1
	for field := range namedFields {
		n, rest, err := axdr.Length(p[min(at, len(p)):])
		switch {
		case err != nil:
			return 0, 0, 0, err
		case n > maxNamed, field == 1 && n != titleSize:
			return 0, 0, 0, axdr.ErrTag
		}
		at = len(p) - len(rest)
		if field == 1 {
			title = at
		}
		at += n
	}
	named = at
	switch {
	case named > maxNamed:
		return 0, 0, 0, axdr.ErrTag
	case len(p) < named+1:
		return 0, 0, 0, axdr.ErrShort
	case p[named] == 0:
		return named, title, named + 1, nil
	case p[named] != 1:
		return 0, 0, 0, axdr.ErrTag
	case len(p) < named+3:
		return 0, 0, 0, axdr.ErrShort
	case p[named+1] != identifiedBy:
		return 0, 0, 0, axdr.ErrTag
	}
	return named, title, named + 3, nil
}

// OpenGeneral is Open for a message in general ciphering.
func (o *Opener) OpenGeneral(p []byte) Opened {
	named, title, at, err := generalHead(p)
	if err != nil || len(p)-at > maxBody {
		o.stats.Frames++
		o.stats.Damaged++
		return Opened{Err: ErrFrame}
	}
	o.glo = append(append(append(o.glo[:0], Tag, titleSize), p[title:title+titleSize]...), p[at:]...)
	o.named = p[1:named]
	defer func() { o.named = nil }()
	return o.Open(o.glo, IsWhole(o.glo))
}

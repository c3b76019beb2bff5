package homeassistant

import (
	"regexp"
	"strings"
)

// makers are the letters that a meter's identification line begins with: the
// manufacturer's, registered with the FLAG association, or on meters made by
// Sagemcom often the grid operator's.
var makers = map[string]string{
	"ACE": "Itron",
	"ADN": "Aidon",
	"AUX": "Sanxing",
	"ELL": "Sagemcom", // Ellevio
	"ELS": "Elster",
	"ENE": "Sagemcom", // Enexis
	"EST": "Sagemcom", // Energienetze Steiermark
	"ESY": "EasyMeter",
	"FLU": "Sagemcom", // Fluvius
	"ISK": "Iskraemeco",
	"KAM": "Kamstrup",
	"KFM": "Kaifa",
	"KMP": "Kamstrup",
	"LGF": "Landis+Gyr",
	"LGZ": "Landis+Gyr",
	"LG_": "Landis+Gyr",
	"LUX": "Sagemcom", // Luxmetering
	"MCS": "Metcom",
	"NES": "NES",
	"SAG": "Sagemcom",
	"XMX": "Landis+Gyr", // with a communication module by Xemex
}

var (
	// notModel is what follows the model on an identification line: the
	// protocol or the firmware.
	notModel = regexp.MustCompile(`(^|\s)([DE]SMR ?[0-9]|V[0-9]+\.).*$`)

	// ownNumber is a serial number in place of the model or behind it, which
	// Landis+Gyr, Kamstrup and Sanxing print there. Sagemcom prints a number of
	// the type, which a revision letter follows: 253769484_A.
	ownNumber = regexp.MustCompile(`[0-9]{6,}$`)
)

// makerOf reads maker and model from the identification line, such as
// ISK5\2M550T-1012: three letters, the baud rate's digit, an escape (IEC
// 62056-21, 6.3.2), the maker's own text.
func makerOf(header string) (maker, model string) {
	if len(header) < 4 {
		return "", header
	}
	maker, model = makers[strings.ToUpper(header[:3])], header
	if text, ok := strings.CutPrefix(header, "LG_"); ok {
		model = strings.ReplaceAll(text, "_", " ")
	} else if header[3] >= '0' && header[3] <= '9' {
		model = strings.TrimLeft(header[4:], `\=@: `)
	}
	// "\2" announces an optical protocol; in \253769484_A it is the number.
	if len(model) > 1 && model[0] == '2' && (model[1] < '0' || model[1] > '9') {
		model = model[1:]
	}
	model = strings.TrimSpace(ownNumber.ReplaceAllString(notModel.ReplaceAllString(model, ""), ""))
	if strings.EqualFold(model, maker+"-METER") {
		model = "" // KAIFA-METER
	}
	return maker, model
}

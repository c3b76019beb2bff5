package homeassistant

import (
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// Name returns the name of an entity or a device in that language. A name
// that is not in the table stays English; a test sees to it that no entity has
// such a one.
func Name(l meter.Language, english string) string {
	if l == meter.English || english == "" {
		return english
	}
	pattern, number := english, ""
	if i := len(english) - 1; english[i] >= '0' && english[i] <= '9' {
		pattern, number = english[:i]+"#", english[i:]
	}
	row, ok := names[pattern]
	if !ok {
		return english
	}
	var name string
	switch l {
	case meter.Dutch:
		name = row.nl
	case meter.German:
		name = row.de
	case meter.French:
		name = row.fr
	case meter.Swedish:
		name = row.sv
	}
	if name == "" {
		return english
	}
	return strings.Replace(name, "#", number, 1)
}

// names is the table of names in the languages other than English, by the
// English one; # is the digit at its end. The words are those of the country's
// grid operators, where they have some that people know from their bill.
var names = map[string]struct{ nl, de, fr, sv string }{
	"Electricity meter":    {"Elektriciteitsmeter", "Stromzähler", "Compteur d'électricité", "Elmätare"},
	"Gas meter":            {"Gasmeter", "Gaszähler", "Compteur de gaz", "Gasmätare"},
	"Water meter":          {"Watermeter", "Wasserzähler", "Compteur d'eau", "Vattenmätare"},
	"Warm water meter":     {"Warmwatermeter", "Warmwasserzähler", "Compteur d'eau chaude", "Varmvattenmätare"},
	"Heat meter":           {"Warmtemeter", "Wärmezähler", "Compteur de chaleur", "Värmemätare"},
	"Cooling meter":        {"Koudemeter", "Kältezähler", "Compteur de froid", "Kylmätare"},
	"Electricity submeter": {"Tussenmeter elektriciteit", "Zwischenzähler Strom", "Sous-compteur d'électricité", "Undermätare för el"},
	"Solar inverter":       {"Zonne-omvormer", "Solar-Wechselrichter", "Onduleur solaire", "Solcellsväxelriktare"},

	"Power import":                      {"Afgenomen vermogen", "Bezugsleistung", "Puissance prélevée", "Uttagen effekt"},
	"Power export":                      {"Teruggeleverd vermogen", "Einspeiseleistung", "Puissance injectée", "Inmatad effekt"},
	"Power phase L#":                    {"Vermogen fase L#", "Leistung Phase L#", "Puissance phase L#", "Effekt fas L#"},
	"Power import phase L#":             {"Afgenomen vermogen fase L#", "Bezugsleistung Phase L#", "Puissance prélevée phase L#", "Uttagen effekt fas L#"},
	"Power export phase L#":             {"Teruggeleverd vermogen fase L#", "Einspeiseleistung Phase L#", "Puissance injectée phase L#", "Inmatad effekt fas L#"},
	"Remove smartmeter2mqtt's entities": {"Entiteiten van smartmeter2mqtt verwijderen", "Entitäten von smartmeter2mqtt entfernen", "Supprimer les entités de smartmeter2mqtt", "Ta bort smartmeter2mqtts entiteter"},
	"Status":                            {"Status", "Zustand", "État", "Status"},
	"DC power":                          {"DC-vermogen", "DC-Leistung", "Puissance DC", "DC-effekt"},
	"DC voltage":                        {"DC-spanning", "DC-Spannung", "Tension DC", "DC-spänning"},
	"DC current":                        {"DC-stroom", "DC-Strom", "Courant DC", "DC-ström"},
	"House use":                         {"Huisverbruik", "Hausverbrauch", "Consommation de la maison", "Husets förbrukning"},
	"Energy import":                     {"Afgenomen energie", "Bezogene Energie", "Énergie prélevée", "Uttagen energi"},
	"Energy export":                     {"Teruggeleverde energie", "Eingespeiste Energie", "Énergie injectée", "Inmatad energi"},
	"Energy import tariff #":            {"Afgenomen energie tarief #", "Bezogene Energie Tarif #", "Énergie prélevée tarif #", "Uttagen energi tariff #"},
	"Energy export tariff #":            {"Teruggeleverde energie tarief #", "Eingespeiste Energie Tarif #", "Énergie injectée tarif #", "Inmatad energi tariff #"},
	"Energy combined":                   {"Energie samen", "Energie zusammen", "Énergie cumulée", "Sammanlagd energi"},
	"Active tariff":                     {"Actief tarief", "Aktueller Tarif", "Tarif actif", "Aktuell tariff"},

	"Average demand":         {"Gemiddeld kwartiervermogen", "Mittlere Viertelstundenleistung", "Puissance quart-horaire moyenne", "Medeleffekt per kvart"},
	"Average demand export":  {"Gemiddeld kwartiervermogen teruglevering", "Mittlere Viertelstundenleistung Einspeisung", "Puissance quart-horaire moyenne injectée", "Medeleffekt per kvart inmatning"},
	"Demand forecast":        {"Verwacht kwartiervermogen", "Erwartete Viertelstundenleistung", "Puissance quart-horaire prévue", "Förväntad medeleffekt per kvart"},
	"Demand headroom":        {"Vermogensruimte tot maandpiek", "Leistungsreserve bis zur Monatsspitze", "Marge jusqu'à la pointe mensuelle", "Marginal till månadens toppeffekt"},
	"Peak demand this month": {"Maandpiek", "Monatsspitze", "Pointe mensuelle", "Månadens toppeffekt"},
	"Peak demand time":       {"Tijdstip maandpiek", "Zeitpunkt der Monatsspitze", "Heure de la pointe mensuelle", "Tidpunkt för månadens toppeffekt"},
	"Peak demand last month": {"Maandpiek vorige maand", "Monatsspitze des Vormonats", "Pointe du mois précédent", "Förra månadens toppeffekt"},
	"Average monthly peak":   {"Gemiddelde maandpiek", "Mittlere Monatsspitze", "Pointe mensuelle moyenne", "Genomsnittlig toppeffekt per månad"},

	"Voltage":                 {"Spanning", "Spannung", "Tension", "Spänning"},
	"Voltage phase L#":        {"Spanning fase L#", "Spannung Phase L#", "Tension phase L#", "Spänning fas L#"},
	"Voltage sags phase L#":   {"Spanningsdips fase L#", "Spannungseinbrüche Phase L#", "Creux de tension phase L#", "Spänningsdippar fas L#"},
	"Voltage swells phase L#": {"Spanningspieken fase L#", "Spannungsüberhöhungen Phase L#", "Surtensions phase L#", "Spänningshöjningar fas L#"},
	"Current":                 {"Stroom", "Strom", "Courant", "Ström"},
	"Current phase L#":        {"Stroom fase L#", "Strom Phase L#", "Courant phase L#", "Ström fas L#"},
	"Current neutral":         {"Stroom nulleider", "Strom Neutralleiter", "Courant du neutre", "Ström i neutralledaren"},
	"Power factor":            {"Arbeidsfactor", "Leistungsfaktor", "Facteur de puissance", "Effektfaktor"},
	"Power factor phase L#":   {"Arbeidsfactor fase L#", "Leistungsfaktor Phase L#", "Facteur de puissance phase L#", "Effektfaktor fas L#"},
	"Power limit":             {"Vermogensgrens", "Leistungsgrenze", "Limite de puissance", "Effektgräns"},
	"Current limit phase L#":  {"Stroomgrens fase L#", "Stromgrenze Phase L#", "Limite de courant phase L#", "Strömgräns fas L#"},
	"Breaker":                 {"Hoofdschakelaar", "Trennschalter", "Disjoncteur", "Huvudbrytare"},
	"Relay #":                 {"Relais #", "Relais #", "Relais #", "Relä #"},
	"Short power failures":    {"Korte stroomstoringen", "Kurze Stromausfälle", "Coupures de courant brèves", "Korta strömavbrott"},
	"Long power failures":     {"Lange stroomstoringen", "Lange Stromausfälle", "Coupures de courant longues", "Långa strömavbrott"},
	"Last long power failure": {"Laatste lange stroomstoring", "Letzter langer Stromausfall", "Dernière coupure longue", "Senaste långa strömavbrott"},

	"Reactive energy import":          {"Afgenomen blindenergie", "Bezogene Blindenergie", "Énergie réactive prélevée", "Uttagen reaktiv energi"},
	"Reactive energy export":          {"Teruggeleverde blindenergie", "Eingespeiste Blindenergie", "Énergie réactive injectée", "Inmatad reaktiv energi"},
	"Reactive energy import tariff #": {"Afgenomen blindenergie tarief #", "Bezogene Blindenergie Tarif #", "Énergie réactive prélevée tarif #", "Uttagen reaktiv energi tariff #"},
	"Reactive energy export tariff #": {"Teruggeleverde blindenergie tarief #", "Eingespeiste Blindenergie Tarif #", "Énergie réactive injectée tarif #", "Inmatad reaktiv energi tariff #"},
	"Reactive energy Q#":              {"Blindenergie Q#", "Blindenergie Q#", "Énergie réactive Q#", "Reaktiv energi Q#"},
	"Reactive power import":           {"Afgenomen blindvermogen", "Blindleistung Bezug", "Puissance réactive prélevée", "Uttagen reaktiv effekt"},
	"Reactive power export":           {"Teruggeleverd blindvermogen", "Blindleistung Einspeisung", "Puissance réactive injectée", "Inmatad reaktiv effekt"},
	"Reactive power import phase L#":  {"Afgenomen blindvermogen fase L#", "Blindleistung Bezug Phase L#", "Puissance réactive prélevée phase L#", "Uttagen reaktiv effekt fas L#"},
	"Reactive power export phase L#":  {"Teruggeleverd blindvermogen fase L#", "Blindleistung Einspeisung Phase L#", "Puissance réactive injectée phase L#", "Inmatad reaktiv effekt fas L#"},
	"Reactive power Q#":               {"Blindvermogen Q#", "Blindleistung Q#", "Puissance réactive Q#", "Reaktiv effekt Q#"},
	"Apparent power import":           {"Afgenomen schijnbaar vermogen", "Scheinleistung Bezug", "Puissance apparente prélevée", "Uttagen skenbar effekt"},
	"Apparent power export":           {"Teruggeleverd schijnbaar vermogen", "Scheinleistung Einspeisung", "Puissance apparente injectée", "Inmatad skenbar effekt"},
	"Apparent power import phase L#":  {"Afgenomen schijnbaar vermogen fase L#", "Scheinleistung Bezug Phase L#", "Puissance apparente prélevée phase L#", "Uttagen skenbar effekt fas L#"},
	"Apparent power export phase L#":  {"Teruggeleverd schijnbaar vermogen fase L#", "Scheinleistung Einspeisung Phase L#", "Puissance apparente injectée phase L#", "Inmatad skenbar effekt fas L#"},

	"Total":            {"Totaal", "Gesamt", "Total", "Totalt"},
	"Heat":             {"Warmte", "Wärme", "Chaleur", "Värme"},
	"Cooling":          {"Koude", "Kälte", "Froid", "Kyla"},
	"Gas flow":         {"Gasdebiet", "Gasdurchfluss", "Débit de gaz", "Gasflöde"},
	"Last reading":     {"Laatste meterstand", "Letzter Zählerstand", "Dernier relevé", "Senaste avläsning"},
	"Valve":            {"Klep", "Ventil", "Vanne", "Ventil"},
	"Text message":     {"Bericht", "Nachricht", "Message", "Meddelande"},
	"Meter time":       {"Metertijd", "Zählerzeit", "Heure du compteur", "Mätarens tid"},
	"Protocol version": {"Protocolversie", "Protokollversion", "Version du protocole", "Protokollversion"},

	"Connection":          {"Verbinding", "Verbindung", "Connexion", "Anslutning"},
	"Problem":             {"Probleem", "Problem", "Problème", "Problem"},
	"Diagnosis":           {"Diagnose", "Diagnose", "Diagnostic", "Diagnos"},
	"Telegram errors":     {"Telegramfouten", "Telegrammfehler", "Erreurs de télégramme", "Telegramfel"},
	"Held values":         {"Vastgehouden waarden", "Zurückgehaltene Werte", "Valeurs retenues", "Kvarhållna värden"},
	"Telegram interval":   {"Telegraminterval", "Telegrammabstand", "Intervalle des télégrammes", "Telegramintervall"},
	"Last telegram":       {"Laatste telegram", "Letztes Telegramm", "Dernier télégramme", "Senaste telegram"},
	"Started":             {"Gestart", "Gestartet", "Démarré", "Startad"},
	"Republish discovery": {"Opnieuw aanmelden", "Erneut anmelden", "Annoncer à nouveau", "Anmäl igen"},
}

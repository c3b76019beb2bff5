package explain

import (
	"regexp"
	"slices"
	"strings"

	"github.com/smartmeter-addon/smartmeter-addon/internal/meter"
)

// translations is a text in the languages other than English, in the order of
// meter.Languages.
type translations [4]string

// In returns the telegram in another language. What is not in the table stays
// English; a test makes sure that every known object is.
func (t Telegram) In(l meter.Language) Telegram {
	column := slices.Index(meter.Languages, l) - 1
	if column < 0 {
		return t
	}
	if t.Bad != "" {
		t.Bad = t.Cause.Text(l)
	}
	t.Entries = slices.Clone(t.Entries)
	for i := range t.Entries {
		e := &t.Entries[i]
		e.Meaning = translate(e.Meaning, column)
		e.Notes = slices.Clone(e.Notes)
		for j, note := range e.Notes {
			e.Notes[j] = translate(note, column)
		}
	}
	return t
}

// numbered is what follows a meaning that there is of several: of phases and
// tariffs.
var numbered = regexp.MustCompile(`^(.*), (L|tariff )([0-9])$`)

// stamped is a time with a word behind it.
var stamped = regexp.MustCompile(`^([-0-9: ]+) ((?:summer|standard) time)$`)

func translate(english string, column int) string {
	if row, ok := meanings[english]; ok {
		return row[column]
	}
	if m := stamped.FindStringSubmatch(english); m != nil {
		return m[1] + " " + translate(m[2], column)
	}
	if m := numbered.FindStringSubmatch(english); m != nil {
		word := m[2]
		if word != "L" {
			word = translate(strings.TrimSpace(word), column) + " "
		}
		return translate(m[1], column) + ", " + word + m[3]
	}
	return english
}

// meanings are the texts of objects and notes by the English one. The words are
// those of the entities, where there is an entity.
var meanings = map[string]translations{
	"? unknown object": {"? onbekend object", "? unbekanntes Objekt", "? objet inconnu", "? okänt objekt"},
	"tariff":           {"tarief", "Tarif", "tarif", "tariff"},

	"version of the P1 standard": {"versie van de P1-standaard", "Version des P1-Standards", "version du standard P1", "P1-standardens version"},
	"the meter's time":           {"tijd van de meter", "Zeit des Zählers", "heure du compteur", "mätarens tid"},
	"the meter's clock, hhmmss":  {"klok van de meter, uummss", "Uhr des Zählers, hhmmss", "horloge du compteur, hhmmss", "mätarens klocka, hhmmss"},
	"the meter's date, yymmdd":   {"datum van de meter, jjmmdd", "Datum des Zählers, jjmmtt", "date du compteur, aammjj", "mätarens datum, ååmmdd"},
	"equipment identifier":       {"meternummer", "Zählernummer", "numéro du compteur", "mätarnummer"},
	"logical device name":        {"logische apparaatnaam", "logischer Gerätename", "nom logique de l’appareil", "logiskt enhetsnamn"},
	"device identifier":          {"apparaatnummer", "Gerätekennung", "identifiant de l’appareil", "enhets-id"},
	"type of the meter":          {"type van de meter", "Typ des Zählers", "type du compteur", "mätarens typ"},
	"manufacturer":               {"fabrikant", "Hersteller", "fabricant", "tillverkare"},
	"version of the list of objects": {"versie van de objectenlijst", "Version der Objektliste",
		"version de la liste d’objets", "objektlistans version"},
	"serial number": {"serienummer", "Seriennummer", "numéro de série", "serienummer"},
	"EAN of the connection (Belgium), public key (Switzerland)": {
		"EAN van de aansluiting (België), publieke sleutel (Zwitserland)", "EAN des Anschlusses (Belgien), öffentlicher Schlüssel (Schweiz)",
		"EAN du raccordement (Belgique), clé publique (Suisse)", "anslutningens EAN (Belgien), publik nyckel (Schweiz)"},
	"status":              {"status", "Status", "état", "status"},
	"firmware identifier": {"firmwareversie", "Firmware-Kennung", "identifiant du micrologiciel", "firmware-id"},
	"firmware signature":  {"firmwarehandtekening", "Firmware-Signatur", "signature du micrologiciel", "firmware-signatur"},
	"error register":      {"foutregister", "Fehlerregister", "registre d’erreurs", "felregister"},
	"tariff in force":     {"geldend tarief", "geltender Tarif", "tarif en vigueur", "gällande tariff"},
	"voltage that the grid is configured for": {"ingestelde netspanning", "eingestellte Netzspannung", "tension de réseau configurée", "inställd nätspänning"},
	"current transformer ratio":               {"verhouding van de stroomtransformator", "Übersetzung des Stromwandlers", "rapport du transformateur de courant", "strömtransformatorns omsättning"},
	"voltage transformer ratio":               {"verhouding van de spanningstransformator", "Übersetzung des Spannungswandlers", "rapport du transformateur de tension", "spänningstransformatorns omsättning"},
	"length of the demand period, seconds":    {"lengte van de meetperiode, seconden", "Länge der Messperiode, Sekunden", "durée de la période de mesure, secondes", "mätperiodens längd, sekunder"},

	"energy imported, total": {"afgenomen energie, totaal", "bezogene Energie, gesamt", "énergie prélevée, total", "uttagen energi, totalt"},
	"energy imported":        {"afgenomen energie", "bezogene Energie", "énergie prélevée", "uttagen energi"},
	"energy exported, total": {"teruggeleverde energie, totaal", "eingespeiste Energie, gesamt", "énergie injectée, total", "inmatad energi, totalt"},
	"energy exported":        {"teruggeleverde energie", "eingespeiste Energie", "énergie injectée", "inmatad energi"},
	"energy imported and exported, added up without sign": {"afgenomen en teruggeleverde energie, opgeteld zonder teken", "bezogene und eingespeiste Energie, ohne Vorzeichen addiert",
		"énergie prélevée et injectée, additionnée sans signe", "uttagen och inmatad energi, summerad utan tecken"},
	"reactive energy imported, total":                  {"afgenomen blindenergie, totaal", "bezogene Blindenergie, gesamt", "énergie réactive prélevée, total", "uttagen reaktiv energi, totalt"},
	"reactive energy imported":                         {"afgenomen blindenergie", "bezogene Blindenergie", "énergie réactive prélevée", "uttagen reaktiv energi"},
	"reactive energy exported, total":                  {"teruggeleverde blindenergie, totaal", "eingespeiste Blindenergie, gesamt", "énergie réactive injectée, total", "inmatad reaktiv energi, totalt"},
	"reactive energy exported":                         {"teruggeleverde blindenergie", "eingespeiste Blindenergie", "énergie réactive injectée", "inmatad reaktiv energi"},
	"reactive energy, quadrant 1 (import, inductive)":  {"blindenergie, kwadrant 1 (afname, inductief)", "Blindenergie, Quadrant 1 (Bezug, induktiv)", "énergie réactive, quadrant 1 (prélèvement, inductive)", "reaktiv energi, kvadrant 1 (uttag, induktiv)"},
	"reactive energy, quadrant 2 (export, capacitive)": {"blindenergie, kwadrant 2 (teruglevering, capacitief)", "Blindenergie, Quadrant 2 (Einspeisung, kapazitiv)", "énergie réactive, quadrant 2 (injection, capacitive)", "reaktiv energi, kvadrant 2 (inmatning, kapacitiv)"},
	"reactive energy, quadrant 3 (export, inductive)":  {"blindenergie, kwadrant 3 (teruglevering, inductief)", "Blindenergie, Quadrant 3 (Einspeisung, induktiv)", "énergie réactive, quadrant 3 (injection, inductive)", "reaktiv energi, kvadrant 3 (inmatning, induktiv)"},
	"reactive energy, quadrant 4 (import, capacitive)": {"blindenergie, kwadrant 4 (afname, capacitief)", "Blindenergie, Quadrant 4 (Bezug, kapazitiv)", "énergie réactive, quadrant 4 (prélèvement, capacitive)", "reaktiv energi, kvadrant 4 (uttag, kapacitiv)"},
	"power imported":                                   {"afgenomen vermogen", "bezogene Leistung", "puissance prélevée", "uttagen effekt"},
	"power exported":                                   {"teruggeleverd vermogen", "eingespeiste Leistung", "puissance injectée", "inmatad effekt"},
	"power imported or exported, without sign":         {"afgenomen of teruggeleverd vermogen, zonder teken", "bezogene oder eingespeiste Leistung, ohne Vorzeichen", "puissance prélevée ou injectée, sans signe", "uttagen eller inmatad effekt, utan tecken"},
	"power imported less power exported":               {"afgenomen min teruggeleverd vermogen", "bezogene abzüglich eingespeister Leistung", "puissance prélevée moins puissance injectée", "uttagen minus inmatad effekt"},
	"power imported less power exported, as the meter gives it": {"afgenomen min teruggeleverd vermogen, zoals de meter het geeft", "bezogene abzüglich eingespeister Leistung, wie der Zähler sie angibt",
		"puissance prélevée moins puissance injectée, telle que le compteur la donne", "uttagen minus inmatad effekt, som mätaren anger den"},
	"reactive power imported":             {"afgenomen blindvermogen", "bezogene Blindleistung", "puissance réactive prélevée", "uttagen reaktiv effekt"},
	"reactive power exported":             {"teruggeleverd blindvermogen", "eingespeiste Blindleistung", "puissance réactive injectée", "inmatad reaktiv effekt"},
	"reactive power, quadrant 1":          {"blindvermogen, kwadrant 1", "Blindleistung, Quadrant 1", "puissance réactive, quadrant 1", "reaktiv effekt, kvadrant 1"},
	"reactive power, quadrant 2":          {"blindvermogen, kwadrant 2", "Blindleistung, Quadrant 2", "puissance réactive, quadrant 2", "reaktiv effekt, kvadrant 2"},
	"reactive power, quadrant 3":          {"blindvermogen, kwadrant 3", "Blindleistung, Quadrant 3", "puissance réactive, quadrant 3", "reaktiv effekt, kvadrant 3"},
	"reactive power, quadrant 4":          {"blindvermogen, kwadrant 4", "Blindleistung, Quadrant 4", "puissance réactive, quadrant 4", "reaktiv effekt, kvadrant 4"},
	"apparent power imported":             {"afgenomen schijnbaar vermogen", "bezogene Scheinleistung", "puissance apparente prélevée", "uttagen skenbar effekt"},
	"apparent power exported":             {"teruggeleverd schijnbaar vermogen", "eingespeiste Scheinleistung", "puissance apparente injectée", "inmatad skenbar effekt"},
	"power factor":                        {"arbeidsfactor", "Leistungsfaktor", "facteur de puissance", "effektfaktor"},
	"lowest power factor":                 {"laagste arbeidsfactor", "niedrigster Leistungsfaktor", "facteur de puissance le plus bas", "lägsta effektfaktor"},
	"frequency of the grid":               {"netfrequentie", "Netzfrequenz", "fréquence du réseau", "nätfrekvens"},
	"voltage":                             {"spanning", "Spannung", "tension", "spänning"},
	"average voltage":                     {"gemiddelde spanning", "mittlere Spannung", "tension moyenne", "medelspänning"},
	"voltage of any phase":                {"spanning van een fase", "Spannung einer Phase", "tension d’une phase", "spänning i någon fas"},
	"current":                             {"stroom", "Strom", "courant", "ström"},
	"current of any phase":                {"stroom van een fase", "Strom einer Phase", "courant d’une phase", "ström i någon fas"},
	"sum of the phases' currents":         {"som van de fasestromen", "Summe der Phasenströme", "somme des courants des phases", "summan av fasströmmarna"},
	"current in the neutral conductor":    {"stroom in de nulleider", "Strom im Neutralleiter", "courant dans le neutre", "ström i neutralledaren"},
	"power failures in any phase":         {"stroomstoringen in een fase", "Stromausfälle in einer Phase", "coupures sur une phase", "strömavbrott i någon fas"},
	"long power failures in any phase":    {"lange stroomstoringen in een fase", "lange Stromausfälle in einer Phase", "coupures longues sur une phase", "långa strömavbrott i någon fas"},
	"log of long power failures":          {"logboek van lange stroomstoringen", "Protokoll langer Stromausfälle", "journal des coupures longues", "logg över långa strömavbrott"},
	"voltage sags":                        {"spanningsdips", "Spannungseinbrüche", "creux de tension", "spänningsdippar"},
	"voltage swells":                      {"spanningspieken", "Überspannungen", "surtensions", "överspänningar"},
	"duration of the last voltage sag":    {"duur van de laatste spanningsdip", "Dauer des letzten Spannungseinbruchs", "durée du dernier creux de tension", "senaste spänningsdippens längd"},
	"magnitude of the last voltage sag":   {"grootte van de laatste spanningsdip", "Tiefe des letzten Spannungseinbruchs", "amplitude du dernier creux de tension", "senaste spänningsdippens storlek"},
	"duration of the last voltage swell":  {"duur van de laatste spanningspiek", "Dauer der letzten Überspannung", "durée de la dernière surtension", "senaste överspänningens längd"},
	"magnitude of the last voltage swell": {"grootte van de laatste spanningspiek", "Höhe der letzten Überspannung", "amplitude de la dernière surtension", "senaste överspänningens storlek"},

	"average power imported in this quarter of an hour":  {"gemiddeld afgenomen vermogen in dit kwartier", "mittlere bezogene Leistung in dieser Viertelstunde", "puissance moyenne prélevée pendant ce quart d’heure", "uttagen medeleffekt den här kvarten"},
	"average power exported in this quarter of an hour":  {"gemiddeld teruggeleverd vermogen in dit kwartier", "mittlere eingespeiste Leistung in dieser Viertelstunde", "puissance moyenne injectée pendant ce quart d’heure", "inmatad medeleffekt den här kvarten"},
	"highest demand of this month":                       {"hoogste kwartiervermogen van deze maand", "höchste Viertelstundenleistung dieses Monats", "plus haute puissance quart-horaire du mois", "månadens högsta kvartseffekt"},
	"highest export demand of this month":                {"hoogste kwartierteruglevering van deze maand", "höchste Viertelstundeneinspeisung dieses Monats", "plus haute injection quart-horaire du mois", "månadens högsta kvartsinmatning"},
	"history of demand":                                  {"geschiedenis van de maandpieken", "Verlauf der Monatsspitzen", "historique des pointes", "månadstopparnas historik"},
	"history of registers":                               {"geschiedenis van de meterstanden", "Verlauf der Zählerstände", "historique des index", "mätarställningarnas historik"},
	"load profile":                                       {"belastingsprofiel", "Lastgang", "courbe de charge", "belastningsprofil"},
	"average reactive demand, import":                    {"gemiddeld blindvermogen, afname", "mittlere Blindleistung, Bezug", "puissance réactive moyenne, prélèvement", "reaktiv medeleffekt, uttag"},
	"average reactive demand, export":                    {"gemiddeld blindvermogen, teruglevering", "mittlere Blindleistung, Einspeisung", "puissance réactive moyenne, injection", "reaktiv medeleffekt, inmatning"},
	"average apparent demand, import":                    {"gemiddeld schijnbaar vermogen, afname", "mittlere Scheinleistung, Bezug", "puissance apparente moyenne, prélèvement", "skenbar medeleffekt, uttag"},
	"average apparent demand, export":                    {"gemiddeld schijnbaar vermogen, teruglevering", "mittlere Scheinleistung, Einspeisung", "puissance apparente moyenne, injection", "skenbar medeleffekt, inmatning"},
	"average demand of the last period, import":          {"gemiddeld vermogen van de vorige periode, afname", "mittlere Leistung der letzten Periode, Bezug", "puissance moyenne de la dernière période, prélèvement", "medeleffekt i förra perioden, uttag"},
	"average demand of the last period, export":          {"gemiddeld vermogen van de vorige periode, teruglevering", "mittlere Leistung der letzten Periode, Einspeisung", "puissance moyenne de la dernière période, injection", "medeleffekt i förra perioden, inmatning"},
	"average reactive demand of the last period, import": {"gemiddeld blindvermogen van de vorige periode, afname", "mittlere Blindleistung der letzten Periode, Bezug", "puissance réactive moyenne de la dernière période, prélèvement", "reaktiv medeleffekt i förra perioden, uttag"},
	"average reactive demand of the last period, export": {"gemiddeld blindvermogen van de vorige periode, teruglevering", "mittlere Blindleistung der letzten Periode, Einspeisung", "puissance réactive moyenne de la dernière période, injection", "reaktiv medeleffekt i förra perioden, inmatning"},
	"average apparent demand of the last period, import": {"gemiddeld schijnbaar vermogen van de vorige periode, afname", "mittlere Scheinleistung der letzten Periode, Bezug", "puissance apparente moyenne de la dernière période, prélèvement", "skenbar medeleffekt i förra perioden, uttag"},
	"average apparent demand of the last period, export": {"gemiddeld schijnbaar vermogen van de vorige periode, teruglevering", "mittlere Scheinleistung der letzten Periode, Einspeisung", "puissance apparente moyenne de la dernière période, injection", "skenbar medeleffekt i förra perioden, inmatning"},
	"average power, import":                              {"gemiddeld vermogen, afname", "mittlere Leistung, Bezug", "puissance moyenne, prélèvement", "medeleffekt, uttag"},
	"average power, without sign":                        {"gemiddeld vermogen, zonder teken", "mittlere Leistung, ohne Vorzeichen", "puissance moyenne, sans signe", "medeleffekt, utan tecken"},
	"average power, import less export":                  {"gemiddeld vermogen, afname min teruglevering", "mittlere Leistung, Bezug abzüglich Einspeisung", "puissance moyenne, prélèvement moins injection", "medeleffekt, uttag minus inmatning"},

	"breaker":                   {"hoofdschakelaar", "Trennschalter", "disjoncteur", "huvudbrytare"},
	"relay of an M-Bus channel": {"relais van een M-Bus-kanaal", "Relais eines M-Bus-Kanals", "relais d’un canal M-Bus", "relä för en M-Bus-kanal"},
	"limit of the power":        {"vermogensgrens", "Leistungsgrenze", "limite de puissance", "effektgräns"},
	"limit of the current":      {"stroomgrens", "Stromgrenze", "limite de courant", "strömgräns"},
	"text message":              {"tekstbericht", "Textnachricht", "message texte", "textmeddelande"},
	"text message 2":            {"tekstbericht 2", "Textnachricht 2", "message texte 2", "textmeddelande 2"},
	"text message 3":            {"tekstbericht 3", "Textnachricht 3", "message texte 3", "textmeddelande 3"},
	"text message 4":            {"tekstbericht 4", "Textnachricht 4", "message texte 4", "textmeddelande 4"},
	"text message 5":            {"tekstbericht 5", "Textnachricht 5", "message texte 5", "textmeddelande 5"},
	"message code":              {"berichtcode", "Nachrichtencode", "code du message", "meddelandekod"},

	"type of the M-Bus device":                                     {"soort M-Bus-apparaat", "Art des M-Bus-Geräts", "type de l’appareil M-Bus", "M-Bus-enhetens typ"},
	"equipment identifier of the M-Bus device":                     {"nummer van het M-Bus-apparaat", "Nummer des M-Bus-Geräts", "numéro de l’appareil M-Bus", "M-Bus-enhetens nummer"},
	"EAN of the M-Bus device":                                      {"EAN van het M-Bus-apparaat", "EAN des M-Bus-Geräts", "EAN de l’appareil M-Bus", "M-Bus-enhetens EAN"},
	"reading of the M-Bus device (gas: temperature converted)":     {"stand van het M-Bus-apparaat (gas: temperatuurgecorrigeerd)", "Stand des M-Bus-Geräts (Gas: temperaturkorrigiert)", "index de l’appareil M-Bus (gaz : corrigé en température)", "M-Bus-enhetens ställning (gas: temperaturkorrigerad)"},
	"reading of the M-Bus device (gas: not temperature converted)": {"stand van het M-Bus-apparaat (gas: niet temperatuurgecorrigeerd)", "Stand des M-Bus-Geräts (Gas: nicht temperaturkorrigiert)", "index de l’appareil M-Bus (gaz : non corrigé en température)", "M-Bus-enhetens ställning (gas: inte temperaturkorrigerad)"},
	"reading of the M-Bus device":                                  {"stand van het M-Bus-apparaat", "Stand des M-Bus-Geräts", "index de l’appareil M-Bus", "M-Bus-enhetens ställning"},
	"reading of the M-Bus device, cold":                            {"stand van het M-Bus-apparaat, koude", "Stand des M-Bus-Geräts, Kälte", "index de l’appareil M-Bus, froid", "M-Bus-enhetens ställning, kyla"},
	"valve of the M-Bus device":                                    {"klep van het M-Bus-apparaat", "Ventil des M-Bus-Geräts", "vanne de l’appareil M-Bus", "M-Bus-enhetens ventil"},
	"gas, one of the last hours":                                   {"gas, een van de laatste uren", "Gas, eine der letzten Stunden", "gaz, une des dernières heures", "gas, en av de senaste timmarna"},
	"equipment identifier of the gas meter":                        {"nummer van de gasmeter", "Nummer des Gaszählers", "numéro du compteur de gaz", "gasmätarens nummer"},
	"valve of the gas meter":                                       {"klep van de gasmeter", "Ventil des Gaszählers", "vanne du compteur de gaz", "gasmätarens ventil"},

	"none":                {"geen", "keine", "aucun", "ingen"},
	"unknown":             {"onbekend", "unbekannt", "inconnu", "okänd"},
	"oil":                 {"olie", "Öl", "fioul", "olja"},
	"electricity":         {"elektriciteit", "Strom", "électricité", "el"},
	"gas":                 {"gas", "Gas", "gaz", "gas"},
	"heat":                {"warmte", "Wärme", "chaleur", "värme"},
	"steam":               {"stoom", "Dampf", "vapeur", "ånga"},
	"warm water":          {"warm water", "Warmwasser", "eau chaude", "varmvatten"},
	"water":               {"water", "Wasser", "eau", "vatten"},
	"heat cost allocator": {"warmtekostenverdeler", "Heizkostenverteiler", "répartiteur de chaleur", "värmefördelningsmätare"},
	"cooling":             {"koude", "Kälte", "froid", "kyla"},
	"cooling (flow)":      {"koude (aanvoer)", "Kälte (Vorlauf)", "froid (départ)", "kyla (framledning)"},
	"heat (flow)":         {"warmte (aanvoer)", "Wärme (Vorlauf)", "chaleur (départ)", "värme (framledning)"},
	"heat and cooling":    {"warmte en koude", "Wärme und Kälte", "chaleur et froid", "värme och kyla"},
	"hot water":           {"heet water", "Heißwasser", "eau très chaude", "hetvatten"},
	"cold water":          {"koud water", "Kaltwasser", "eau froide", "kallvatten"},
	"valve":               {"klep", "Ventil", "vanne", "ventil"},
	"waste water":         {"afvalwater", "Abwasser", "eaux usées", "avloppsvatten"},

	"summer time":           {"zomertijd", "Sommerzeit", "heure d’été", "sommartid"},
	"standard time":         {"wintertijd", "Winterzeit", "heure d’hiver", "normaltid"},
	"no limit":              {"geen grens", "keine Grenze", "sans limite", "ingen gräns"},
	"disconnected":          {"uitgeschakeld", "getrennt", "coupé", "frånkopplad"},
	"connected":             {"ingeschakeld", "verbunden", "enclenché", "inkopplad"},
	"ready to be connected": {"gereed om in te schakelen", "bereit zum Einschalten", "prêt à être enclenché", "redo att kopplas in"},
	"closed":                {"dicht", "geschlossen", "fermé", "stängd"},
	"open":                  {"open", "offen", "ouvert", "öppen"},
	"ready to be opened":    {"gereed om te openen", "bereit zum Öffnen", "prêt à être ouvert", "redo att öppnas"},
}

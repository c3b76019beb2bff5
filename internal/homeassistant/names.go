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

// longestShown is how many characters of a name are always shown: the energy
// dashboard's legend and the device page of a phone cut names off.
const longestShown = 24

// stateName returns the name of a state: shutting_down is Shutting down.
func stateName(l meter.Language, state string) string {
	return Name(l, strings.ToUpper(state[:1])+strings.ReplaceAll(state[1:], "_", " "))
}

// names is the table of names in the languages other than English, by the
// English one; # is the digit at its end. What tells two names of a device
// apart stands within their first longestShown characters. The words are those
// of the country's grid operators, where they have some that people know from
// their bill.
var names = map[string]struct{ nl, de, fr, sv string }{
	"Electricity meter":      {"Elektriciteitsmeter", "Stromzähler", "Compteur d'électricité", "Elmätare"},
	"All electricity meters": {"Alle elektriciteitsmeters", "Alle Stromzähler", "Tous les compteurs d'électricité", "Alla elmätare"},
	"Gas meter":              {"Gasmeter", "Gaszähler", "Compteur de gaz", "Gasmätare"},
	"Water meter":            {"Watermeter", "Wasserzähler", "Compteur d'eau", "Vattenmätare"},
	"Hot water meter":        {"Warmwatermeter", "Warmwasserzähler", "Compteur d'eau chaude", "Varmvattenmätare"},
	"Heat meter":             {"Warmtemeter", "Wärmezähler", "Compteur de chaleur", "Värmemätare"},
	"Cooling meter":          {"Koudemeter", "Kältezähler", "Compteur de froid", "Kylmätare"},
	"Electricity submeter":   {"Tussenmeter elektriciteit", "Zwischenzähler Strom", "Sous-compteur d'électricité", "Undermätare för el"},
	"Solar inverter":         {"Zonne-omvormer", "Solar-Wechselrichter", "Onduleur solaire", "Solcellsväxelriktare"},
	"P1 port reader":         {"P1-poortlezer", "P1-Lesegerät", "Lecteur de port P1", "P1-portläsare"},

	"Power import":    {"Afgenomen vermogen", "Bezugsleistung", "Puissance prélevée", "Uttagen effekt"},
	"Power export":    {"Teruggeleverd vermogen", "Einspeiseleistung", "Puissance injectée", "Inmatad effekt"},
	"Power L#":        {"Vermogen L#", "Leistung L#", "Puissance L#", "Effekt L#"},
	"Power import L#": {"Afname L#", "Bezugsleistung L#", "Puissance prélevée L#", "Uttagen effekt L#"},
	"Power export L#": {"Teruglevering L#", "Einspeiseleistung L#", "Puissance injectée L#", "Inmatad effekt L#"},
	"House use":       {"Huisverbruik", "Hausverbrauch", "Consommation de la maison", "Husets förbrukning"},
	"House energy":    {"Huisverbruik totaal", "Hausverbrauch gesamt", "Énergie de la maison", "Husets energi"},
	"Energy import":   {"Afname totaal", "Bezug gesamt", "Prélèvement total", "Uttag totalt"},
	"Energy export":   {"Teruglevering totaal", "Einspeisung gesamt", "Injection totale", "Inmatning totalt"},
	"Import tariff #": {"Afname tarief #", "Bezug Tarif #", "Prélèvement tarif #", "Uttag tariff #"},
	"Export tariff #": {"Teruglevering tarief #", "Einspeisung Tarif #", "Injection tarif #", "Inmatning tariff #"},
	"Energy combined": {"Afname plus teruglevering", "Bezug plus Einspeisung", "Prélèvement plus injection", "Uttag plus inmatning"},
	"Active tariff":   {"Actief tarief", "Aktueller Tarif", "Tarif actif", "Aktuell tariff"},

	"Average demand":         {"Kwartiervermogen", "Viertelstundenleistung", "Puissance quart-horaire", "Kvartseffekt"},
	"Average demand export":  {"Kwartierteruglevering", "Viertelstundeneinspeisung", "Injection quart-horaire", "Kvartsinmatning"},
	"Demand forecast":        {"Verwacht kwartiervermogen", "Erwartete Viertelstundenleistung", "Prévision du quart d'heure", "Förväntad kvartseffekt"},
	"Demand headroom":        {"Ruimte tot maandpiek", "Reserve bis zur Monatsspitze", "Marge avant la pointe", "Marginal till månadstoppen"},
	"Peak demand this month": {"Maandpiek", "Monatsspitze", "Pointe du mois", "Månadens topp"},
	"Peak demand time":       {"Tijdstip maandpiek", "Zeitpunkt der Monatsspitze", "Heure de la pointe", "Tidpunkt för månadstoppen"},
	"Peak demand last month": {"Vorige maandpiek", "Vorige Monatsspitze", "Pointe du mois précédent", "Förra månadens topp"},
	"Average monthly peak":   {"Gemiddelde maandpiek", "Mittlere Monatsspitze", "Pointe mensuelle moyenne", "Genomsnittlig månadstopp"},

	"Voltage":                 {"Spanning", "Spannung", "Tension", "Spänning"},
	"Voltage L#":              {"Spanning L#", "Spannung L#", "Tension L#", "Spänning L#"},
	"Voltage sags L#":         {"Spanningsdips L#", "Spannungseinbrüche L#", "Creux de tension L#", "Spänningsdippar L#"},
	"Voltage swells L#":       {"Spanningspieken L#", "Überspannungen L#", "Surtensions L#", "Överspänningar L#"},
	"Current":                 {"Stroom", "Strom", "Courant", "Ström"},
	"Current L#":              {"Stroom L#", "Strom L#", "Courant L#", "Ström L#"},
	"Neutral current":         {"Nulleiderstroom", "Neutralleiterstrom", "Courant du neutre", "Neutralledarens ström"},
	"Power factor":            {"Arbeidsfactor", "Leistungsfaktor", "Facteur de puissance", "Effektfaktor"},
	"Power factor L#":         {"Arbeidsfactor L#", "Leistungsfaktor L#", "Facteur de puissance L#", "Effektfaktor L#"},
	"Power limit":             {"Vermogensgrens", "Leistungsgrenze", "Limite de puissance", "Effektgräns"},
	"Current limit L#":        {"Stroomgrens L#", "Stromgrenze L#", "Limite de courant L#", "Strömgräns L#"},
	"Breaker":                 {"Hoofdschakelaar", "Trennschalter", "Disjoncteur", "Huvudbrytare"},
	"Relay #":                 {"Relais #", "Relais #", "Relais #", "Relä #"},
	"Short power failures":    {"Korte stroomstoringen", "Kurze Stromausfälle", "Coupures brèves", "Korta strömavbrott"},
	"Long power failures":     {"Lange stroomstoringen", "Lange Stromausfälle", "Coupures longues", "Långa strömavbrott"},
	"Last long power failure": {"Laatste lange storing", "Letzter langer Ausfall", "Dernière coupure longue", "Senaste långa avbrott"},

	"Reactive energy import":   {"Afgenomen blindenergie", "Bezogene Blindenergie", "Énergie réactive prélevée", "Uttagen reaktiv energi"},
	"Reactive energy export":   {"Teruggeleverde blindenergie", "Eingespeiste Blindenergie", "Énergie réactive injectée", "Inmatad reaktiv energi"},
	"Reactive import tariff #": {"Tarief # blindenergie afname", "Tarif # Blindenergie Bezug", "Tarif # réactive prélevée", "Tariff # reaktivt uttag"},
	"Reactive export tariff #": {"Tarief # blindenergie teruglevering", "Tarif # Blindenergie Einspeisung", "Tarif # réactive injectée", "Tariff # reaktiv inmatning"},
	"Reactive energy Q#":       {"Blindenergie Q#", "Blindenergie Q#", "Énergie réactive Q#", "Reaktiv energi Q#"},
	"Reactive power import":    {"Afgenomen blindvermogen", "Bezogene Blindleistung", "Puissance réactive prélevée", "Uttagen reaktiv effekt"},
	"Reactive power export":    {"Teruggeleverd blindvermogen", "Eingespeiste Blindleistung", "Puissance réactive injectée", "Inmatad reaktiv effekt"},
	"Reactive power import L#": {"L# blindvermogen afname", "L# Blindleistung Bezug", "L# puissance réactive prélevée", "L# reaktiv effekt uttag"},
	"Reactive power export L#": {"L# blindvermogen teruglevering", "L# Blindleistung Einspeisung", "L# puissance réactive injectée", "L# reaktiv effekt inmatning"},
	"Reactive power Q#":        {"Blindvermogen Q#", "Blindleistung Q#", "Puissance réactive Q#", "Reaktiv effekt Q#"},
	"Apparent power import":    {"Afgenomen schijnbaar vermogen", "Bezogene Scheinleistung", "Puissance apparente prélevée", "Uttagen skenbar effekt"},
	"Apparent power export":    {"Teruggeleverd schijnbaar vermogen", "Eingespeiste Scheinleistung", "Puissance apparente injectée", "Inmatad skenbar effekt"},
	"Apparent power import L#": {"L# schijnbaar vermogen afname", "L# Scheinleistung Bezug", "L# puissance apparente prélevée", "L# skenbar effekt uttag"},
	"Apparent power export L#": {"L# schijnbaar vermogen teruglevering", "L# Scheinleistung Einspeisung", "L# puissance apparente injectée", "L# skenbar effekt inmatning"},

	"Total":            {"Totaal", "Gesamt", "Total", "Totalt"},
	"Heat":             {"Warmte", "Wärme", "Chaleur", "Värme"},
	"Cooling":          {"Koude", "Kälte", "Froid", "Kyla"},
	"Gas flow":         {"Gasdebiet", "Gasdurchfluss", "Débit de gaz", "Gasflöde"},
	"Last reading":     {"Laatste meterstand", "Letzter Zählerstand", "Dernier relevé", "Senaste avläsning"},
	"Valve":            {"Klep", "Ventil", "Vanne", "Ventil"},
	"Text message":     {"Bericht", "Nachricht", "Message", "Meddelande"},
	"Meter time":       {"Metertijd", "Zählerzeit", "Heure du compteur", "Mätarens tid"},
	"Protocol version": {"Protocolversie", "Protokollversion", "Version du protocole", "Protokollversion"},

	"Status":     {"Status", "Zustand", "État", "Status"},
	"DC power":   {"DC-vermogen", "DC-Leistung", "Puissance DC", "DC-effekt"},
	"DC voltage": {"DC-spanning", "DC-Spannung", "Tension DC", "DC-spänning"},
	"DC current": {"DC-stroom", "DC-Strom", "Courant DC", "DC-ström"},

	"Connection":                        {"Verbinding", "Verbindung", "Connexion", "Anslutning"},
	"Problem":                           {"Probleem", "Problem", "Problème", "Problem"},
	"Diagnosis":                         {"Diagnose", "Diagnose", "Diagnostic", "Diagnos"},
	"Telegram errors":                   {"Telegramfouten", "Telegrammfehler", "Erreurs de télégramme", "Telegramfel"},
	"Readings held back":                {"Tegengehouden standen", "Zurückgehaltene Zählerstände", "Relevés retenus", "Kvarhållna mätarställningar"},
	"Telegram interval":                 {"Telegraminterval", "Telegrammabstand", "Intervalle des télégrammes", "Telegramintervall"},
	"Last telegram":                     {"Laatste telegram", "Letztes Telegramm", "Dernier télégramme", "Senaste telegram"},
	"Started":                           {"Gestart", "Gestartet", "Démarré", "Startad"},
	"Power offset":                      {"Vermogenscorrectie", "Leistungskorrektur", "Correction de puissance", "Effektkorrigering"},
	"Reset power offset":                {"Vermogenscorrectie op nul", "Leistungskorrektur auf null", "Remettre la correction à zéro", "Nollställ effektkorrigering"},
	"Add devices again":                 {"Apparaten opnieuw toevoegen", "Geräte erneut hinzufügen", "Ajouter à nouveau les appareils", "Lägg till enheterna igen"},
	"Remove smartmeter2mqtt's entities": {"Entiteiten van smartmeter2mqtt verwijderen", "Entitäten von smartmeter2mqtt entfernen", "Supprimer les entités de smartmeter2mqtt", "Ta bort smartmeter2mqtts entiteter"},

	"Low":           {"Laag", "Niedrig", "Heures creuses", "Låg"},
	"Normal":        {"Normaal", "Normal", "Heures pleines", "Normal"},
	"Disconnected":  {"Uitgeschakeld", "Getrennt", "Coupé", "Frånkopplad"},
	"Connected":     {"Ingeschakeld", "Verbunden", "Enclenché", "Inkopplad"},
	"Ready":         {"Gereed", "Bereit", "Prêt", "Redo"},
	"Closed":        {"Dicht", "Geschlossen", "Fermé", "Stängd"},
	"Open":          {"Open", "Offen", "Ouvert", "Öppen"},
	"Off":           {"Uit", "Aus", "Éteint", "Av"},
	"Sleeping":      {"In slaapstand", "Im Ruhezustand", "En sommeil", "Vilar"},
	"Starting":      {"Start op", "Fährt hoch", "Démarre", "Startar"},
	"Producing":     {"Levert", "Speist ein", "Produit", "Producerar"},
	"Throttled":     {"Begrensd", "Gedrosselt", "Bridé", "Begränsad"},
	"Shutting down": {"Schakelt uit", "Fährt herunter", "S’arrête", "Stänger av"},
	"Fault":         {"Storing", "Störung", "En défaut", "Fel"},
	"Standby":       {"Stand-by", "Standby", "En attente", "Vänteläge"},
}

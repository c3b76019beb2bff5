package diagnosis

// serialCauses are that all is well, and why a serial device gives nothing.
var serialCauses = table{
	Waiting: {
		name: "waiting",
		text: texts{
			"waiting for a telegram",
			"Er wordt op een telegram gewacht",
			"Es wird auf ein Telegramm gewartet",
			"En attente d’un télégramme",
			"Väntar på ett telegram",
		},
	},
	Good: {
		name: "good",
		text: texts{
			"readings arrive",
			"Er komen metingen binnen",
			"Messungen kommen an",
			"Les mesures arrivent",
			"Avläsningar kommer",
		},
	},
	Degraded: {
		name: "degraded",
		text: texts{
			"readings arrive, but many telegrams are damaged and dropped",
			"Er komen metingen binnen, maar veel telegrammen zijn beschadigd en vervallen",
			"Messungen kommen an, aber viele Telegramme sind beschädigt und fallen weg",
			"Les mesures arrivent, mais beaucoup de télégrammes sont abîmés et écartés",
			"Avläsningar kommer, men många telegram är skadade och kastas",
		},
		next: texts{
			"Try a shorter cable or another USB port, and make sure that nothing else reads the same port; a busy machine loses bytes too. A network reader with weak Wi-Fi does better by cable",
			"Probeer een kortere kabel of een andere USB-poort, en laat niets anders dezelfde poort lezen. Een netwerklezer met zwakke wifi werkt beter met een kabel",
			"Versuche ein kürzeres Kabel oder einen anderen USB-Anschluss, und lass nichts anderes denselben Anschluss lesen. Ein Netzwerkleser mit schwachem WLAN läuft über Kabel besser",
			"Essayez un câble plus court ou un autre port USB, et ne laissez rien d’autre lire le même port. Un lecteur réseau au Wi-Fi faible marche mieux par câble",
			"Prova en kortare kabel eller en annan USB-port, och låt inget annat läsa samma port. En nätverksläsare med svagt wifi går bättre med kabel",
		},
	},
	Unset: {
		name: "no_source",
		text: texts{
			"no source is set",
			"Er is geen bron ingesteld",
			"Es ist keine Quelle eingestellt",
			"Aucune source n’est définie",
			"Ingen källa är vald",
		},
		next: texts{
			"Choose the cable (option serial.device) or the network reader (option network.address), then start again",
			"Kies de kabel (optie serial.device) of de netwerklezer (optie network.address) en start opnieuw",
			"Wähle das Kabel (Option serial.device) oder den Netzwerkleser (Option network.address) und starte neu",
			"Choisissez le câble (option serial.device) ou le lecteur réseau (option network.address), puis redémarrez",
			"Välj kabeln (alternativet serial.device) eller nätverksläsaren (network.address) och starta om",
		},
	},
	Missing: {
		name:     "device_missing",
		hopeless: true,
		text: texts{
			"the serial device was not found",
			"Het seriële apparaat is niet gevonden",
			"Das serielle Gerät wurde nicht gefunden",
			"L’appareil série est introuvable",
			"Den seriella enheten hittades inte",
		},
		next: texts{
			"Is the cable plugged in?",
			"Zit de kabel erin?",
			"Steckt das Kabel?",
			"Le câble est-il branché ?",
			"Sitter kabeln i?",
		},
	},
	Gone: {
		name: "device_gone",
		text: texts{
			"the serial device disappeared while it was being read",
			"Het seriële apparaat verdween tijdens het lezen",
			"Das serielle Gerät ist beim Lesen verschwunden",
			"L’appareil série a disparu pendant la lecture",
			"Den seriella enheten försvann under läsningen",
		},
		next: texts{
			"Was the cable pulled out? It is opened again as soon as it is back",
			"Is de kabel losgetrokken? Hij wordt weer geopend zodra hij terug is",
			"Wurde das Kabel gezogen? Es wird wieder geöffnet, sobald es zurück ist",
			"Le câble a-t-il été retiré ? Il sera rouvert dès son retour",
			"Drogs kabeln ut? Den öppnas igen så snart den är tillbaka",
		},
	},
	Permission: {
		name:     "no_permission",
		hopeless: true,
		text: texts{
			"permission to open the serial device was denied",
			"Het seriële apparaat mag niet worden geopend",
			"Das serielle Gerät darf nicht geöffnet werden",
			"L’appareil série ne peut pas être ouvert",
			"Den seriella enheten får inte öppnas",
		},
		next: texts{
			"Put this program's user in the device's group (usually dialout), or pass the device to its container",
			"Zet de gebruiker van dit programma in de groep van het apparaat (meestal dialout), of geef het apparaat aan zijn container",
			"Nimm den Benutzer dieses Programms in die Gruppe des Geräts auf (meist dialout), oder gib das Gerät an seinen Container",
			"Mettez l’utilisateur de ce programme dans le groupe de l’appareil (souvent dialout), ou donnez l’appareil à son conteneur",
			"Lägg programmets användare i enhetens grupp (oftast dialout), eller ge enheten till dess container",
		},
	},
	Busy: {
		name:     "device_busy",
		hopeless: true,
		text: texts{
			"the serial device is in use by another program",
			"Een ander programma gebruikt het seriële apparaat",
			"Ein anderes Programm benutzt das serielle Gerät",
			"Un autre programme utilise l’appareil série",
			"Ett annat program använder den seriella enheten",
		},
		next: texts{
			"Stop the other program, or let it read from this program's raw socket",
			"Stop het andere programma, of laat het de ruwe socket van deze app lezen",
			"Beende das andere Programm, oder lass es den Raw-Socket dieser App lesen",
			"Arrêtez l’autre programme, ou laissez-le lire le socket brut de cette application",
			"Stoppa det andra programmet, eller låt det läsa appens råa socket",
		},
	},
	NotSerial: {
		name:     "not_serial",
		hopeless: true,
		text: texts{
			"the device is not a serial port",
			"Het apparaat is geen seriële poort",
			"Das Gerät ist kein serieller Anschluss",
			"L’appareil n’est pas un port série",
			"Enheten är ingen seriell port",
		},
		next: texts{
			"Choose another device",
			"Kies een ander apparaat",
			"Wähle ein anderes Gerät",
			"Choisissez un autre appareil",
			"Välj en annan enhet",
		},
	},
	Silence: {
		name: "silence",
		text: texts{
			"nothing arrives over the cable",
			"Er komt niets binnen via de kabel",
			"Über das Kabel kommt nichts an",
			"Rien n’arrive par le câble",
			"Ingenting kommer genom kabeln",
		},
		next: texts{
			"Is the meter's P1 port enabled (some grid operators do so on request only)? Is the cable made for P1 and plugged in at both ends (a meter sends only while the cable holds its request line, pin 2, high)?",
			"Staat de P1-poort van de meter aan (soms alleen op verzoek bij de netbeheerder)? Probeer anders een andere kabel",
			"Ist die P1-Schnittstelle des Zählers frei (oft nur auf Antrag beim Netzbetreiber)? Versuche sonst ein anderes Kabel",
			"Le port P1 du compteur est-il ouvert (parfois seulement sur demande au gestionnaire de réseau) ? Sinon, essayez un autre câble",
			"Är mätarens P1-port öppen (ibland bara på begäran hos nätägaren)? Prova annars en annan kabel",
		},
	},
}

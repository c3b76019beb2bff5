package diagnosis

// networkCauses are why a network reader gives nothing.
var networkCauses = table{
	Name: {
		name:     "name_unknown",
		hopeless: true,
		text: texts{
			"the network reader's name was not found",
			"De naam van de netwerklezer is niet gevonden",
			"Der Name des Netzwerk-Lesegeräts wurde nicht gefunden",
			"Le nom du lecteur réseau est introuvable",
			"Nätverksläsarens namn hittades inte",
		},
		next: texts{
			"Check the spelling, or use the IP address",
			"Controleer de spelling, of gebruik het IP-adres",
			"Prüfe die Schreibweise, oder verwende die IP-Adresse",
			"Vérifiez l’orthographe, ou utilisez l’adresse IP",
			"Kontrollera stavningen, eller använd IP-adressen",
		},
	},
	NameServer: {
		name:     "no_name_server",
		hopeless: true,
		text: texts{
			"the network reader's name cannot be looked up, because the name server does not answer",
			"De naam van de netwerklezer kan niet worden opgezocht, want de naamserver antwoordt niet",
			"Der Name des Netzwerk-Lesegeräts lässt sich nicht auflösen, weil der Namensserver nicht antwortet",
			"Le nom du lecteur réseau ne peut pas être résolu, car le serveur de noms ne répond pas",
			"Nätverksläsarens namn kan inte slås upp, eftersom namnservern inte svarar",
		},
		next: texts{
			"Use the IP address",
			"Gebruik het IP-adres",
			"Verwende die IP-Adresse",
			"Utilisez l’adresse IP",
			"Använd IP-adressen",
		},
	},
	Address: {
		name:     "bad_address",
		hopeless: true,
		text: texts{
			"the network reader's address is not valid",
			"Het adres van de netwerklezer is ongeldig",
			"Die Adresse des Netzwerk-Lesegeräts ist ungültig",
			"L’adresse du lecteur réseau n’est pas valide",
			"Nätverksläsarens adress är ogiltig",
		},
		next: texts{
			"Write it as host:port, with an IPv6 address in brackets",
			"Schrijf het als host:poort, met een IPv6-adres tussen vierkante haken",
			"Schreibe sie als Host:Port, eine IPv6-Adresse in eckigen Klammern",
			"Écrivez-la sous la forme hôte:port, une adresse IPv6 entre crochets",
			"Skriv den som värd:port, med en IPv6-adress inom hakparenteser",
		},
	},
	Refused: {
		name:     "refused",
		hopeless: true,
		text: texts{
			"the network reader refuses the connection",
			"De netwerklezer weigert de verbinding",
			"Das Netzwerk-Lesegerät lehnt die Verbindung ab",
			"Le lecteur réseau refuse la connexion",
			"Nätverksläsaren avvisar anslutningen",
		},
		next: texts{
			"Something is at that address, but nothing listens on that port: check the port, and whether the reader is set to serve its data there",
			"Op dat adres is iets, maar niets luistert op die poort: controleer de poort, en of de lezer is ingesteld om daar zijn gegevens aan te bieden",
			"Unter der Adresse ist etwas, aber auf diesem Port antwortet nichts: prüfe den Port, und ob das Lesegerät seine Daten dort bereitstellt",
			"Quelque chose se trouve à cette adresse, mais rien n’écoute sur ce port : vérifiez le port, et si le lecteur est réglé pour y fournir ses données",
			"Något finns på adressen, men inget lyssnar på porten: kontrollera porten, och att läsaren är inställd på att lämna ut sina data där",
		},
	},
	Unreachable: {
		name:     "unreachable",
		hopeless: true,
		text: texts{
			"the network reader cannot be reached",
			"De netwerklezer is niet bereikbaar",
			"Das Netzwerk-Lesegerät ist nicht erreichbar",
			"Le lecteur réseau est injoignable",
			"Nätverksläsaren kan inte nås",
		},
		next: texts{
			"There is no route to that address: check it, and whether the reader is on the network",
			"Er is geen route naar dat adres: controleer het, en of de lezer in het netwerk zit",
			"Zu dieser Adresse führt keine Route: prüfe sie, und ob das Lesegerät im Netz ist",
			"Il n’y a pas de route vers cette adresse : vérifiez-la, et si le lecteur est sur le réseau",
			"Det finns ingen väg till adressen: kontrollera den, och att läsaren är ansluten till nätverket",
		},
	},
	NoAnswer: {
		name:     "no_answer",
		hopeless: true,
		text: texts{
			"the network reader does not answer",
			"De netwerklezer antwoordt niet",
			"Das Netzwerk-Lesegerät antwortet nicht",
			"Le lecteur réseau ne répond pas",
			"Nätverksläsaren svarar inte",
		},
		next: texts{
			"Check the address, and whether the reader is switched on",
			"Controleer het adres, en of de lezer aanstaat",
			"Prüfe die Adresse, und ob das Lesegerät eingeschaltet ist",
			"Vérifiez l’adresse, et si le lecteur est allumé",
			"Kontrollera adressen, och att läsaren är påslagen",
		},
	},
	HungUp: {
		name: "hung_up",
		text: texts{
			"the network reader closes the connection",
			"De netwerklezer verbreekt de verbinding",
			"Das Netzwerk-Lesegerät trennt die Verbindung",
			"Le lecteur réseau ferme la connexion",
			"Nätverksläsaren stänger anslutningen",
		},
		next: texts{
			"Many readers serve only one program at a time: make sure that no other program reads it",
			"Veel lezers bedienen maar één programma tegelijk: zorg dat geen ander programma hem leest",
			"Viele Lesegeräte bedienen nur ein Programm zur selben Zeit: sorge dafür, dass kein anderes es ausliest",
			"Beaucoup de lecteurs ne servent qu’un programme à la fois : veillez à ce qu’aucun autre ne le lise",
			"Många läsare betjänar bara ett program i taget: se till att inget annat program läser den",
		},
	},
	Mute: {
		name: "reader_silent",
		text: texts{
			"the network reader sends nothing",
			"De netwerklezer stuurt niets",
			"Das Netzwerk-Lesegerät sendet nichts",
			"Le lecteur réseau n’envoie rien",
			"Nätverksläsaren sänder ingenting",
		},
		next: texts{
			"The reader can be reached but sends nothing: check its cable to the meter, and whether the meter's P1 port is enabled",
			"De lezer is bereikbaar maar stuurt niets: controleer zijn kabel naar de meter, en of de P1-poort van de meter is ingeschakeld",
			"Das Lesegerät ist erreichbar, sendet aber nichts: prüfe sein Kabel zum Zähler, und ob dessen P1-Schnittstelle freigeschaltet ist",
			"Le lecteur est joignable mais n’envoie rien : vérifiez son câble vers le compteur, et si le port P1 du compteur est activé",
			"Läsaren går att nå men sänder ingenting: kontrollera dess kabel till mätaren, och att mätarens P1-port är öppnad",
		},
	},
	Fails: {
		name: "line_fails",
		text: texts{
			"the line to the meter does not work",
			"De lijn naar de meter werkt niet",
			"Die Leitung zum Zähler funktioniert nicht",
			"La ligne vers le compteur ne fonctionne pas",
			"Linjen till mätaren fungerar inte",
		},
		next: texts{
			"The log shows the cause. If the problem persists, please report it",
			"De oorzaak staat in het logboek. Blijft het probleem bestaan, meld het dan",
			"Die Ursache steht im Protokoll. Wenn das Problem bleibt, melde es bitte",
			"La cause est dans le journal. Si le problème persiste, signalez-le",
			"Orsaken står i loggen. Rapportera problemet om det kvarstår",
		},
	},
}

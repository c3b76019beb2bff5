package diagnosis

// networkCauses are why a network reader gives nothing.
var networkCauses = table{
	Name: {
		name:     "name_unknown",
		hopeless: true,
		text: texts{
			"the network reader's name is not known",
			"De naam van de netwerklezer is onbekend",
			"Der Name des Netzwerklesers ist nicht bekannt",
			"Le nom du lecteur réseau est inconnu",
			"Nätverksläsarens namn är okänt",
		},
		next: texts{
			"The name was not found; use the IP address, or check the spelling",
			"De naam is niet gevonden: gebruik het IP-adres, of controleer de spelling",
			"Der Name wurde nicht gefunden: verwende die IP-Adresse, oder prüfe die Schreibweise",
			"Le nom est introuvable : utilisez l’adresse IP, ou vérifiez l’orthographe",
			"Namnet hittades inte: använd IP-adressen, eller kontrollera stavningen",
		},
	},
	NameServer: {
		name:     "no_name_server",
		hopeless: true,
		text: texts{
			"the network reader's name cannot be looked up",
			"De naam van de netwerklezer kan niet worden opgezocht",
			"Der Name des Netzwerklesers lässt sich nicht nachschlagen",
			"Le nom du lecteur réseau ne peut pas être résolu",
			"Nätverksläsarens namn kan inte slås upp",
		},
		next: texts{
			"The name server does not answer; use the IP address",
			"De naamserver antwoordt niet: gebruik het IP-adres",
			"Der Namensserver antwortet nicht: verwende die IP-Adresse",
			"Le serveur de noms ne répond pas : utilisez l’adresse IP",
			"Namnservern svarar inte: använd IP-adressen",
		},
	},
	Address: {
		name:     "bad_address",
		hopeless: true,
		text: texts{
			"the network reader's address is not valid",
			"Het adres van de netwerklezer is ongeldig",
			"Die Adresse des Netzwerklesers ist ungültig",
			"L’adresse du lecteur réseau n’est pas valide",
			"Nätverksläsarens adress är ogiltig",
		},
		next: texts{
			"Write it as host:port, with an IPv6 address in brackets",
			"Schrijf het als host:poort, een IPv6-adres tussen haken",
			"Schreibe sie als Host:Port, eine IPv6-Adresse in Klammern",
			"Écrivez hôte:port, une adresse IPv6 entre crochets",
			"Skriv värd:port, en IPv6-adress inom hakparenteser",
		},
	},
	Refused: {
		name:     "refused",
		hopeless: true,
		text: texts{
			"the network reader refuses the connection",
			"De netwerklezer weigert de verbinding",
			"Der Netzwerkleser weist die Verbindung ab",
			"Le lecteur réseau refuse la connexion",
			"Nätverksläsaren avvisar anslutningen",
		},
		next: texts{
			"Something is at that address, but nothing listens on that port: check the port, and whether the reader is set to serve its data there",
			"Op dat adres is iets, maar niets luistert op die poort: controleer de poort en de instelling van de lezer",
			"Unter der Adresse ist etwas, aber an diesem Port hört nichts: prüfe den Port und die Einstellung des Lesers",
			"Quelque chose est à cette adresse, mais rien n’écoute sur ce port : vérifiez le port et le réglage du lecteur",
			"Något finns på adressen, men inget lyssnar på porten: kontrollera porten och läsarens inställning",
		},
	},
	Unreachable: {
		name:     "unreachable",
		hopeless: true,
		text: texts{
			"the network reader cannot be reached",
			"De netwerklezer is niet bereikbaar",
			"Der Netzwerkleser ist nicht erreichbar",
			"Le lecteur réseau est injoignable",
			"Nätverksläsaren kan inte nås",
		},
		next: texts{
			"There is no route to that address: check it, and whether the reader is on the network",
			"Controleer het adres, en of de lezer in het netwerk zit",
			"Prüfe die Adresse, und ob der Leser im Netzwerk ist",
			"Vérifiez l’adresse, et si le lecteur est sur le réseau",
			"Kontrollera adressen, och att läsaren är i nätverket",
		},
	},
	NoAnswer: {
		name:     "no_answer",
		hopeless: true,
		text: texts{
			"the network reader does not answer",
			"De netwerklezer antwoordt niet",
			"Der Netzwerkleser antwortet nicht",
			"Le lecteur réseau ne répond pas",
			"Nätverksläsaren svarar inte",
		},
		next: texts{
			"Check the address, and whether the reader is switched on",
			"Controleer het adres, en of de lezer aanstaat",
			"Prüfe die Adresse, und ob der Leser eingeschaltet ist",
			"Vérifiez l’adresse, et si le lecteur est allumé",
			"Kontrollera adressen, och att läsaren är påslagen",
		},
	},
	HungUp: {
		name: "hung_up",
		text: texts{
			"the network reader closes the connection",
			"De netwerklezer verbreekt de verbinding",
			"Der Netzwerkleser trennt die Verbindung",
			"Le lecteur réseau ferme la connexion",
			"Nätverksläsaren stänger anslutningen",
		},
		next: texts{
			"Many readers serve one program at a time: make sure that no other program reads it",
			"Veel lezers bedienen één programma tegelijk: zorg dat geen ander programma hem leest",
			"Viele Leser bedienen nur ein Programm: sorge dafür, dass kein anderes ihn liest",
			"Beaucoup ne servent qu’un programme à la fois : veillez à ce qu’aucun autre ne le lise",
			"Många betjänar ett program i taget: se till att inget annat läser den",
		},
	},
	Mute: {
		name: "reader_silent",
		text: texts{
			"the network reader sends nothing",
			"De netwerklezer stuurt niets",
			"Der Netzwerkleser sendet nichts",
			"Le lecteur réseau n’envoie rien",
			"Nätverksläsaren sänder ingenting",
		},
		next: texts{
			"The reader is there but sends nothing: check its cable to the meter, and whether the meter's P1 port is enabled",
			"Controleer zijn kabel naar de meter, en of de P1-poort aanstaat",
			"Prüfe sein Kabel zum Zähler, und ob die P1-Schnittstelle frei ist",
			"Vérifiez son câble vers le compteur, et si le port P1 est ouvert",
			"Kontrollera dess kabel till mätaren, och att P1-porten är öppen",
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
			"The log shows the cause. If it stays like this, please report it",
			"De oorzaak staat in het logboek. Meld het als het zo blijft",
			"Die Ursache steht im Protokoll. Melde es, wenn es so bleibt",
			"La cause est dans le journal. Signalez-le si cela continue",
			"Orsaken står i loggen. Rapportera det om det fortsätter",
		},
	},
}

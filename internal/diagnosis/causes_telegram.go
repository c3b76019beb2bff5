package diagnosis

// shorterCable is what to do about bytes that are lost on the way.
var shorterCable = texts{
	"Try a shorter cable or another USB port, and make sure that nothing else reads the same port; an overloaded machine loses bytes too",
	"Probeer een kortere kabel of een andere USB-poort, en zorg dat niets anders dezelfde poort leest; ook een overbelaste computer verliest bytes",
	"Versuche ein kürzeres Kabel oder einen anderen USB-Anschluss, und sorge dafür, dass nichts anderes denselben Anschluss liest; auch ein überlasteter Rechner verliert Bytes",
	"Essayez un câble plus court ou un autre port USB, et veillez à ce que rien d’autre ne lise le même port ; une machine surchargée perd aussi des octets",
	"Prova en kortare kabel eller en annan USB-port, och se till att inget annat läser samma port; även en överbelastad dator tappar byte",
}

// telegramCauses are why telegrams give no reading.
var telegramCauses = table{
	Checksums: {
		name:    "checksums",
		counter: counter{json: "checksums", metric: "checksum", what: "wrong checksum"},
		text: texts{
			"telegrams arrive, but their checksum is wrong: bytes are lost or changed on the way",
			"Er komen telegrammen binnen, maar hun controlegetal klopt niet: onderweg raken bytes verloren of veranderen ze",
			"Telegramme kommen an, aber ihre Prüfsumme ist falsch: unterwegs gehen Bytes verloren oder ändern sich",
			"Des télégrammes arrivent, mais leur somme de contrôle est fausse : des octets se perdent ou changent en route",
			"Telegram kommer in, men deras kontrollsumma är fel: byte försvinner eller ändras på vägen",
		},
		next: shorterCable.and(texts{
			"Set the option {checksum} to off only for a meter that is known to send wrong ones",
			"Zet de optie {checksum} alleen op off voor een meter waarvan bekend is dat hij verkeerde stuurt",
			"Stelle die Option {checksum} nur für einen Zähler auf off, von dem bekannt ist, dass er falsche sendet",
			"Ne mettez l’option {checksum} sur off que pour un compteur connu pour en envoyer de fausses",
			"Sätt alternativet {checksum} till off bara för en mätare som är känd för att sända felaktiga",
		}),
	},
	NoChecksum: {
		name:    "no_checksum",
		counter: counter{json: "noChecksum", metric: "no_checksum", what: "without checksum"},
		text: texts{
			"telegrams arrive without the checksum that this meter sends: something on the way cuts or rewrites them",
			"Er komen telegrammen binnen zonder het controlegetal dat deze meter stuurt: onderweg worden ze afgekapt of herschreven",
			"Telegramme kommen ohne die Prüfsumme an, die dieser Zähler sendet: unterwegs werden sie gekürzt oder umgeschrieben",
			"Des télégrammes arrivent sans la somme de contrôle que ce compteur envoie : quelque chose les coupe ou les réécrit en route",
			"Telegram kommer in utan kontrollsumman som mätaren sänder: något på vägen klipper av eller skriver om dem",
		},
		next: texts{
			"Let the network reader pass the bytes on unchanged; if it cannot, set the option {checksum} to off",
			"Laat de netwerklezer de bytes ongewijzigd doorgeven; kan hij dat niet, zet dan de optie {checksum} op off",
			"Lass das Netzwerk-Lesegerät die Bytes unverändert weitergeben; kann es das nicht, stelle die Option {checksum} auf off",
			"Faites transmettre les octets sans changement par le lecteur réseau ; s’il ne le peut pas, mettez l’option {checksum} sur off",
			"Låt nätverksläsaren skicka vidare alla byte oförändrade; om den inte kan det, sätt alternativet {checksum} till off",
		},
	},
	Damaged: {
		name:    "damaged_telegrams",
		counter: counter{json: "damaged", metric: "damaged", what: "broken lines"},
		text: texts{
			"telegrams arrive with broken lines: bytes are lost or changed on the way",
			"Er komen telegrammen binnen met beschadigde regels: onderweg raken bytes verloren of veranderen ze",
			"Telegramme kommen mit beschädigten Zeilen an: unterwegs gehen Bytes verloren oder ändern sich",
			"Des télégrammes arrivent avec des lignes endommagées : des octets se perdent ou changent en route",
			"Telegram kommer in med skadade rader: byte försvinner eller ändras på vägen",
		},
		next: shorterCable,
	},
	Cut: {
		name:    "cut_telegrams",
		counter: counter{json: "cut", metric: "cut", what: "cut off"},
		text: texts{
			"only incomplete telegrams arrive: bytes are lost on the way",
			"Er komen alleen onvolledige telegrammen binnen: onderweg raken bytes verloren",
			"Es kommen nur unvollständige Telegramme an: unterwegs gehen Bytes verloren",
			"Seuls des télégrammes incomplets arrivent : des octets se perdent en route",
			"Bara ofullständiga telegram kommer in: byte försvinner på vägen",
		},
		next: shorterCable,
	},
	Encrypted: {
		name:    "encrypted",
		counter: counter{json: "noKey", metric: "no_key", what: "encrypted without a key"},
		text: texts{
			"the meter encrypts its telegrams, and no key is set",
			"De meter versleutelt zijn telegrammen, en er is geen sleutel ingesteld",
			"Der Zähler verschlüsselt seine Telegramme, und es ist kein Schlüssel eingestellt",
			"Le compteur chiffre ses télégrammes, et aucune clé n’est définie",
			"Mätaren krypterar sina telegram, och ingen nyckel är inställd",
		},
		next: texts{
			"Ask your grid operator for the key of the meter's port, and set the option {decryption.key}",
			"Vraag je netbeheerder om de sleutel van de meterpoort, en stel de optie {decryption.key} in",
			"Bitte deinen Netzbetreiber um den Schlüssel der Kundenschnittstelle, und stelle die Option {decryption.key} ein",
			"Demandez la clé du port du compteur à votre gestionnaire de réseau, et réglez l’option {decryption.key}",
			"Be ditt nätbolag om nyckeln till mätarens port, och ställ in alternativet {decryption.key}",
		},
	},
	WrongKey: {
		name:    "wrong_key",
		counter: counter{json: "wrongKey", metric: "wrong_key", what: "wrong key"},
		text: texts{
			"the meter encrypts its telegrams, and the key does not fit",
			"De meter versleutelt zijn telegrammen, en de sleutel past niet",
			"Der Zähler verschlüsselt seine Telegramme, und der Schlüssel passt nicht",
			"Le compteur chiffre ses télégrammes, et la clé ne convient pas",
			"Mätaren krypterar sina telegram, och nyckeln passar inte",
		},
		next: texts{
			"Compare {decryption.key} with what your grid operator sent, digit by digit",
			"Vergelijk {decryption.key} teken voor teken met wat je netbeheerder stuurde",
			"Vergleiche {decryption.key} Zeichen für Zeichen mit dem, was dein Netzbetreiber geschickt hat",
			"Comparez {decryption.key} caractère par caractère avec ce que votre gestionnaire de réseau a envoyé",
			"Jämför {decryption.key} tecken för tecken med det som nätbolaget skickade",
		},
	},
	DamagedFrame: {
		name:    "damaged_frames",
		counter: counter{json: "damagedFrames", metric: "damaged_frame", what: "damaged frame"},
		text: texts{
			"encrypted telegrams arrive damaged: bytes are lost or changed on the way",
			"Er komen beschadigde versleutelde telegrammen binnen: onderweg raken bytes verloren of veranderen ze",
			"Verschlüsselte Telegramme kommen beschädigt an: unterwegs gehen Bytes verloren oder ändern sich",
			"Des télégrammes chiffrés arrivent endommagés : des octets se perdent ou changent en route",
			"Krypterade telegram kommer in skadade: byte försvinner eller ändras på vägen",
		},
		next: shorterCable.and(texts{
			"If the problem persists, compare {decryption.key} and {decryption.aad} with what your grid operator sent",
			"Blijft het probleem bestaan, vergelijk dan {decryption.key} en {decryption.aad} met wat je netbeheerder stuurde",
			"Wenn das Problem bleibt, vergleiche {decryption.key} und {decryption.aad} mit dem, was dein Netzbetreiber geschickt hat",
			"Si le problème persiste, comparez {decryption.key} et {decryption.aad} avec ce que votre gestionnaire de réseau a envoyé",
			"Om problemet kvarstår, jämför {decryption.key} och {decryption.aad} med det som nätbolaget skickade",
		}),
	},
	Unverified: {
		name:    "unverified",
		counter: counter{json: "unverified", metric: "unverified", what: "unverified"},
		text: texts{
			"telegrams arrive that the key does not verify, although this meter's earlier ones were signed with it: they are refused",
			"Er komen telegrammen binnen die niet met de sleutel zijn ondertekend, terwijl eerdere van deze meter dat wel waren: ze worden geweigerd",
			"Es kommen Telegramme an, die der Schlüssel nicht bestätigt, obwohl die früheren dieses Zählers damit signiert waren: sie werden abgelehnt",
			"Des télégrammes arrivent que la clé ne confirme pas, alors que les précédents de ce compteur étaient signés avec elle : ils sont refusés",
			"Telegram kommer in som nyckeln inte bekräftar, fast mätarens tidigare var signerade med den: de avvisas",
		},
		next: texts{
			"Find out who else can send on the line or in the network reader's place. If the meter was replaced, or the grid operator has switched encryption off, set the option {decryption.allow_unverified}",
			"Zoek uit wie er nog meer op de lijn of in plaats van de netwerklezer kan sturen. Is de meter vervangen, of heeft de netbeheerder de versleuteling uitgezet, zet dan de optie {decryption.allow_unverified} aan",
			"Finde heraus, wer sonst auf der Leitung oder anstelle des Netzwerk-Lesegeräts senden kann. Wurde der Zähler getauscht, oder hat der Netzbetreiber die Verschlüsselung abgeschaltet, schalte die Option {decryption.allow_unverified} ein",
			"Cherchez qui d’autre peut émettre sur la ligne ou à la place du lecteur réseau. Si le compteur a été remplacé, ou si le gestionnaire de réseau a désactivé le chiffrement, activez l’option {decryption.allow_unverified}",
			"Ta reda på vem mer som kan sända på linjen eller i nätverksläsarens ställe. Om mätaren har bytts, eller om nätbolaget har stängt av krypteringen, slå på alternativet {decryption.allow_unverified}",
		},
	},
	Parity: {
		name: "parity_bits",
		text: texts{
			"the line sends 7 data bits and parity but is read as 8 without, and the telegrams are too damaged to be repaired",
			"De lijn stuurt 7 databits met pariteit maar wordt als 8 zonder pariteit gelezen, en de telegrammen zijn te beschadigd om te herstellen",
			"Die Leitung sendet 7 Datenbits mit Parität, wird aber als 8 ohne gelesen, und die Telegramme sind zu beschädigt, um sie zu reparieren",
			"La ligne envoie 7 bits de données avec parité mais est lue comme 8 sans parité, et les télégrammes sont trop endommagés pour être réparés",
			"Linjen sänder 7 databitar med paritet men läses som 8 utan, och telegrammen är för skadade för att lagas",
		},
		next: texts{
			"Set the network reader to 7 data bits and even parity (9600 7E1 for DSMR 2 and 3), and leave the option {serial.mode} at auto",
			"Stel de netwerklezer in op 7 databits en even pariteit (9600 7E1 voor DSMR 2 en 3), en laat de optie {serial.mode} op auto staan",
			"Stelle das Netzwerk-Lesegerät auf 7 Datenbits und gerade Parität (9600 7E1 bei DSMR 2 und 3), und lass die Option {serial.mode} auf auto",
			"Réglez le lecteur réseau sur 7 bits de données et parité paire (9600 7E1 pour DSMR 2 et 3), et laissez l’option {serial.mode} sur auto",
			"Ställ in nätverksläsaren på 7 databitar och jämn paritet (9600 7E1 för DSMR 2 och 3), och låt alternativet {serial.mode} stå på auto",
		},
	},
	Noise: {
		name: "noise",
		text: texts{
			"unreadable bytes arrive: the speed or the parity is wrong, or the signal is inverted",
			"Er komen onleesbare bytes binnen: de snelheid of de pariteit klopt niet, of het signaal is geïnverteerd",
			"Es kommen unlesbare Bytes an: Geschwindigkeit oder Parität ist falsch, oder das Signal ist invertiert",
			"Des octets illisibles arrivent : la vitesse ou la parité est fausse, ou le signal est inversé",
			"Oläsliga byte kommer in: hastigheten eller pariteten är fel, eller signalen är inverterad",
		},
		next: texts{
			"With the option {serial.mode} at auto, every mode is tried automatically; a network reader must be set to the meter's own mode, 9600 7E1 for DSMR 2 and 3, 2400 8E1 for most M-Bus HAN ports, 115200 8N1 for nearly all others. If that does not help, the cable has no inverter: use one made for P1",
			"Met de optie {serial.mode} op auto wordt elke modus automatisch geprobeerd; een netwerklezer moet op de modus van de meter zijn ingesteld: 9600 7E1 voor DSMR 2 en 3, 2400 8E1 voor de meeste HAN-poorten met M-Bus, 115200 8N1 voor bijna alle andere. Helpt dat niet, dan heeft de kabel geen inverter: gebruik een kabel voor P1",
			"Steht die Option {serial.mode} auf auto, wird jeder Modus automatisch versucht; ein Netzwerk-Lesegerät muss auf den Modus des Zählers eingestellt sein: 9600 7E1 bei DSMR 2 und 3, 2400 8E1 bei den meisten M-Bus-Schnittstellen (HAN), 115200 8N1 bei fast allen anderen. Hilft das nicht, hat das Kabel keinen Inverter: verwende eines für P1",
			"Avec l’option {serial.mode} sur auto, tous les modes sont essayés automatiquement ; un lecteur réseau doit être réglé sur le mode du compteur : 9600 7E1 pour DSMR 2 et 3, 2400 8E1 pour la plupart des ports HAN en M-Bus, 115200 8N1 pour presque tous les autres. Si cela n’aide pas, le câble n’a pas d’inverseur : utilisez un câble fait pour P1",
			"Med alternativet {serial.mode} på auto prövas alla lägen automatiskt; en nätverksläsare måste vara inställd på mätarens läge: 9600 7E1 för DSMR 2 och 3, 2400 8E1 för de flesta HAN-portar med M-Bus, 115200 8N1 för nästan alla andra. Om det inte hjälper saknar kabeln inverterare: använd en som är gjord för P1",
		},
	},
}

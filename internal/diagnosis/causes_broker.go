package diagnosis

// brokerCauses are what stands between good readings and Home Assistant.
var brokerCauses = table{
	SameNames: {
		name:     "same_names",
		hopeless: true,
		text: texts{
			"another app on the same broker wants to publish a meter under the same names; it stands by",
			"Een andere app op dezelfde broker wil een meter onder dezelfde namen publiceren; die app wacht",
			"Eine andere App am selben Broker will einen Zähler unter denselben Namen veröffentlichen; sie wartet",
			"Une autre application du même broker veut publier un compteur sous les mêmes noms ; elle attend",
			"En annan app på samma broker vill publicera en mätare under samma namn; den väntar",
		},
		next: texts{
			"Stop it, or give it names of its own with the options {slot} and {mqtt.topic}",
			"Stop die app, of geef haar eigen namen met de opties {slot} en {mqtt.topic}",
			"Beende sie, oder gib ihr mit den Optionen {slot} und {mqtt.topic} eigene Namen",
			"Arrêtez-la, ou donnez-lui ses propres noms avec les options {slot} et {mqtt.topic}",
			"Stoppa den, eller ge den egna namn med alternativen {slot} och {mqtt.topic}",
		},
	},
}

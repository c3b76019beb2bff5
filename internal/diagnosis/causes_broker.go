package diagnosis

// brokerCauses are what stands between good readings and Home Assistant.
var brokerCauses = table{
	SameNames: {
		name:     "same_names",
		hopeless: true,
		text: texts{
			"another app on the same broker wants to publish a meter under the same names; it stands by",
			"Een andere app op dezelfde broker wil een meter onder dezelfde namen publiceren; die wacht af",
			"Eine andere App am selben Broker will einen Zähler unter denselben Namen veröffentlichen; sie wartet ab",
			"Une autre application du même broker veut publier un compteur sous les mêmes noms ; elle attend",
			"En annan app på samma mäklare vill publicera en mätare under samma namn; den väntar",
		},
		next: texts{
			"Stop it, or give it a slot and an MQTT topic of its own (options slot and mqtt.topic)",
			"Stop die app, of geef haar een eigen slot en MQTT-topic (opties slot en mqtt.topic)",
			"Beende sie, oder gib ihr einen eigenen Slot und ein eigenes MQTT-Topic (Optionen slot und mqtt.topic)",
			"Arrêtez-la, ou donnez-lui un emplacement et un topic MQTT à elle (options slot et mqtt.topic)",
			"Stoppa den, eller ge den en egen plats och ett eget MQTT-ämne (alternativen slot och mqtt.topic)",
		},
	},
}

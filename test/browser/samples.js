// What the page may be told: readings, histories and statuses of households
// that have much, little, or a lot of digits.

/** reading has everything that the page shows. */
export function reading() {
  return {
    ts: "2026-06-21T18:20:09+02:00", powerTs: "2026-06-21T18:20:09", header: "FLU5\\253769484_A",
    totalT1Use: 10573.723, totalT2Use: 8817.734, totalT1Delivered: 8161.508, totalT2Delivered: 5940.817, totalUse: 19391.457, totalDelivered: 14102.325, currentTarrif: 1,
    currentUsage: 3.15, currentDelivery: 0, calculatedUsage: 3150, solarProduction: 1774, houseUsage: 4924,
    voltageL1: 228.4, voltageL2: 228.6, voltageL3: 231.9, currentL1: 8.72, currentL2: 1.08, currentL3: 3.94,
    currentUsageL1: 1.991, currentUsageL2: 0.246, currentUsageL3: 0.913, currentDeliveryL1: 0, currentDeliveryL2: 0, currentDeliveryL3: 0,
    gas: { ts: "2026-06-21T18:15:00", totalUse: 3341.424 }, gasFlow: 0.412, water: { ts: "2026-06-21T18:15:00", totalUse: 335.777 },
    averageDemand: 0.42, demandForecast: 1.04, demandHeadroom: 6330, peakDemandMonth: { ts: "2026-06-04T16:30:00", value: 5.642 }, peakDemandAverage: 7.56,
    textMessage: "Werkzaamheden aan het net op 24 juni van 9 tot 12 uur.",
  };
}

/** huge is the same household with all the digits that a meter can print. */
export function huge() {
  return {
    ...reading(),
    totalT1Use: 1234567.123, totalT2Use: 9999999.999, totalT1Delivered: 8888888.888, totalT2Delivered: 7654321.987, totalUse: 11234567.122, totalDelivered: 16543210.875,
    totalT3Use: 1000000.001, totalT4Use: 2000000.002, currentUsage: 100, calculatedUsage: 100000, solarProduction: 123456, houseUsage: 223456,
    voltageL1: 1234.5, currentL1: 1000, currentUsageL1: 100, currentUsageL2: 0, currentDeliveryL2: 123.456, fuseL1: 400, fuseL2: 400, fuseL3: 400,
    gas: { ts: "2026-12-30T23:55:00", totalUse: 9999999.999 }, gasFlow: 123.456, water: { totalUse: 1234567.891 }, warmWater: { ts: "2026-12-30T23:55:00", totalUse: 1234567.891 },
    heat: { ts: "2026-12-30T23:55:00", totalUse: 9999999.999, unit: "MWh" }, cooling: { totalUse: 9999999.999, unit: "GJ" }, electricity: { totalUse: 9999999.999, unit: "kWh" },
    averageDemand: 100.123, demandForecast: 199.999, demandHeadroom: 1234567, peakDemandMonth: { ts: "2026-12-30T23:45:00", value: 100 }, peakDemandAverage: 123.456,
    textMessage: `<b>${"W".repeat(300)}</b> <img src=x onerror=alert(1)>\n${"Donaudampfschifffahrtsgesellschaft ".repeat(20)}`,
  };
}

/** history is a last hour that goes to so many W, with the day and the day before. */
export function history(most = 3000) {
  const wave = (i, by) => Math.round(most * Math.sin(i / by));
  const digits = most > 10000 ? 99999.999 : 3.412;
  const day = (factor) => ({
    import: { value: digits * factor, unit: "kWh" }, export: { value: 2 * digits * factor, unit: "kWh" }, solar: { value: 3 * digits * factor, unit: "kWh" },
    gas: { value: digits * factor, unit: "m3" }, water: { value: digits * factor, unit: "m3" }, ...(most > 10000 && { heat: { value: digits, unit: "GJ" } }),
  });
  return {
    start: 1782056400, step: 10, net: Array.from({ length: 360 }, (_, i) => (i < 20 ? null : wave(i, 40))), solar: Array.from({ length: 360 }, (_, i) => Math.abs(wave(i, 60))),
    today: { since: most > 10000 ? "2026-06-21T09:31:07+02:00" : "2026-06-21T00:00:00+02:00", ...day(1) }, yesterday: day(1.7),
  };
}

const times = { started: "2026-06-20T10:00:00Z", time: "2026-06-21T16:20:10Z" };

/** status is that of a program where all is well. */
export function status() {
  const output = (name, more) => ({ name, sent: 86400, dropped: 0, errors: 0, lastSuccess: times.time, ...more });
  return {
    version: "1.2.3", ...times,
    source: { kind: "serial", name: "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_AB0CD1EF-if00-port0", mode: "115200 8N1", state: "alive", since: times.started, last: times.time, reconnects: 0 },
    meter: { header: "FLU5\\253769484_A", standard: "e-MUCS P1 1.7", version: "50217", serial: "3138", tariffs: ["normal", "low"] },
    counters: { telegrams: 86400, checksums: 0, noChecksum: 0, damaged: 0, cut: 0, noKey: 0, wrongKey: 0, damagedFrames: 0, skipped: 0, held: 0, interval: 1 },
    verdict: { name: "good", good: true, problem: false, text: "readings arrive", since: times.started },
    outputs: [output("json socket", { clients: 2 }), output("raw socket", { clients: 0 }), output("mqtt"), output("solar"), output("page", { clients: 1 }), output("api", { clients: 0 }), output("influxdb"), output("post")],
    emulated: [
      { name: "homewizard_p1", kind: "homewizard", meter: "p1", serial: "02abcdef0123", offset: -500, fresh: true, clients: [
        { client: "192.168.1.7 (evcc/0.300)", what: "/api/v1/data", power: -312.5, age: 0.25, count: 86400, refused: 0, last: times.time },
        { client: "192.168.1.8", what: "GET /api/v1/state", age: 0, why: "there is nothing at this address", count: 0, refused: 7, last: times.started },
      ] },
      { name: "ecotracker_p1", kind: "ecotracker", meter: "p1", serial: "b43a45000001", offset: 0, fresh: true, clients: [] },
    ],
    capture: true,
  };
}

/** ill is one where much is wrong, and all that is counted has many digits. */
export function ill() {
  const s = status();
  const error = "dial tcp: lookup a-very-long-host-name-of-a-database.in.the.cellar.example.org on 192.168.178.1:53: no such host";
  Object.assign(s.source, { state: "lost", cause: "open /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_AB0CD1EF-if00-port0: no such file or directory", reconnects: 1234567 });
  Object.assign(s.meter, { header: "<script>".repeat(9), standard: "Luxembourg Smarty V1.0, encrypted" });
  for (const name of Object.keys(s.counters)) s.counters[name] = 12345678;
  s.verdict = { name: "device_gone", good: false, problem: true, text: "", since: times.started };
  s.outputs = s.outputs.map((one, i) => ({ ...one, sent: 123456789, dropped: 12345678, errors: 1234567, lastError: i % 2 ? error : "connection refused" }));
  return s;
}

/** settings are the page's own names of options with long values. */
export const settings = [
  { name: "source", value: "auto" }, { name: "decryption.key", value: "(hidden)" }, { name: "mqtt.discovery_prefix", value: "homeassistant" },
  { name: "mqtt.distinct_fields", value: "currentTarrif,totalT1Use,totalT2Use,totalT1Delivered,totalT2Delivered,powerSn,currentUsage,currentDelivery" },
  { name: "sunspec_modbus_port", value: 502 }, { name: "serial.device", value: "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_AB0CD1EF-if00-port0" },
];

/** without takes from a state what one card of the first view shows. */
export const without = {
  today: (s) => delete s.history.today,
  phases: (s) => drop(s.reading, /L[123]$/),
  quarter: (s) => drop(s.reading, /emand/),
  others: (s) => drop(s.reading, /^(gas|water|warmWater|heat|cooling|electricity)$/),
  tariffs: (s) => drop(s.reading, /^total/),
  message: (s) => drop(s.reading, /^textMessage$/),
};

function drop(r, names) {
  for (const name of Object.keys(r)) if (names.test(name)) delete r[name];
}

/** state is what live.js would hand to the views. */
export function state(parts = {}) {
  const at = Date.now();
  return { reading: reading(), readingAt: at, solar: null, status: status(), statusAt: at, settings, history: history(), lost: false, ...parts };
}

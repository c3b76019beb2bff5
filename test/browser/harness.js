// What the tests need: the programs, a meter of their own, a proxy as Home
// Assistant's, and a browser that complains.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, firefox } from "playwright-core";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const pictures = path.join(root, "dist/browser");
const axe = readFileSync(path.join(root, "test/browser/node_modules/axe-core/axe.min.js"), "utf8");

/** start runs one of the programs and waits for a line of its output. */
async function start(program, args, variables, told) {
  const child = spawn(path.join(pictures, program), args, { env: { PATH: process.env.PATH, TZ: "Europe/Amsterdam", ...variables } });
  let output = "";
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const found = await new Promise((resolve, reject) => {
    const take = (text) => {
      output += text;
      const match = output.match(told);
      if (match) resolve(match[1]);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    ended.then((code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  return { found, stop };
}

/** demo runs the demo; its page is at url. */
export async function demo(...args) {
  const { found, stop } = await start("demo", args, {}, /the page +(http:\S+)/);
  return { url: found, stop };
}

/** smartmeter runs the program itself with the page on a free port. */
export async function smartmeter(variables) {
  const data = await mkdtemp(path.join(tmpdir(), "smartmeter-browser-"));
  const { found, stop } = await start("smartmeter", [], {
    SMARTMETER_WEB_SERVER: "127.0.0.1:0", SMARTMETER_TCP_SERVER: "0", SMARTMETER_RAW_TCP_SERVER: "0", SMARTMETER_HEALTH: "0", SMARTMETER_DATA: data,
    ...variables,
  }, /part=page address=(\S+)/);
  const end = async () => {
    await stop();
    await rm(data, { recursive: true, force: true });
  };
  return { url: `http://${found}/`, stop: end };
}

/** meter is a network reader that sends what it is told to. */
export async function meter() {
  const clients = new Set();
  const server = net.createServer((client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    client.on("error", () => {});
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => clients.forEach((client) => client.destroy());
  return {
    address: `127.0.0.1:${server.address().port}`,
    send: (...lines) => clients.forEach((client) => client.write(telegram(lines))),
    cut,
    stop: () => {
      cut();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** telegram makes one of DSMR 5 from lines, its checksum included. */
function telegram(lines) {
  const body = Buffer.from(`/ISK5\\2BROWSER-TEST\r\n\r\n1-3:0.2.8(50)\r\n${lines.join("\r\n")}\r\n!`, "latin1");
  let crc = 0;
  for (const byte of body) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >> 1) ^ (crc & 1 ? 0xa001 : 0);
  }
  return Buffer.concat([body, Buffer.from(`${crc.toString(16).toUpperCase().padStart(4, "0")}\r\n`)]);
}

/**
 * ingress is a proxy as Home Assistant's: below a prefix, which it takes off,
 * and with its header. Where hold is true it waits for the end of an answer
 * before it passes it on, as a proxy with a buffer does: events never come.
 */
export async function ingress(target, hold = false) {
  const prefix = "/api/hassio_ingress/Zx81-token_of_a_session";
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const proxy = { down: false, outside: [], url: "" };
  const server = http.createServer((request, response) => {
    if (proxy.down) {
      request.socket.destroy();
      return;
    }
    if (!request.url.startsWith(`${prefix}/`)) {
      proxy.outside.push(request.url);
      response.writeHead(404).end();
      return;
    }
    const headers = { ...request.headers, "x-ingress-path": prefix };
    delete headers["accept-encoding"];
    const onward = http.request({ hostname, port, path: request.url.slice(prefix.length), method: request.method, headers }, (answer) => {
      if (!hold) {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        return;
      }
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => {
        response.writeHead(answer.statusCode, answer.headers);
        response.end(Buffer.concat(parts));
      });
      answer.on("error", () => response.destroy());
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  proxy.url = `http://127.0.0.1:${server.address().port}${prefix}/`;
  proxy.cut = () => sockets.forEach((socket) => socket.destroy());
  proxy.stop = () => {
    proxy.cut();
    return new Promise((resolve) => server.close(resolve));
  };
  return proxy;
}

/** launch starts the browser. */
export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-background-networking"] });
}

/** launchFirefox starts the other one, over WebDriver BiDi as it is no build of Playwright's. */
export function launchFirefox() {
  return firefox.launch({ channel: "moz-firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr" });
}

export const phone = { width: 390, height: 844 };
export const desktop = { width: 1280, height: 900 };

/**
 * open opens the page as a person would see it. complaints gathers what no
 * page of ours may do: errors on the console and requests to other hosts.
 * before is called with the page while it is empty.
 */
export async function open(browser, url, { before, ...options } = {}) {
  const context = await browser.newContext({ viewport: desktop, locale: "en-GB", timezoneId: "Europe/Amsterdam", ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(url).host) complaints.push(`a request to ${request.url()}`);
  });
  await before?.(page);
  await page.goto(url);
  return { page, context, complaints };
}

/**
 * longSeen makes the page believe that the program was there since midnight:
 * for pictures, as nobody waits an hour for them.
 */
export function longSeen(page) {
  return page.route("**/api/history", async (route) => {
    const response = await route.fetch();
    const history = await response.json();
    const newest = history.solar?.findLast((value) => value !== null);
    history.net.forEach((value, i) => {
      if (value !== null) return;
      const oven = i > 120 && i < 190 ? 2050 : 0;
      const house = 430 + 140 * Math.sin(i / 23) + 60 * Math.sin(i / 7.3) + oven + (i % 97 > 80 ? 500 : 0);
      const cloud = i % 140 > 95 && i % 140 < 125 ? 0.5 : 0;
      const sun = newest > 0 ? newest * Math.max(0.25, 0.85 + 0.15 * Math.sin(i / 31) - cloud) : 0;
      if (history.solar) history.solar[i] = Math.round(sun);
      history.net[i] = Math.round(house - sun);
    });
    const day = { import: 3.412, export: 8.905, solar: 11.62, gas: 0.412, water: 0.187 };
    for (const [name, value] of Object.entries(day)) if (history.today[name]) history.today[name].value = value;
    history.yesterday = structuredClone(history.today);
    delete history.yesterday.since;
    for (const one of Object.values(history.yesterday)) one.value *= 1.37;
    history.today.since = history.today.since.replace(/T.*(?=[+Z-])/, "T00:00:00");
    await route.fulfill({ response, json: history });
  });
}

/**
 * fed opens the page with a server that the test plays: feed(name, data) sends
 * an event, and answers are what the addresses of the API answer, 503 without.
 * asked returns how often an address was asked for.
 */
export async function fed(browser, url, { answers = {}, ...options } = {}) {
  const before = (page) => page.addInitScript((answers) => {
    globalThis.EventSource = class extends EventTarget {
      static CLOSED = 2;
      readyState = 1;
      constructor() {
        super();
        globalThis.stream = this;
      }
      close() {}
    };
    globalThis.asked = {};
    globalThis.fetch = async (path) => {
      asked[path] = (asked[path] ?? 0) + 1;
      const there = answers[path] !== undefined;
      return new Response(JSON.stringify(there ? answers[path] : { err: "none" }), { status: there ? 200 : 503 });
    };
  }, answers);
  const opened = await open(browser, url, { ...options, before });
  const feed = (name, data) => opened.page.evaluate(([name, data]) => {
    stream.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }, [name, data]);
  const asked = (path) => opened.page.evaluate((path) => globalThis.asked[path] ?? 0, path);
  return { ...opened, feed, asked };
}

/** barriers lists what axe finds to keep people with a handicap out. */
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 4).map((node) => `${node.target} ${node.any.map((one) => one.message)}`).join("; ")}`);
}

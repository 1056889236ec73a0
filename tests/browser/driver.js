// Does in a real Chromium what comes on standard input, a step a line, and answers each with a line on standard output.
//
//   {"visit": NAME}              a new profile with one tab: no cookies, empty caches → {}
//   {"open": URL}                the page there, in that tab → {"status"}
//   {"fetch": URL, "init": {…}}  what `fetch` brings a script in the page's last frame → {"status", "type",
//                                "headers", "body"}, or the error that it throws → {"error"}
//   {"read": SELECTOR}           the text of an element, once there is some → {"text"}
//
// Every answer has beside it what the browser's console said since the one before ("console"). The first line of the
// output, before any step, is {"version"}. The end of the input ends the browser. Nothing here intercepts a request:
// Playwright would then answer preflights by itself.
"use strict";

const readline = require("node:readline");
const { chromium } = require("playwright-core");

const ARGUMENTS = [
  "--no-sandbox", // which root may not have; only pages of the tests are opened
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP *.test 127.0.0.1",
];

const PATIENCE = 20_000;

const print = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");

// In the page: what a script there can know of an answer, and nothing else.
const fetched = async ([url, init]) => {
  try {
    const response = await fetch(url, init);
    const { status, type } = response;
    return { status, type, headers: Object.fromEntries(response.headers), body: await response.text() };
  } catch (error) {
    return { error: error.name };
  }
};

const steps = {
  async visit(tab, browser) {
    await tab.page?.context().close();
    tab.page = await (await browser.newContext()).newPage();
    tab.page.setDefaultTimeout(PATIENCE);
    tab.page.on("console", (message) => tab.console.push(message.text()));
    return {};
  },
  async open(tab, { open }) {
    return { status: (await tab.page.goto(open)).status() };
  },
  async fetch(tab, { fetch, init }) {
    return tab.page.frames().at(-1).evaluate(fetched, [fetch, init]);
  },
  async read(tab, { read }) {
    const element = tab.page.locator(read).filter({ hasText: /\S/ });
    return { text: await element.innerText() };
  },
};

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ARGUMENTS, timeout: PATIENCE });
  print({ version: browser.version() });
  const tab = { console: [] };
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const step = JSON.parse(line);
    const kind = Object.keys(steps).find((kind) => kind in step);
    const answer = await steps[kind](tab, kind === "visit" ? browser : step);
    print({ ...answer, console: tab.console.splice(0) });
  }
  await browser.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

// Looks at Home Assistant with a browser and takes the pictures of the
// documentation. TestPictures starts it when all is there to be seen.
const { chromium } = require("playwright-core");
const { BASE, TOKEN, DEVICE, OUT } = process.env;

async function main() {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const context = await browser.newContext({
    viewport: { width: 1100, height: 1700 },
    locale: "en-GB",
    timezoneId: "Europe/Amsterdam",
    reducedMotion: "reduce",
  });
  // Logged in, as the frontend remembers it.
  await context.addInitScript(
    ([base, token]) => {
      const tokens = { access_token: token, token_type: "Bearer", refresh_token: "", expires_in: 1e9, expires: Date.now() + 1e12, hassUrl: base, clientId: base + "/" };
      localStorage.setItem("hassTokens", JSON.stringify(tokens));
      localStorage.setItem("dockedSidebar", '"always_hidden"');
    },
    [BASE, TOKEN],
  );
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  const settled = () => page.waitForTimeout(6000); // charts are drawn when their numbers have come
  const shoot = async (name, clip) => {
    await page.screenshot({ path: `${OUT}/${name}.png`, clip });
    console.log(name);
  };

  await page.goto(BASE + "/config/devices/device/" + DEVICE);
  await page.getByText("Import tariff 2").first().waitFor();
  await settled();
  await shoot("device", { x: 0, y: 0, width: 740, height: 1100 });

  await page.goto(BASE + "/config/energy/electricity");
  await page.getByText("Import tariff 2").first().waitFor();
  await settled();
  await shoot("energy-settings", { x: 240, y: 0, width: 620, height: 1100 });

  await page.getByRole("button", { name: "Edit grid connection" }).first().click();
  await page.getByText("Energy imported from grid").first().waitFor();
  await page.mouse.move(0, 0);
  await settled();
  await shoot("energy-grid", { x: 240, y: 100, width: 620, height: 1510 });

  await page.goto(BASE + "/energy/electricity");
  await page.getByRole("button", { name: "Previous" }).first().click(); // yesterday, a whole day
  await settled();
  await shoot("energy-dashboard", { x: 0, y: 0, width: 1100, height: 960 });
  await browser.close();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});

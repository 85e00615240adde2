// What the console weighs before its first page is shown, and how long that takes in a Chromium on this machine: the files that
// index.html names, as they are sent. `--write` keeps the result.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { consoleFolder } from "../../src/main/console-build.ts";
import { firstLoad } from "../../test/console/first-load.ts";
import { openSite } from "../../test/console/site.ts";

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const rounds = 5;

const site = await openSite();
try {
  const shownMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // A browser of its own each time, so that nothing is kept.
    const begun = performance.now();
    const { page, context } = await site.open("/settings");
    await page.locator("h1").waitFor();
    shownMs.push(Math.round(performance.now() - begun));
    await context.close();
  }
  const html = readFileSync(join(consoleFolder, "index.html"), "utf8");
  const result = {
    at: new Date().toISOString(),
    cores: availableParallelism(),
    load: loadavg()[0],
    firstLoad: firstLoad(consoleFolder, html),
    shownMs: shownMs.toSorted((one, other) => one - other),
  };
  console.log(JSON.stringify(result));
  if (values.write) {
    writeFileSync(join(import.meta.dirname, "..", "results", "console.json"), `${JSON.stringify(result, null, 2)}\n`);
  }
} finally {
  await site.close();
}

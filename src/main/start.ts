// `npm start`: serves the deployment that lies in HEADGATE_DATA or ./data; where there is none, plays the demo in
// ./data-demo. The first words come before anything heavy is loaded.
import { existsSync } from "node:fs";
import path from "node:path";
import { Failure } from "../terms/failure.ts";
import { mindReaders } from "./readers.ts";
import { version } from "./version.ts";

async function start(): Promise<void> {
  process.stdout.write(
    `Headgate ${version()}: holds a model back, and lets it out only as far as the evidence reaches.\n`,
  );
  const { keepConsoleBuilt } = await import("./console-build.ts");
  await keepConsoleBuilt((text) => process.stdout.write(text));
  const real = path.resolve(process.env["HEADGATE_DATA"] ?? "./data");
  if (existsSync(path.join(real, "trust.json"))) await serveReal();
  else await playDemo();
}

async function serveReal(): Promise<void> {
  const { readConfiguration } = await import("./configuration.ts");
  const { endOnFault, reportTo } = await import("./report.ts");
  const { readyText, stopped } = await import("./serve-verb.ts");
  const { serve } = await import("./serve.ts");
  // Heard from now on: a stop that comes while it starts is a stop.
  const over = stopped();
  const configuration = readConfiguration(process.env);
  const report = reportTo(process.stderr, configuration.operating?.logLevel);
  endOnFault(report);
  const serving = await serve({ configuration, environment: process.env, version: version(), demo: false, report });
  process.on("SIGHUP", serving.reload);
  process.stdout.write(readyText(serving));
  await over;
  await serving.close();
}

async function playDemo(): Promise<void> {
  process.stdout.write("No deployment here, so this is the DEMO, in ./data-demo.\n\n");
  const { startDemo } = await import("./demo/start-demo.ts");
  await startDemo();
}

mindReaders(true);
try {
  await start();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  process.stderr.write(`headgate: ${error.message}\n`);
  process.exitCode = 2;
}

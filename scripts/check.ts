// `npm run check`: everything a machine can say about the sources without running the program, in under two minutes.
// All steps run even when one fails, so that one run shows all there is to mend; what passed stays silent.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const stepMinutesMax = 5;
const outputBytesMax = 64 * 1024 * 1024;
const root = dirname(import.meta.dirname);

interface Step {
  readonly name: string;
  readonly arguments: readonly string[];
  readonly mend: string;
}

const steps: readonly Step[] = [
  { name: "types", arguments: [tool("typescript", "tsc"), "--noEmit", "-p", "."], mend: "mend the types" },
  { name: "console", arguments: [tool("typescript", "tsc"), "--noEmit", "-p", "console"], mend: "mend the types" },
  { name: "lint", arguments: [tool("oxlint", "oxlint")], mend: "mend what oxlint names" },
  { name: "format", arguments: [tool("oxfmt", "oxfmt"), "--check", "."], mend: "run `npm run format`" },
  { name: "unused", arguments: [tool("knip", "knip")], mend: "delete or use what knip names" },
  { name: "tidy", arguments: ["--test", "test/tidy.test.ts", "test/errors.test.ts"], mend: "see test/tidy.test.ts" },
];

const failed = steps.filter((step) => !passes(step));
if (failed.length === 0) console.log(`check: all ${steps.length} steps passed`);
else console.log(`check: ${failed.map(({ name, mend }) => `${name} failed (${mend})`).join("; ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** The script behind a development tool's command, so that it runs under this very Node. */
function tool(packageName: string, command: string): string {
  const folder = join(root, "node_modules", packageName);
  const Manifest = z.object({ bin: z.union([z.string(), z.record(z.string(), z.string())]) });
  const { bin } = Manifest.parse(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")));
  const script = typeof bin === "string" ? bin : bin[command];
  if (script === undefined) throw new Error(`${packageName} has no command ${command}: look at its package.json`);
  return join(folder, script);
}

function passes(step: Step): boolean {
  const begun = performance.now();
  const ended = spawnSync(process.execPath, step.arguments, {
    cwd: root,
    encoding: "utf8",
    timeout: stepMinutesMax * 60_000,
    maxBuffer: outputBytesMax,
  });
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const ok = ended.status === 0;
  console.log(`${ok ? "ok  " : "FAIL"} ${step.name.padEnd(7)} ${seconds} s`);
  if (!ok) console.log(`${ended.error?.message ?? ""}${ended.stdout}${ended.stderr}`);
  return ok;
}

// Binds the demo to this process: its terminal, its environment, its folder, and what ends it.
import { stopped } from "../serve-verb.ts";
import { version } from "../version.ts";
import { demoFolder, eraseDemo } from "./folder.ts";
import { openKeys } from "./keys.ts";
import { play, playOn, shippedDocuments } from "./play.ts";
import type { Stagehands } from "./opening.ts";
import { openScreen } from "./screen.ts";

/** Resolves when the demo was told to stop. */
export async function startDemo(): Promise<void> {
  const { stdout, stdin, env } = process;
  const over = stopped();
  const isTerminal = stdout.isTTY && stdin.isTTY;
  const screen = openScreen({
    write: (text) => void stdout.write(text),
    isTerminal,
    hasColour: stdout.isTTY && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    columns: () => (stdout.isTTY ? stdout.columns : 100),
    nowMs: () => performance.now(),
  });
  const keys = openKeys(stdin, () => process.kill(process.pid, "SIGINT"));
  const folder = demoFolder(".");
  const hands: Stagehands = { environment: env, screen, keys, folder, version: version(), documents: shippedDocuments };
  try {
    const played = await Promise.race([begin(hands), over]);
    if (played === undefined) process.exit(130);
    keys.close();
    await over;
    await played.cast.serving.close();
  } finally {
    keys.close();
  }
}

async function begin(hands: Stagehands): ReturnType<typeof play> {
  const later = await playOn(hands);
  if (later !== undefined) return later;
  if (eraseDemo(hands.folder)) hands.screen.say("The last play did not come to its end; this one begins anew.");
  return play(hands);
}

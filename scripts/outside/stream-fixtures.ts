// Recorded answers of OpenAI and Anthropic, streamed and whole, replayed by a server through the gateway to a caller of the
// same format: `node scripts/outside/stream-fixtures.ts CLONE... [--write]`, the clones being of vercel/ai and of
// anthropics/anthropic-sdk-typescript. What comes out is compared event by event (plain-forms.ts says what is made equal
// first), and the outcome with test/outside/stream-fixtures.json: `equal`, or the code and why, with what was left behind. `--write` writes that anew.
import { once } from "node:events";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { z } from "zod";
import { checkList } from "./checked-list.ts";
import { type Recording, recordingsIn } from "./fixture-files.ts";
import { openWorld, replay } from "./replay.ts";
import { differs } from "./refused.ts";

const list = new URL("../../test/outside/stream-fixtures.json", import.meta.url);

const { values, positionals } = parseArgs({
  options: { write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const recordings = positionals.flatMap((clone) => recordingsIn(clone));
if (recordings.length === 0) {
  throw new Error(
    "Give clones of vercel/ai and anthropics/anthropic-sdk-typescript: node scripts/outside/stream-fixtures.ts FOLDER FOLDER",
  );
}
const came = await replayAll();
const isListed = checkList(list, came, values.write) && !JSON.stringify(came).includes(differs);
console.log(isListed ? "As listed." : `Not as listed, or something is neither equal nor refused (${differs}).`);
process.exitCode = isListed ? 0 : 1;

async function replayAll(): Promise<Readonly<Record<string, unknown>>> {
  let playing: Recording | undefined;
  const server = createServer((request, response) => {
    request.resume();
    request.once("end", () => {
      const type = playing?.isStream === true ? "text/event-stream" : "application/json";
      response.writeHead(200, { "content-type": type }).end(playing?.body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const outcomes: Record<string, string> = {};
  const dropped: Record<string, Set<string>> = {};
  for (const dialect of ["openai-chat", "openai-responses", "anthropic-messages"] as const) {
    const world = await openWorld(dialect, port);
    for (const recording of recordings.filter((one) => one.dialect === dialect)) {
      playing = recording;
      const { outcome, lost } = await replay(world, recording);
      outcomes[recording.name] = outcome;
      for (const path of lost) (dropped[dialect] ??= new Set()).add(path);
    }
    await world.close();
  }
  server.close();
  const counts: Record<string, number> = {};
  for (const outcome of Object.values(outcomes)) {
    const kind = outcome.split(":")[0] ?? "";
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return {
    counts,
    outcomes,
    dropped: Object.fromEntries(Object.entries(dropped).map(([dialect, paths]) => [dialect, [...paths].toSorted()])),
  };
}

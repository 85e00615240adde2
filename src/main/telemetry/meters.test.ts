// What is counted of safeguards that are asked over HTTP, from the desk that asks them to the page that shows it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { startJudge } from "../../../test/flows/judge-server.ts";
import { openRemoteDesk } from "../../safeguards/remote/desk.ts";
import { RemoteEntry } from "../../safeguards/remote/remote-document.ts";
import { createMeters } from "./meters.ts";
import { prometheusText } from "./series.ts";

function of(answer: string): string {
  return `safeguard="service@1",name="mine",answer="${answer}"`;
}

test("each question to a safeguard over HTTP is counted once, by its name and how it ended", async (t) => {
  const judge = await startJudge();
  const meters = createMeters();
  const desk = openRemoteDesk({
    secrets: { environment: {}, folder: undefined },
    ownPorts: new Set(),
    now: () => 0,
    randomBytes: (count) => randomBytes(count),
    report: () => undefined,
    asked: meters.asked,
  });
  t.after(async () => {
    meters.close();
    await desk.close();
    await judge.close();
  });
  const remote = desk.open(
    RemoteEntry.parse({
      safeguard: "service@1",
      name: "mine",
      on: ["input"],
      url: `${judge.url}/judge`,
      judges: ["weapons"],
      timeoutMs: 200,
      charsMax: 256,
      block: { score: 0.9 },
      review: { score: 0.5 },
    }),
  );
  const ask = async (text: string): Promise<string> => {
    const asked = await remote.ask([{ text, view: "written" }], "");
    return asked.kind === "unknown" ? asked.cause : `${asked.findings.length} found`;
  };
  const ended = [await ask("a fine day"), await ask("a danger"), await ask("x".repeat(257))];
  judge.trouble = "status-500";
  ended.push(await ask("a fine day"));
  judge.trouble = "hangs";
  ended.push(await ask("a fine day"));
  assert.deepEqual(ended, ["0 found", "1 found", "too-long", "failed", "timeout"]);
  const page = prometheusText(
    await meters.read({ gateway: undefined, version: "0", folder: import.meta.dirname, store: undefined }),
  );
  const counts = [...page.matchAll(/^headgate_remote_safeguard_questions_total\{(.*)\} (\d+)$/gm)];
  assert.deepEqual(
    new Map(counts.map(([, labels, count]) => [labels, Number(count)])),
    new Map([
      [of("answered"), 2],
      [of("too-long"), 1],
      [of("failed"), 1],
      [of("timeout"), 1],
    ]),
  );
  assert.match(page, /^headgate_remote_safeguard_seconds_count\{safeguard="service@1",name="mine"\} 5$/m);
});

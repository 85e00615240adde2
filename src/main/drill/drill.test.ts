// The drill on itself: it stops everything at a whole gate, it notices a gate with a check switched off, and it does not
// take a closed door for a lock that held.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { z } from "zod";
import { buildProgram, runProgram } from "../../cli/program.ts";
import { openSession } from "../../cli/session.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { shippedSafeguards } from "../../safeguards/registry.ts";
import { need, openDesk } from "../in-process.ts";
import { type Attempt, Unfinished, judgeKnock, makeAttempt } from "./attempt.ts";
import { judgeStream } from "./attempts/hold.ts";
import { addDrillVerb } from "./drill-verb.ts";
import { loudLines, runDrill } from "./drill.ts";
import { type Knock, openGate } from "./gate.ts";
import type { Ground } from "./ground.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "headgate-drill-test-"));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const Report = z.object({
  attempts: z.number(),
  opened: z.number(),
  unfinished: z.number(),
  upstream: z.literal("scripted"),
  control: z.object({ opened: z.boolean() }),
  ledgerIndex: z.number(),
  results: z.array(
    z.object({
      name: z.string(),
      attempted: z.string(),
      opened: z.boolean(),
      unfinished: z.boolean(),
      how: z.string(),
    }),
  ),
});

test("every attempt is stopped for its own reason, and with a profile the counts are a fact in the ledger", async () => {
  const gate = await openGate(scratch, { registry: shippedSafeguards(), version: "test" });
  try {
    const desk = openDesk({
      server: gate.serving.controlPlane,
      dataPlane: gate.serving.dataPlane,
      codeFile: gate.serving.control.codeFile() ?? "",
      stateFolder: path.join(scratch, "state"),
      version: "test",
    });
    const profile = path.join(scratch, "ada.json");
    await need(desk.run(["init", "--name", "Ada", "--profile", profile]), z.unknown());
    const written: string[] = [];
    const left: number[] = [];
    const context = {
      ...desk.context,
      write: (text: string) => void written.push(text),
      leave: (code: number) => void left.push(code),
    };
    const args = ["drill", "--profile", profile, "--json"];
    await runProgram(buildProgram(context, "test", [addDrillVerb]), args, context);
    const report = Report.parse(JSON.parse(written.join("")));
    assert.deepEqual(
      report.results.filter((result) => result.opened || result.unfinished),
      [],
    );
    assert.ok(report.attempts >= 20);
    assert.deepEqual([report.opened, report.unfinished, report.control.opened, left], [0, 0, true, [0]]);
    const { state } = await openSession({ json: true, profile }, desk.context);
    assert.deepEqual(state.facts[0]?.body.fact, {
      kind: "drill",
      attempts: report.attempts,
      opened: 0,
      unfinished: 0,
    });
    assert.equal(state.facts[0]?.index, report.ledgerIndex);
  } finally {
    await gate.close();
  }
});

test("a gateway whose signature check is switched off makes the drill report one that opened", async () => {
  const primitives = { ...nodePrimitives, verify: async () => true };
  const report = await runDrill({ version: "test", seams: { primitives } });
  const opened = report.results.filter((result) => result.opened).map(({ name }) => name);
  assert.deepEqual([report.opened, opened], [1, ["forged-lease"]]);
  const alarms = loudLines(report.results).filter((line) => line.startsWith("ALARM, OPENED: "));
  assert.equal(alarms.length, 1);
  assert.match(alarms[0] ?? "", /forged-lease/);
});

function knockOf(reply: Partial<Knock["reply"]>, asked = 0): Knock {
  const nothing = { status: 0, text: "", code: null, reason: null, message: "", id: null, receipt: null };
  return { reply: { ...nothing, ...reply }, asked };
}

test("a door closed for another reason is no lock that held", () => {
  const expired = knockOf({ status: 403, code: "stage_closed", reason: "withheld" });
  assert.throws(() => judgeKnock(expired, ["stage_closed:expired"]), Unfinished);
  assert.equal(judgeKnock(expired, ["stage_closed:withheld"]).opened, false);
});

test("a refusal counts as opened when the model was asked behind it", () => {
  assert.equal(judgeKnock(knockOf({ status: 403, code: "stage_closed" }, 1), ["stage_closed"]).opened, true);
});

test("an attempt that breaks on the way is unfinished, and neither stopped nor opened", async () => {
  const breaks: Attempt = {
    name: "breaks",
    attempted: "Something that cannot be done.",
    make: async ({ desk }) => {
      await need(desk.run(["release", "status", "nothing"]), z.unknown());
      throw new Error("not reached");
    },
  };
  const options = { server: "http://127.0.0.1:1", dataPlane: "http://127.0.0.1:1", codeFile: "", version: "test" };
  const desk = openDesk({ ...options, stateFolder: scratch });
  const result = await makeAttempt(breaks, wholeOf({ desk }));
  assert.deepEqual([result.opened, result.unfinished], [false, true]);
  assert.match(loudLines([result]).join("\n"), /^NOT SHOWN, unfinished: breaks: ./);
});

test("a text that came late counts as opened, unless it was this process that stood still", () => {
  const late = { finish: "content_filter", lateMs: 1_400, stalledMs: 20 };
  assert.equal(judgeStream({ ...late, lateMs: -3 }).opened, false);
  assert.equal(judgeStream(late).opened, true);
  assert.throws(() => judgeStream({ ...late, stalledMs: 900 }), Unfinished);
  assert.equal(judgeStream({ finish: "stop", lateMs: 0, stalledMs: 900 }).opened, true);
});

function absent(): never {
  throw new Error("this ground has only a desk");
}

/** A ground of which only the desk is asked; whatever else is touched fails. */
function wholeOf(ground: Pick<Ground, "desk">): Ground {
  return {
    desk: ground.desk,
    get gate() {
      return absent();
    },
    owner: "",
    safety: "",
    caller: "",
    later: "",
    permit: "",
    options: { registry: shippedSafeguards(), version: "test" },
    freshFolder: absent,
    openFolder: "",
    heldFolder: "",
    seams: { primitives: nodePrimitives },
  };
}

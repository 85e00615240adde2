// One sequence: the beginning, some events, and after each of them the play and the oracle side by side. At the end everything is put in
// order, through the desk alone, and then whoever was granted the model has to be served: what is in order is never stuck closed.
import assert from "node:assert/strict";
import { type Player, digestOfLabel } from "../../../src/acts/fixtures.ts";
import type { Act } from "../../../src/acts/statement.ts";
import { holdsOn, latestCertificate } from "../../../src/acts/state.ts";
import { Instant } from "../../../src/terms/ids.ts";
import { chanceOf } from "../../fuzz/seeded.ts";
import { type EventName, drafted, events, signOff, someEvent } from "./events.ts";
import { isAsPlanned, isEarned } from "./oracle/desk.ts";
import { hear } from "./oracle/hear.ts";
import { type Oracle, openOracle } from "./oracle/memory.ts";
import { counts } from "./oracle/rules.ts";
import { mayBeServed, mayRunNow } from "./oracle/serving.ts";
import {
  type Play,
  type Said,
  documentsOf,
  isPermitted,
  isServed,
  openPlay,
  organisationOf,
  sign,
  submit,
  write,
} from "./play.ts";
import { run } from "./runs.ts";
import { type Scene, say } from "./scene.ts";
import { callers, cast, models } from "./stage-plans.ts";

/** What was reached, over all sequences: campaigns in which nothing opens would say nothing. */
interface Reached {
  sequences: number;
  acts: number;
  certificates: number;
  beyond: number;
  refusedByDesk: number;
  refusedByFold: number;
  served: number;
  closed: number;
  events: Map<string, number>;
}

function nothingReached(): Reached {
  return {
    sequences: 0,
    acts: 0,
    certificates: 0,
    beyond: 0,
    refusedByDesk: 0,
    refusedByFold: 0,
    served: 0,
    closed: 0,
    events: new Map(),
  };
}

/** Something in a play that breaks on purpose, after each act, to see that it is found out. */
export type Sabotage = (play: Play) => void;

const reason = digestOfLabel("reason");

interface Under {
  readonly play: Play;
  readonly oracle: Oracle;
  readonly reached: Reached;
  readonly sabotage: Sabotage | undefined;
}

/** Plays `count` sequences from a seed on; throws at the first in which play and oracle differ, or where too little was reached. */
export function playMany(from: number, count: number): Reached {
  const reached = nothingReached();
  for (let seed = from; seed < from + count; seed += 1) playSequence(seed, reached);
  const { certificates, beyond, refusedByDesk, refusedByFold, served, sequences } = reached;
  const least = [
    certificates - sequences,
    beyond - sequences,
    refusedByDesk - sequences,
    refusedByFold - sequences / 2,
  ];
  assert.ok(
    [...least, served].every((one) => one > 0),
    `the sequences reach too little: ${said(reached)}`,
  );
  return reached;
}

/** One line for people. */
export function said({ events: happened, ...sums }: Reached): string {
  return `${JSON.stringify(sums)} ${JSON.stringify(Object.fromEntries(happened))}`;
}

/** The seed, among so many, at which a broken play is found out; undefined where it never is. */
export function foundOutAt(sabotage: Sabotage, seeds: number): number | undefined {
  const reached = nothingReached();
  for (let seed = 1; seed <= seeds; seed += 1) {
    try {
      playSequence(seed, reached, sabotage);
    } catch {
      return seed;
    }
  }
  return undefined;
}

/** Plays one sequence; throws, with its seed and its story, where play and oracle differ. */
function playSequence(seed: number, reached: Reached, sabotage?: Sabotage): void {
  const story: string[] = [];
  const chance = chanceOf(seed);
  const play = openPlay();
  const under: Under = { play, oracle: openOracle(), reached, sabotage };
  for (const act of play.entries)
    assert.ok(hear(under.oracle, act), `the oracle refuses the beginning at ${act.predicate.verb}`);
  const versions = new Map(models.map((model) => [model, 0] as const));
  const put = (act: Act, how: "desk" | "ledger"): boolean => putBoth(under, act, { how, story });
  const scene = (): Scene => ({
    play,
    chance,
    put,
    model: chance.oneIn(4) ? (models[1] ?? chance.pick(models)) : (models[0] ?? chance.pick(models)),
    versions,
  });
  try {
    const length = 6 + chance.below(14);
    for (let at = 0; at < length; at += 1) {
      const name: EventName = someEvent(chance);
      story.push(name);
      reached.events.set(name, (reached.events.get(name) ?? 0) + 1);
      events[name](scene());
      compare(under, chance.oneIn(4));
    }
    story.push("everything is put in order");
    putInOrder({ ...scene(), model: models[0] ?? chance.pick(models) }, under);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Error(`seed ${seed}: ${error.message}\n  ${story.join("\n  ")}`, { cause: error });
  }
  reached.sequences += 1;
  reached.acts += play.entries.length;
  const certificates = [...play.state.certificates.values()].flat();
  reached.certificates += certificates.length;
  reached.beyond += certificates.filter(({ release }) => release.stage !== "internal").length;
}

interface How {
  readonly how: "desk" | "ledger";
  readonly story: string[];
}

/** Puts an act before the desk or into the ledger, and asks the oracle what should come of it. */
function putBoth(under: Under, act: Act, { how, story }: How): boolean {
  const { play, oracle, reached, sabotage } = under;
  const { verb, at } = act.predicate;
  const isTold =
    how === "ledger" ? counts(oracle, act) : counts(oracle, act, play.now) && isWellSaid(oracle, act, play);
  const isTaken = how === "ledger" ? write(play, act) : submit(play, act);
  sabotage?.(play);
  const line = `${how} ${verb} dated ${at} at ${new Date(play.now).toISOString()}`;
  story.push(`  ${line}: ${isTaken ? "taken" : "refused"}`);
  assert.equal(
    isTaken,
    isTold,
    `the ${how} ${isTaken ? "takes" : "refuses"} a ${verb} that the oracle ${isTold ? "takes" : "refuses"}`,
  );
  // What the desk refuses is not written down; what is in the ledger was heard, whether it counts or not.
  if (how === "ledger" || isTaken) hear(oracle, act);
  if (!isTaken) reached[how === "desk" ? "refusedByDesk" : "refusedByFold"] += 1;
  return isTaken;
}

/** That a release says what its plan says, and that its stage was earned. */
function isWellSaid(oracle: Oracle, { predicate }: Act, { runs, now }: Play): boolean {
  if (predicate.verb === "proposal") return isAsPlanned(oracle, predicate.body.release, oracle.index);
  if (predicate.verb !== "certificate") return true;
  const { release } = predicate.body;
  const at = oracle.proposed.get(release.proposal)?.at ?? oracle.index;
  return isAsPlanned(oracle, release, at) && isEarned(oracle, release, { now, runs });
}

/** Every caller at every model, and now and then every run, as the gateway sees it and as the oracle does. */
function compare({ play, oracle, reached }: Under, withRuns: boolean): void {
  const looking = { now: play.now, early: play.early };
  for (const model of models)
    for (const caller of callers) {
      const isOpen = isServed(play, caller, model);
      const may = mayBeServed(oracle, { caller, model }, looking);
      assert.equal(
        isOpen,
        may,
        `${caller.organisation} is ${isOpen ? "" : "not "}served ${model}, and may ${may ? "" : "not "}be`,
      );
      reached[isOpen ? "served" : "closed"] += 1;
    }
  assert.equal(play.state.restrictions.size, oracle.restrictions, "a restriction vanished that nobody lifted");
  if (!withRuns) return;
  for (const { hash, model } of play.state.permits.values())
    assert.equal(isPermitted(play, hash, model), mayRunNow(oracle, hash, looking), `a run at ${model}`);
}

function mustSay(scene: Scene, what: Said, by: Player): void {
  assert.ok(say(scene, what, { by: [by] }), `stuck: ${what.verb} is refused`);
}

/** Everything in order, step by step, by the people who are left: each step has to be recorded, and in the end the door is open. */
function putInOrder(scene: Scene, under: Under): void {
  const { play, chance, model, versions } = scene;
  const { cy, dee, ash } = cast;
  play.early.length = 0;
  play.now = Instant.parse(play.now + 60_000);
  for (const { incident, severity, state, model: of } of play.state.incidents.values()) {
    if (state === "closed") continue;
    const fact = {
      kind: "incident",
      incident,
      severity,
      state: "closed",
      summary: reason,
    } as const;
    mustSay(scene, { verb: "fact", body: { fact, model: of } }, cy);
  }
  for (const caller of callers) mustSay(scene, organisationOf(play, caller), cy);
  const number = (versions.get(model) ?? 0) + 1;
  // Strict plans take two safety leads, of whom one may be gone for good.
  mustSay(scene, documentsOf(model, { number, plan: "plain" }), cy);
  run(scene, "clean", { by: [ash] });
  const held = holdsOn(play.state, model).map(({ hold }) => hold);
  const stage = chance.pick(["trusted", "limited"] as const);
  const release = drafted(scene, stage, held);
  assert.ok(release !== undefined, "stuck: nothing to propose");
  play.now = Instant.parse(play.now + 1000);
  const proposal = sign(play, { verb: "proposal", body: { release } }, { by: [cy] });
  assert.ok(scene.put(proposal, "desk"), "stuck: the proposal is refused");
  for (const player of [cy, dee, ash])
    assert.ok(signOff(scene, proposal, { verdict: "for", player }), "stuck: a sign-off is refused");
  mustSay(scene, { verb: "certificate", body: { release } }, cy);
  takeAllSteps(scene);
  compare(under, true);
  for (const caller of callers.filter(
    ({ type }) => type === "partner" || (type === "developer" && stage === "limited"),
  ))
    assert.ok(isServed(play, caller, model), `stuck closed: ${caller.organisation} at ${stage}`);
}

function takeAllSteps(scene: Scene): void {
  const { play, model } = scene;
  const release = latestCertificate(play.state, model)?.release;
  const steps = release?.conditions.share?.steps ?? [];
  for (;;) {
    const now = release === undefined ? 0 : (play.state.steps.get(release.certificate)?.step ?? 0);
    if (release === undefined || now + 1 >= steps.length) return;
    assert.ok(
      say(
        scene,
        { verb: "widen", body: { certificate: release.certificate, step: now + 1, reason } },
        { by: [cast.cy] },
      ),
      "stuck: a step is refused",
    );
  }
}

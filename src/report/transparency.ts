// The transparency page: a static page and the same as JSON, made from the fold. What each public model's stage is, what is
// still to be shown, who can open the gate, what holds, what was drilled, and what none of this proves. No scripts, no
// names, no free text.
import type { State } from "../acts/state.ts";
import { type Records, candidatePlan } from "../release/records.ts";
import { type Status, statusOf } from "../release/status.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, timestampOf } from "../terms/ids.ts";
import { type Transparency, renderPage } from "./transparency-page.ts";

/** Said where the claim is made. */
const limits = [
  "Keys signed, not people: two signatures show two keys, not that two people looked.",
  "This shows what passed through here, not that the model has no other door.",
  "A bound holds for prompts like its suite's, not for attackers who adapt to it.",
  "Nobody outside has countersigned this log yet: it is unwitnessed.",
] as const;

export interface TransparencyAsked {
  readonly state: State;
  readonly at: Instant;
  readonly ledgerSize: number;
}

export async function transparencyOf(
  records: Records,
  asked: TransparencyAsked,
): Promise<{ readonly html: string; readonly json: string }> {
  const view = await viewOf(records, asked);
  return { html: renderPage(view), json: `${JSON.stringify(view)}\n` };
}

async function viewOf(records: Records, asked: TransparencyAsked): Promise<Transparency> {
  const { state, at } = asked;
  return {
    format: "headgate-transparency/1",
    at: timestampOf(at),
    deployment: state.deployment ?? null,
    demo: state.root?.body.demo ?? false,
    ledgerSize: asked.ledgerSize,
    witnessed: false,
    models: await publicModels(records, asked),
    floors: Object.entries(state.root?.body.floors ?? {}).map(([stage, seats]) => ({
      stage,
      seats: seats.map(({ role, count }) => `${count} ${role}`).join(" and "),
    })),
    personsForChange: Math.max(state.root?.body.personsForChange ?? 1, state.pairSeen ? 2 : 1),
    persons: countRoles(state),
    drills: state.facts
      .flatMap(({ at: when, body: { fact } }) =>
        fact.kind === "drill"
          ? [
              {
                at: when,
                attempts: fact.attempts,
                opened: fact.opened,
                ...(fact.hold === undefined ? {} : { brakeMs: fact.hold.milliseconds }),
              },
            ]
          : [],
      )
      .slice(-drillsShown),
    reviews: countReviews(state),
    anomalies: state.anomalies.length,
    receiptsLost: state.lost.reduce((sum, { count }) => sum + count, 0),
    limits,
  };
}

const drillsShown = 10;

/** Models whose plan, as applied last, says so. Everything in doubt is left out. */
async function publicModels(records: Records, asked: TransparencyAsked): Promise<readonly Status[]> {
  const models = [...(asked.state.documents.get("Model")?.keys() ?? [])];
  const shown: Status[] = [];
  for (const model of models) {
    const plan = await candidatePlan(records, asked.state, model);
    if (plan?.public !== true) continue;
    const status = await tryStatus(records, { ...asked, model });
    if (status !== undefined) shown.push(status);
  }
  return shown;
}

async function tryStatus(records: Records, asked: Parameters<typeof statusOf>[1]): Promise<Status | undefined> {
  try {
    return await statusOf(records, asked);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function countReviews({ reviewed: { read, allow, refuse } }: State): Transparency["reviews"] {
  return { read, allowed: allow, refused: refuse };
}

function countRoles(state: State): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { role, suspended } of state.persons.values()) if (!suspended) counts[role] = (counts[role] ?? 0) + 1;
  return counts;
}

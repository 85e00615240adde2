// A sealed run with what it was a run of: fetched by digest and checked, for whoever shows it.
import type { Evidence, State } from "../../acts/state.ts";
import { openSealed, type Sample } from "../../evidence/seal.ts";
import { type LoadedItem, openSuite } from "../../evidence/suite.ts";
import type { Suite } from "../../evidence/suite-document.ts";
import { nodePrimitives } from "../../proof/node.ts";
import { Failure } from "../../terms/failure.ts";
import { suiteOf } from "../candidate.ts";
import { evidenceCalled } from "./withdraw.ts";
import { type Session, artefact } from "../session.ts";

export interface OpenedRun {
  readonly evidence: Evidence;
  readonly suite: Suite;
  readonly items: readonly LoadedItem[];
  readonly samples: readonly Sample[];
}

/** Undefined for a report from elsewhere: its samples are of no suite of ours. */
export async function openedRun(session: Session, evidence: Evidence): Promise<OpenedRun | undefined> {
  const { body } = evidence;
  if (body.permit === null) return undefined;
  const suite = await suiteOf(session, body.digests.suite);
  if (suite.content === undefined) return undefined;
  const { items } = openSuite(suite, await artefact(session, suite.content.digest), nodePrimitives);
  const { samples } = openSealed(await artefact(session, body.samples.artefact), body.samples, nodePrimitives);
  return { evidence, suite, items, samples };
}

/** Of a run, or of evidence by its digest. Fails with not_found, and with request_invalid for a report from elsewhere. */
export async function openedRunCalled(session: Session, state: State, wanted: string): Promise<OpenedRun> {
  const found = await openedRun(session, evidenceCalled(state, wanted));
  if (found !== undefined) return found;
  throw new Failure("request_invalid", `${wanted} is a report from elsewhere: there are no items to look at.`);
}

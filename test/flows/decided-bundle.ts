// Support for tests of bundles: the bundle of a decision that was really made, as `headgate bundle` saves it.
import assert from "node:assert/strict";
import { routes } from "../../src/control/contract.ts";
import { toUtf8 } from "../../src/proof/encoding.ts";
import { nodePrimitives } from "../../src/proof/node.ts";
import { Bundle } from "../../src/report/bundle-file.ts";
import { judgedPart } from "../../src/report/bundle-parts.ts";
import { examineBundle } from "../../src/report/verify-bundle.ts";
import type { Release } from "../../src/acts/bodies.ts";
import { type Desk, type Member, get } from "./control-desk.ts";

/** With the reasons, as one of those who may read them gets it. */
export async function savedBundle(desk: Desk, release: Release, reader: Member): Promise<Uint8Array> {
  const bundle = Bundle.parse((await get(desk, routes.bundle.replace(":proposal", release.proposal), reader)).json);
  const at = desk.now();
  const options = { pin: undefined, plan: undefined, primitives: nodePrimitives, at };
  const { verification, decided } = await examineBundle(bundle, options);
  assert.ok(verification.judgement !== null && decided?.certificate !== undefined, verification.firstDifference ?? "");
  return toUtf8(JSON.stringify({ ...bundle, judged: judgedPart(verification.judgement, decided.certificate.at) }));
}

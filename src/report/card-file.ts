// A release card as a file: its bundle is verified once more, what the gate comes to is written into it, and the page is made around it with
// the modules that check it. Takes some seconds of one processor: a server leaves it to a thread.
import { toUtf8 } from "../proof/encoding.ts";
import { nodePrimitives, randomId } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { type Instant, timestampOf } from "../terms/ids.ts";
import { type Bundle, parseBundle } from "./bundle-file.ts";
import { judgedPart } from "./bundle-parts.ts";
import { cardModules } from "./card-modules.ts";
import { pageOfCard } from "./card-page.ts";
import { cardOf } from "./release-card.ts";
import { examineBundle } from "./verify-bundle.ts";

/** Whose root it is says whoever verifies it. */
const nobodysWord = { pin: undefined, plan: undefined, primitives: nodePrimitives } as const;

/**
 * The bundle with what its gate comes to, so that whoever verifies the file says where they come to something else. Fails with proof_invalid
 * where it does not verify.
 */
export async function judgedBundle(bytes: Uint8Array, at: Instant): Promise<Uint8Array> {
  const bundle: Bundle = parseBundle(bytes);
  const { verification, decided } = await examineBundle(bundle, { ...nobodysWord, at });
  const { judgement, firstDifference } = verification;
  if (judgement === null)
    throw new Failure("proof_invalid", `What the server gave does not verify. ${firstDifference}.`);
  const judged = judgedPart(judgement, decided?.certificate?.at ?? timestampOf(at));
  return toUtf8(JSON.stringify({ ...bundle, judged }));
}

/** The page that carries a judged bundle. */
export async function cardFile(bundle: Uint8Array): Promise<Uint8Array> {
  const card = await cardOf(bundle, nodePrimitives);
  return toUtf8(pageOfCard({ card, bundle, modules: cardModules(), nonce: randomId("", 32) }));
}

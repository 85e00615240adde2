// The card the demo ends with: everything needed to go on by hand, in lines that can be pasted.
import path from "node:path";
import type { StatusView } from "../../control/contract.ts";
import type { Cast } from "./cast.ts";
import { modelName } from "./cast.ts";
import { showLinks } from "./console-links.ts";
import type { Ending } from "./folder.ts";

interface Card {
  readonly ending: Ending;
  readonly status: StatusView | undefined;
  /** The proposal of the next stage that lacks the reader's signature. */
  readonly proposal: string | null;
}

const endings = {
  released: "Open. The gate stays up until you stop it (Ctrl-C).",
  refused: "Shut, because you refused. The server stays up until you stop it (Ctrl-C).",
  withheld: "Withheld: the gate has not passed. The server stays up until you stop it (Ctrl-C).",
  "no-model": "No model. The server stays up until you stop it (Ctrl-C).",
} as const satisfies Record<Ending, string>;

const held = "Stopped, by a hold that stands. The server stays up until you stop it (Ctrl-C).";

export async function showCard(cast: Cast, { ending, status, proposal }: Card): Promise<void> {
  const { screen, partner, serving, folder } = cast;
  const isHeld = ending === "released" && status !== undefined && status.holds.length > 0;
  screen.head(isHeld ? held : endings[ending]);
  if (ending === "no-model") screen.say(withoutModel);
  screen.exact(`key            ${partner.secret}`);
  if (ending !== "released" || isHeld)
    screen.say("A request with it is refused, with the reason, as long as the gate is shut:");
  screen.exact(curlLine(partner.dataPlane, partner.secret));
  screen.exact(`record         ${serving.dataPlane}/transparency`);
  screen.exact(`control plane  ${serving.controlPlane}`);
  await showLinks(cast);
  if (isHeld) showReopening(cast);
  else if (status !== undefined && proposal !== null) showNext(cast, status, proposal);
  screen.exact("your own model stop this, then: ./bin/headgate serve · init · connect URL");
  screen.exact(`play again     stop this, then: ./bin/headgate demo erase && npm start`);
  screen.say(
    `This is a DEMO: its root is marked so, its keys lie in ${folder.keys}, and no real deployment takes them.`,
  );
}

function curlLine(dataPlane: string, secret: string): string {
  const body = `{"model":"${modelName}","messages":[{"role":"user","content":"Why do boats need locks?"}],"max_tokens":64}`;
  return `curl ${dataPlane}/v1/chat/completions -H "authorization: Bearer ${secret}" -d '${body}'`;
}

const withoutModel =
  "What works without one: keys, documents, people, holds, the ledger, the record, the drill. What does not: evaluation, " +
  "and so any release; requests are refused as withheld. Start again to fetch the model, or name a copy in HEADGATE_MODEL_FILE.";

/** No one person undoes a hold, and the demo does not. */
function showReopening({ screen, folder }: Cast): void {
  screen.say(
    "To reopen it, propose so on the page Release of the console and sign as you and as Ada; Ada advances. Or:",
  );
  screen.exact(`  ./bin/headgate release resume ${modelName} --profile ${path.relative(".", folder.safety)}`);
}

/** The next stage is left one signature short. */
function showNext({ screen, folder }: Cast, { requirements, next }: StatusView, proposal: string): void {
  const lacking = requirements.filter(({ verdict, kind }) => verdict !== "pass" && kind !== "sign-offs");
  const profile = path.relative(".", folder.safety);
  const owner = path.relative(".", folder.owner);
  screen.say(
    lacking.length === 0
      ? `Stage ${next ?? "?"} lacks one signature, yours:`
      : `Stage ${next ?? "?"} lacks your signature and ${lacking.map(({ id, stillToShow }) => `${id} (${stillToShow})`).join(", ")}:`,
  );
  screen.exact(`  ./bin/headgate release sign ${proposal} --reason "…" --profile ${profile}`);
  screen.exact(`  ./bin/headgate release advance ${proposal} --profile ${owner}`);
}

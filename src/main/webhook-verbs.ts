// `headgate webhook`: who is told of what happens, and how far each is behind; and one message now, from the machine of the server,
// to see that it arrives.
import { z } from "zod";
import { type Answer, done, notPassed } from "../cli/answer.ts";
import type { ExtraVerb } from "../cli/program.ts";
import { openSession } from "../cli/session.ts";
import { type Call, addVerb, noOptions, parsed } from "../cli/verb.ts";
import { WebhooksView, routes } from "../control/contract.ts";
import { post } from "../control/webhooks/deliver.ts";
import { openEndpoints } from "../control/webhooks/open-endpoints.ts";
import type { OpenEndpoint } from "../control/webhooks/webhooks.ts";
import { randomId } from "../proof/node.ts";
import { Failure } from "../terms/failure.ts";
import { Name, timestampOf } from "../terms/ids.ts";
import { readConfiguration } from "./configuration.ts";

const TestFlags = z.object({ file: z.string().min(1).optional() });

export const addWebhookVerbs: ExtraVerb = (program, context) => {
  const webhook = program.command("webhook").description("tell other systems what happens here");
  addVerb(webhook, context, {
    usage: "list",
    summary: "who is told of what, and how far each is behind",
    options: noOptions,
    run: list,
  });
  addVerb(webhook, context, {
    usage: "test [endpoint]",
    summary: "send a message that says nothing to one endpoint or to all, now",
    flags: [["--file <file>", "the file of endpoints (default: what HEADGATE_WEBHOOKS names)"]],
    options: TestFlags,
    run: test,
    more: "Run it on the machine of the server, with its environment: the secrets are there. See docs/webhooks.md.",
  });
};

async function list({ base, context }: Call<object>): Promise<Answer> {
  const { client } = await openSession(base, context);
  const view = await client.get(routes.webhooks, WebhooksView);
  if (view.endpoints.length === 0)
    return done(
      view,
      "Nobody is told of what happens here.",
      "see docs/webhooks.md; the server reads HEADGATE_WEBHOOKS",
    );
  return done(view, view.endpoints.map((one) => inWords(one)).join("\n"));
}

function inWords(one: WebhooksView["endpoints"][number]): string {
  const { name, origin, waiting, waitingSince, delivered, givenUp, failing } = one;
  const wait = waiting === 0 ? "nothing waits" : `${waiting} wait, since ${waitingSince ?? "now"}`;
  const last = delivered === null ? "nothing delivered yet" : `last delivered ${delivered}`;
  const lost = givenUp === 0 ? "" : `; ${givenUp} given up in 30 days`;
  const trouble = failing === null ? "" : `; the last try: ${failing}`;
  return `${name}  ${origin}: ${last}; ${wait}${lost}${trouble}`;
}

async function test({ args, options, context }: Call<z.infer<typeof TestFlags>>): Promise<Answer> {
  const { webhooks, secrets } = readConfiguration(process.env);
  const file = options.file ?? webhooks;
  if (file === undefined)
    throw new Failure("request_invalid", "Name the file of endpoints: --file FILE, or set HEADGATE_WEBHOOKS.");
  const endpoints = await openEndpoints(file, {
    secrets: { environment: process.env, folder: secrets },
    ownPorts: new Set(),
  });
  try {
    const chosen = chosenOf(endpoints, args[0]);
    const tried = await Promise.all(chosen.map(async (one) => tryOne(one, context)));
    const text = tried.map(({ endpoint, taken, answer }) => `${taken ? "ok " : "NOT"}  ${endpoint}: ${answer}`);
    const json = { tried };
    return tried.every(({ taken }) => taken) ? done(json, text.join("\n")) : notPassed(json, text.join("\n"));
  } finally {
    await Promise.all(endpoints.map(async ({ pool }) => pool.destroy()));
  }
}

function chosenOf(endpoints: readonly OpenEndpoint[], word: string | undefined): readonly OpenEndpoint[] {
  if (word === undefined) return endpoints;
  const name = parsed(Name, word, "The endpoint");
  const chosen = endpoints.filter((one) => one.name === name);
  if (chosen.length > 0) return chosen;
  const known = endpoints.map((one) => one.name).join(", ");
  throw new Failure("not_found", `There is no endpoint "${name}" in that file; there are: ${known}.`);
}

interface TriedEndpoint {
  readonly endpoint: Name;
  readonly taken: boolean;
  readonly answer: string;
}

async function tryOne(endpoint: OpenEndpoint, context: Call<object>["context"]): Promise<TriedEndpoint> {
  const at = context.now();
  const payload = JSON.stringify({ type: "webhook.test", timestamp: timestampOf(at), data: {} });
  const message = { id: randomId("msg_", 32), payload };
  const signal = context.signal ?? new AbortController().signal;
  const { kind, answer } = await post(endpoint, message, { at, signal });
  return { endpoint: endpoint.name, taken: kind === "taken", answer };
}

// What a release's hours, countries and surfaces come to at a gateway: who is refused and how, and what ends a stream.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { z } from "zod";
import { certify, organisationOf, releaseOf } from "../../src/acts/fixtures.ts";
import type { Release } from "../../src/acts/bodies.ts";
import { openReceipt } from "../../src/acts/receipt.ts";
import { nodePrimitives as primitives } from "../../src/proof/node.ts";
import { toInstant, timestampOf } from "../../src/terms/ids.ts";
import {
  type GatewayWorld,
  ada,
  bo,
  codeOf,
  openGatewayWorld,
  readStream,
  refusalIn,
  said,
  secret,
  small,
  until,
} from "./gateway-world.ts";

const one = await openGatewayWorld();
const two = await openGatewayWorld();
after(async () => {
  await one.close();
  await two.close();
});

async function certifyOn(at: GatewayWorld, conditions: Release["conditions"]): Promise<void> {
  const wanted = { model: small, stage: "trusted", configuration: at.configuration, conditions } as const;
  await certify(at.world, releaseOf(at.world, wanted), [ada, bo]);
  await at.publish();
}

const hourMs = 3_600_000;

async function post(path: string, body: object): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
  return fetch(`${two.url()}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

async function modelsListed(at: GatewayWorld): Promise<readonly string[]> {
  const list = await fetch(`${at.url()}/v1/models`, { headers: { authorization: `Bearer ${secret}` } });
  return z
    .object({ data: z.array(z.object({ id: z.string() })) })
    .parse(await list.json())
    .data.map(({ id }) => id);
}

test("the end of a window ends a running stream and closes the stage until the next one, which the refusal names", async () => {
  const end = Math.floor((one.now() + hourMs) / 60_000) * 60_000;
  const time = (hours: number): string => timestampOf(toInstant(end + hours * hourMs)).slice(11, 16);
  const everyDay = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
  await certifyOn(one, { hours: [{ days: [...everyDay], from: time(-2), to: time(0) }] });
  // A jump of the clock would end the stream by itself: it is set first, and the window ends as the clock goes on.
  one.switches.clockShiftMs = end - one.now() - 5_000;
  await until(() => one.gateway().gateway.follower.closure() === undefined);
  assert.equal((await one.ask(said("x"))).status, 200);
  one.mock.set({ fault: "never-ends" });
  const response = await one.ask(said("words ".repeat(50), { stream: true }));
  assert.equal(response.status, 200);
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  one.mock.set({ fault: undefined });
  const refused = await one.ask(said("x"));
  assert.equal(refused.headers.get("x-should-retry"), "false");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(seconds > 21 * 3600 && seconds <= 22 * 3600 + 60, String(seconds));
  const error = await refusalIn(refused);
  assert.equal(`${error.code}:${String(error.reason)}`, "stage_closed:hours");
  const opensAt = /It opens at (\S+Z)\.$/.exec(error.message)?.[1] ?? "";
  assert.deepEqual(await modelsListed(one), []);
  const told = async (): Promise<string> => {
    const opened = await Promise.all(one.drained.map(async ({ text }) => openReceipt(text, primitives)));
    const closed = opened.flatMap(({ receipt }) => (receipt.why === "stage_closed:hours" ? [receipt.outcome] : []));
    return closed.toSorted().join();
  };
  await until(async () => (await told()) === "refused,stopped");
  // The next day, to the second.
  one.switches.clockShiftMs = Date.parse(opensAt) - one.now() + 1_000;
  await until(() => one.gateway().gateway.follower.closure() === undefined);
  assert.equal((await one.ask(said("x"))).status, 200);
});

test("only the formats among its surfaces are answered, whatever the path, and the model is listed still", async () => {
  await certifyOn(two, { surfaces: ["chat"] });
  assert.equal((await two.ask(said("x"))).status, 200);
  const messages = { model: small, max_tokens: 5, messages: [{ role: "user", content: "x" }] };
  for (const [path, body] of [
    ["/v1/messages", messages],
    ["/v1/messages/count_tokens", { model: small, messages: messages.messages }],
    ["/v1/responses", { model: small, input: "x" }],
    ["/v1/embeddings", { model: small, input: "x" }],
  ] as const) {
    const answer = await post(path, body);
    assert.equal(answer.status, 403, path);
    assert.match(await answer.text(), /This model is not open over this format/, path);
  }
  assert.deepEqual(await modelsListed(two), [small]);
});

test("an organisation is served once its document says a country that is among those of the certificate, and a stream ends when it no longer does", async () => {
  await certifyOn(two, { countries: ["DE"] });
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:country");
  const registerIn = async (country: "DE" | "US"): Promise<void> => {
    const body = { ...organisationOf(two.world, { model: small, stage: "trusted" }), country };
    await two.world.say({ verb: "organisation", body, by: [ada] });
    await two.publish();
  };
  await registerIn("DE");
  two.mock.set({ fault: "never-ends" });
  const response = await two.ask(said("words ".repeat(50), { stream: true }));
  assert.equal(response.status, 200);
  await registerIn("US");
  assert.deepEqual((await readStream(response)).finishes, ["content_filter"]);
  two.mock.set({ fault: undefined });
  assert.equal(await codeOf(await two.ask(said("x"))), "stage_closed:country");
});

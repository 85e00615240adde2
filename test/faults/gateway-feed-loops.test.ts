// The n-th batch, lease, artefact or drained message fails, for all n (loop.ts).
import { describe, test } from "node:test";
import { type GatewayWorld, openGatewayWorld, until } from "../flows/gateway-world.ts";
import { type Failing, failing, forAll, step } from "./loop.ts";

const messages: readonly (readonly [string, (world: GatewayWorld, at: Failing) => void])[] = [
  [
    "batch of the feed",
    ({ switches }, at) => {
      switches.tamperBatch = (batch) => {
        step(at);
        return batch;
      };
    },
  ],
  [
    "lease",
    ({ switches }, at) => {
      switches.tamperLease = (lease) => {
        step(at);
        return lease;
      };
    },
  ],
  [
    "message of the drain before it is recorded",
    ({ switches }, at) => {
      switches.tamperDrain = (when) => {
        if (when === "before") step(at);
      };
    },
  ],
  [
    "message of the drain, whose answer is lost,",
    ({ switches }, at) => {
      switches.tamperDrain = (when) => {
        if (when === "after") step(at);
      };
    },
  ],
];
describe("messages that fail", { concurrency: true }, () => {
  for (const [name, arm] of messages) {
    test(`the n-th ${name} fails, for all n`, async (t) => {
      const world = await openGatewayWorld({ leaseMs: 900 });
      t.after(world.close);
      const at = failing();
      arm(world, at);
      t.diagnostic(`${await forAll({ world, at, isDrained: true })} times`);
    });
  }

  test("the n-th artefact is not delivered after a start, for all n", async (t) => {
    const world = await openGatewayWorld();
    t.after(world.close);
    const at = failing();
    world.switches.tamperArtefact = (bytes) => {
      step(at);
      return bytes;
    };
    const restart = async (): Promise<void> => {
      await world.restart("close");
      await until(() => world.gateway().gateway.recorder.isReady());
    };
    t.diagnostic(`${await forAll({ world, at, isDrained: false, prepare: restart })} times`);
  });
});

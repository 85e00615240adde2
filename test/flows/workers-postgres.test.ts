// The kill switch while the database is away: a hold that one worker is told directly reaches all of them, and
// the ledger once there is one again.
import { test } from "node:test";
import { z } from "zod";
import { need } from "../../src/main/in-process.ts";
import { clusterForTests } from "../postgres/cluster.ts";
import { askOnce, isHeld, openDeployment, until, untilServed, workerPids } from "./processes.ts";

const cluster = await clusterForTests();
if (cluster !== undefined) {
  test("with the database gone a hold stops every worker, and stands in the ledger later", async (t) => {
    const environment = { HEADGATE_WORKERS: "3", HEADGATE_STORE: await cluster.newDatabase() };
    const deployment = await openDeployment({ environment });
    t.after(deployment.close);
    const { desk, owner, key } = deployment;
    await until(() => workerPids(deployment.server).size === 3, 30_000);
    await untilServed(deployment.dataPlane(), key);
    const ask = async (): Promise<readonly string[]> =>
      Promise.all(Array.from({ length: 12 }, async () => (await askOnce(deployment.dataPlane(), key)).body));
    await cluster.crash();
    const said = z.object({ hold: z.string(), gateway: z.literal(true), recorded: z.literal(false) });
    const hold = desk.run(["release", "hold", "m", "--reason", "test", "--profile", owner]);
    const { hold: id } = await need(hold, said);
    await until(async () => (await ask()).every(isHeld));
    await cluster.start();
    const holds = z.object({ holds: z.array(z.object({ hold: z.string() })) });
    await until(async () => {
      const status = await desk.run(["release", "status", "m", "--profile", owner]);
      return holds.safeParse(status.json).data?.holds.some((one) => one.hold === id) === true;
    });
    // Nobody serves in between: it stands in every worker's mark, and then in the ledger.
    await until(async () => (await ask()).every(isHeld));
  });
}

// A data folder on a small file system of its own that really is full: writes fail as the system lets them fail, for the
// store, the spool and the mark alike. The other tests of full disks make single writes fail inside the process.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { z } from "zod";
import { type Answer, type Deployment, askOnce, openDeployment } from "../flows/processes.ts";

const disk = mkdtempSync(path.join(tmpdir(), "hg-disk-"));
const filler = path.join(disk, "filler");
let isMounted = false;
let deployment: Deployment | undefined;

before(async () => {
  isMounted = mount();
  if (!isMounted) return;
  const keys = path.join(tmpdir(), `${path.basename(disk)}-keys`);
  deployment = await openDeployment({ environment: { HEADGATE_DATA: path.join(disk, "data"), HEADGATE_KEYS: keys } });
});
after(async () => {
  await deployment?.close();
  if (isMounted) execFileSync("umount", [disk]);
  rmSync(disk, { recursive: true, force: true });
  rmSync(`${disk}-keys`, { recursive: true, force: true });
});

/** False where this user may not mount: that takes root, and a container that was given as much. */
function mount(): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", disk], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Writes until not one byte more finds room. */
function fill(): void {
  const file = openSync(filler, "a");
  for (let size = 1 << 20; size >= 1;) {
    try {
      writeSync(file, Buffer.alloc(size));
    } catch (error) {
      assert.ok(error instanceof Error && "code" in error && error.code === "ENOSPC", String(error));
      size >>= 1;
    }
  }
  closeSync(file);
}

async function until(deployed: Deployment, isThere: (answer: Answer) => boolean): Promise<Answer> {
  const end = performance.now() + 60_000;
  for (;;) {
    const answer = await askOnce(deployed.dataPlane(), deployed.key);
    if (isThere(answer) || performance.now() > end) return answer;
  }
}

const Held = z.object({ hold: z.string(), gateway: z.literal(true) });

test("on a disk that is full nothing is served, a hold works, and is there after a kill and a restart", async (t) => {
  // Mounting takes root; CI has it, and counts what is skipped as failed.
  if (deployment === undefined) return t.skip("no file system can be mounted here");
  assert.equal((await askOnce(deployment.dataPlane(), deployment.key)).status, 200);
  fill();
  // What had room before the last block was full may still be served; each with its receipt.
  const closed = await until(deployment, ({ status, receipt }) => {
    assert.ok(status !== 200 || receipt !== null);
    return status === 503;
  });
  assert.match(closed.body, /"code":"gateway_closed"/);
  const { desk, owner } = deployment;
  const held = await desk.run(["release", "hold", "m", "--reason", "the disk is full", "--profile", owner]);
  assert.equal(held.exit, 0, held.told);
  Held.parse(held.json);
  await deployment.server.stop("SIGKILL");
  rmSync(filler);
  await deployment.serve();
  const answer = await until(deployment, ({ status }) => status !== 503);
  assert.equal(answer.status, 403, answer.body);
  assert.match(answer.body, /"reason":"held"/);
  const verified = await desk.run(["ledger", "verify", "--url", `${deployment.dataPlane()}/log`, "--profile", owner]);
  assert.equal(verified.exit, 0, verified.told);
});

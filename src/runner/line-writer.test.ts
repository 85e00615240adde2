import assert from "node:assert/strict";
import { test } from "node:test";
import { type Disk, lineWriter } from "./line-writer.ts";

interface Tried extends Disk {
  readonly text: () => string;
  readonly syncs: () => number;
}

/** Fails from the n-th call of append or sync on, having written half of what it was given. */
function diskThatFails(step: "append" | "sync", from: number, code = "ENOSPC"): Tried {
  let [text, synced, appends] = ["", 0, 0];
  const full = (): Error => Object.assign(new Error("no"), { code });
  return {
    append: async (bytes) => {
      appends += 1;
      const isFull = step === "append" && appends >= from;
      text += Buffer.from(isFull ? bytes.subarray(0, bytes.length / 2) : bytes).toString();
      if (isFull) throw full();
    },
    sync: async () => {
      synced += 1;
      if (step === "sync" && synced >= from) throw full();
    },
    close: async () => undefined,
    text: () => text,
    syncs: () => synced,
  };
}

test("lines of one turn go out together, in their order, and each is told once it is on disk", async () => {
  const disk = diskThatFails("append", Infinity);
  const writer = lineWriter("run", disk);
  await Promise.all(["a", "b", "c"].map(async (line) => writer.write(line)));
  assert.deepEqual([disk.text(), disk.syncs()], ["a\nb\nc\n", 1]);
  await writer.write("d");
  assert.deepEqual([disk.text(), disk.syncs()], ["a\nb\nc\nd\n", 2]);
});

for (const step of ["append", "sync"] as const)
  test(`once ${step} fails nothing more is written, and every line since has failed`, async () => {
    for (let from = 1; from <= 4; from += 1) {
      const disk = diskThatFails(step, from);
      const writer = lineWriter("run", disk);
      const told = [];
      for (const line of ["one", "two", "three", "four"]) {
        told.push(
          await writer.write(line).then(
            () => "kept",
            (error: unknown) => (error instanceof Error && "code" in error ? error.code : "other"),
          ),
        );
      }
      assert.deepEqual(told, ["kept", "kept", "kept", "kept"].fill("disk_full", from - 1));
      const before = disk.text();
      await assert.rejects(writer.write("five"), { code: "disk_full" });
      await writer.close();
      assert.equal(disk.text(), before);
    }
  });

test("a disk that fails in another way is said to, and a line that nobody waits for harms no process", async () => {
  const writer = lineWriter("run", diskThatFails("sync", 1, "EIO"));
  const unwaited = writer.write("one");
  unwaited.catch(() => undefined);
  await assert.rejects(writer.write("two"), { code: "store_unavailable" });
  await writer.close();
});

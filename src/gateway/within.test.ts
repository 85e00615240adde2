// That waiting for the other side ends when it should, and leaves nothing behind on a signal that lives as long as the process.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { sleep, unlessAborted } from "./within.ts";

test("a pause that is over leaves nothing on its signal, and so does an answer that came", async () => {
  const { signal } = new AbortController();
  await sleep(1, signal);
  assert.equal(await unlessAborted(Promise.resolve("came"), signal), "came");
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("a pause ends with its signal, and is none where that was aborted before", async () => {
  const stop = new AbortController();
  const pause = sleep(600_000, stop.signal);
  stop.abort();
  await pause;
  await sleep(600_000, stop.signal);
  assert.deepEqual(getEventListeners(stop.signal, "abort"), []);
});

// How requests share the model's context. What the model then says is in embedded.test.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { oneByOne } from "./llama.ts";

test("a batch holds tokens of one request only, the one that waits longest, and no more than fit", () => {
  const first = { tokens: Array.from({ length: 700 }, (_, at) => at) };
  const second = { tokens: [7] };
  const take = oneByOne.itemPrioritizationStrategy;
  assert.deepEqual(take({ items: [first, second], size: 512 }), [{ item: first, processAmount: 512 }]);
  assert.deepEqual(take({ items: [second, first], size: 512 }), [{ item: second, processAmount: 1 }]);
  assert.deepEqual(take({ items: [], size: 512 }), []);
});

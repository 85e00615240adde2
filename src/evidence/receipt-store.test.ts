import assert from "node:assert/strict";
import { test } from "node:test";
import { digestOfText } from "../proof/digest.ts";
import { nodePrimitives as primitives } from "../proof/node.ts";
import { piecesAtOnce } from "../store/breathe.ts";
import { migrate } from "../store/migrations.ts";
import { schema } from "../store/schema.ts";
import { openSqlite } from "../store/sqlite.ts";
import { Instant, ReceiptId } from "../terms/ids.ts";
import { findReceipt, keepInterval } from "./receipt-store.ts";

test("a large interval is kept with pauses, in which the event loop is served, and whole", async (t) => {
  const database = await openSqlite(":memory:");
  t.after(async () => database.close());
  await migrate(database, schema);
  const count = 10 * piecesAtOnce;
  const receipts = Array.from({ length: count }, (_, at) => ({
    id: ReceiptId.parse(`rcpt_${String(at).padStart(24, "0")}`),
    text: `receipt ${at}`,
    digest: digestOfText(`receipt ${at}`, primitives),
    at: Instant.parse(at),
    permit: null,
    item: null,
  }));
  const interval = { root: digestOfText("root", primitives), leaves: [], ledgerIndex: 0 };
  let turns = 0;
  let isKept = false;
  const turn = (): void => {
    turns += 1;
    if (!isKept) setImmediate(turn);
  };
  setImmediate(turn);
  await database.transaction(async (transaction) => keepInterval(transaction, interval, receipts));
  isKept = true;
  assert.ok(turns >= 9, `${turns} turns of the loop`);
  for (const { id, text } of receipts) assert.equal(await findReceipt(database, id), text);
});

// The first half of the campaign: in two files, so that two cores share it.
import { test } from "node:test";
import { playMany, said } from "./sequence.ts";

test("the first 5,000 sequences: nobody is served above what judge and quorum allow, and what is in order opens", (t) => {
  t.diagnostic(said(playMany(1, 5_000)));
});

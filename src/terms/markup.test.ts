import assert from "node:assert/strict";
import { test } from "node:test";
import { escaped } from "./markup.ts";

test("nothing that is escaped ends a text, a tag or an attribute, and what was escaped before is text, too", () => {
  assert.equal(escaped(`</p><a b='c' d="e">&lt;`), "&lt;/p&gt;&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;lt;");
});

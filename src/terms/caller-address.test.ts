import assert from "node:assert/strict";
import { test } from "node:test";
import { callerAddress } from "./caller-address.ts";
import { Network } from "./network.ts";

const proxies = [Network.parse("10.0.0.0/8"), Network.parse("::1/128")];
const from = (remote: string | undefined, forwarded?: string | readonly string[]): string | undefined =>
  callerAddress({ remote, forwarded }, proxies);

test("without a proxy the socket's address counts, whatever a header says", () => {
  assert.equal(from("192.0.2.1", "198.51.100.1"), "192.0.2.1");
  assert.equal(callerAddress({ remote: "10.0.0.1", forwarded: "198.51.100.1" }, []), "10.0.0.1");
  assert.equal(from(undefined, "198.51.100.1"), undefined);
});

test("behind a proxy the last hop that is no proxy counts, not what the caller wrote before it", () => {
  assert.equal(from("10.0.0.1", "198.51.100.1"), "198.51.100.1");
  assert.equal(from("::ffff:10.0.0.1", "203.0.113.9, 198.51.100.1"), "198.51.100.1");
  assert.equal(from("::1", "203.0.113.9, 198.51.100.1, 10.1.2.3"), "198.51.100.1");
  assert.equal(from("10.0.0.1", ["203.0.113.9", "198.51.100.1"]), "198.51.100.1");
});

test("a proxy that says nothing is the caller itself, and one that says nonsense makes nobody one", () => {
  assert.equal(from("10.0.0.1"), "10.0.0.1");
  assert.equal(from("10.0.0.1", "10.0.0.2"), undefined);
  assert.equal(from("10.0.0.1", "198.51.100.1, unknown"), "unknown", "which lies in no network");
  assert.equal(from("10.0.0.1", Array.from({ length: 40 }, () => "198.51.100.1").join(",")), undefined);
});

// Addresses and networks against node's own list, which the gateway does not use, and against the forms that trick parsers.
import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { test } from "node:test";
import { assert as holds, ipV4, ipV6, nat, property } from "fast-check";
import { Network, hostNetwork, isInNetworks } from "./network.ts";

const isIn = (address: string, ...networks: string[]): boolean =>
  isInNetworks(
    address,
    networks.map((text) => Network.parse(text)),
  );

test("an address lies in its network and not in the next", () => {
  assert.ok(isIn("192.0.2.200", "192.0.2.0/24"));
  assert.ok(!isIn("192.0.3.0", "192.0.2.0/24"));
  assert.ok(isIn("2001:db8:1::5", "2001:db8::/32"));
  assert.ok(!isIn("2001:db9::5", "2001:db8::/32"));
  assert.ok(isIn("198.51.100.7", "192.0.2.0/24", "198.51.100.7/32"));
  assert.ok(isIn("10.0.0.1", "0.0.0.0/0") && isIn("::1", "::/0") && isIn("::1", "::1/128"));
});

test("an IPv4 address carried in IPv6 is that IPv4 address, and no IPv6 network holds it", () => {
  assert.ok(isIn("::ffff:192.0.2.9", "192.0.2.0/24") && isIn("::ffff:c000:209", "192.0.2.0/24"));
  assert.ok(!isIn("::ffff:192.0.2.9", "::/0"));
  assert.ok(!isIn("192.0.2.9", "::/0") && !isIn("::1", "0.0.0.0/0"));
});

test("what is no address lies in no network, not even in all of them", () => {
  const wrong = [
    "",
    "unknown",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "1::2::3",
    ":::",
    "::1%eth0",
    "1.2.3.4 ",
  ];
  for (const text of wrong) assert.ok(!isIn(text, "0.0.0.0/0", "::/0"), text);
  assert.ok(!isInNetworks(undefined, [Network.parse("0.0.0.0/0"), Network.parse("::/0")]));
});

test("a network with bits after its prefix, a prefix too long, or none, is refused", () => {
  const wrong = ["192.0.2.1/24", "192.0.2.0/33", "192.0.2.0", "2001:db8::1/32", "::/129", "::ffff:1.2.3.0/120", "x/8"];
  for (const text of wrong) assert.ok(!Network.safeParse(text).success, text);
});

test("one host is the network of its address alone", () => {
  assert.equal(hostNetwork("10.1.2.3"), "10.1.2.3/32");
  assert.equal(hostNetwork("::ffff:10.1.2.3"), "10.1.2.3/32");
  assert.equal(hostNetwork("::1"), "::1/128");
  assert.equal(hostNetwork("localhost"), undefined);
});

const agreesWithNode = (family: "ipv4" | "ipv6", bits: number) => (base: string, other: string, length: number) => {
  const list = new BlockList();
  const prefix = length % (bits + 1);
  list.addSubnet(base, prefix, family);
  const network = cleared(base, prefix);
  if (network === undefined) return;
  for (const address of [base, other]) assert.equal(isIn(address, network), list.check(address, family), network);
};

test("addresses are told in and out of networks as node tells them", () => {
  holds(property(ipV4(), ipV4(), nat(), agreesWithNode("ipv4", 32)), { seed: 1, numRuns: 500 });
  holds(property(ipV6(), ipV6(), nat(), agreesWithNode("ipv6", 128)), { seed: 1, numRuns: 500 });
});

/** The network of an address at a prefix, by big integers; undefined for what carries an IPv4 address. */
function cleared(address: string, prefix: number): string | undefined {
  if (!address.includes(":")) {
    const value = address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    const kept = (value >> BigInt(32 - prefix)) << BigInt(32 - prefix);
    return `${[24n, 16n, 8n, 0n].map((shift) => (kept >> shift) & 255n).join(".")}/${prefix}`;
  }
  if (address.includes(".")) return undefined;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  const value = groups.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
  const kept = (value >> BigInt(128 - prefix)) << BigInt(128 - prefix);
  const words = Array.from({ length: 8 }, (_, at) => ((kept >> BigInt(112 - at * 16)) & 65_535n).toString(16));
  return words.slice(0, 5).every((word) => word === "0") && words[5] === "ffff"
    ? undefined
    : `${words.join(":")}/${prefix}`;
}

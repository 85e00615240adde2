// Addresses by their kind, in the many ways they can be written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addressKind, type AddressKind } from "./address.ts";

const cases: Record<AddressKind, readonly string[]> = {
  public: ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
  loopback: [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
  ],
  private: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd12:3456::1", "::ffff:10.0.0.1"],
  forbidden: [
    "0.0.0.0",
    "169.254.169.254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::7f00:1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "fd00:ec2::254",
    "2001:0:4136:e378::1",
    "localhost",
    "0x7f000001",
    "",
  ],
};

for (const kind of ["public", "loopback", "private", "forbidden"] as const) {
  test(`${cases[kind].length} spellings of ${kind} addresses are told as such`, () => {
    for (const address of cases[kind]) assert.equal(addressKind(address), kind, address);
  });
}

// Which network an address belongs to, as far as the guarded connector cares. Apart because it is pure and is tested
// against lists. Sources: IANA special-purpose registries for IPv4 and IPv6 (RFC 6890), RFC 6052 and RFC 3056 for the
// IPv6 forms that carry an IPv4 address, and the metadata addresses the cloud vendors publish.
import { BlockList, isIP } from "node:net";

/** `forbidden` is never connected to; `loopback` and `private` only where a document names them literally. */
export type AddressKind = "public" | "loopback" | "private" | "forbidden";

type Range = readonly [network: string, prefixBits: number];

const forbidden: readonly Range[] = [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["100.100.100.200", 32],
  ["168.63.129.16", 32],
  ["::", 96],
  ["100::", 64],
  ["2001::", 23],
  ["2001:db8::", 32],
  ["fe80::", 10],
  ["fec0::", 10],
  ["fd00:ec2::254", 128],
  ["fd20:ce::254", 128],
  ["fd00:42::42", 128],
  ["ff00::", 8],
];
const loopback: readonly Range[] = [
  ["127.0.0.0", 8],
  ["::1", 128],
];
const privateRanges: readonly Range[] = [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["64:ff9b:1::", 48],
  ["fc00::", 7],
];
/** IPv6 ranges whose addresses carry an IPv4 address, and the byte where it starts. */
const carriers: readonly (readonly [network: string, prefixBits: number, byteOffset: number])[] = [
  ["::ffff:0:0", 96, 12],
  ["64:ff9b::", 96, 12],
  ["2002::", 16, 2],
];

const forbiddenList = listOf(forbidden);
const loopbackList = listOf(loopback);
const privateList = listOf(privateRanges);

/** The kind of an IP address in text form; anything that is not an address is forbidden. */
export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 0 || address.includes("%")) return "forbidden";
  const family = version === 4 ? "ipv4" : "ipv6";
  if (family === "ipv6") {
    const carried = carriedIpv4(address);
    if (carried !== undefined) return addressKind(carried);
  }
  if (loopbackList.check(address, family)) return "loopback";
  if (forbiddenList.check(address, family)) return "forbidden";
  return privateList.check(address, family) ? "private" : "public";
}

function carriedIpv4(address: string): string | undefined {
  const bytes = ipv6Bytes(address);
  for (const [network, prefixBits, byteOffset] of carriers) {
    const wanted = ipv6Bytes(network).subarray(0, prefixBits / 8);
    if (wanted.every((byte, index) => bytes[index] === byte)) {
      return bytes.subarray(byteOffset, byteOffset + 4).join(".");
    }
  }
  return undefined;
}

/** The 16 bytes of a valid IPv6 address. */
function ipv6Bytes(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const [head = "", tail] = withoutDots(address).split("::");
  const left = groupsOf(head);
  const right = groupsOf(tail ?? "");
  const groups = tail === undefined ? left : [...left, ...zeros(8 - left.length - right.length), ...right];
  for (const [index, group] of groups.entries()) {
    bytes[index * 2] = group >> 8;
    bytes[index * 2 + 1] = group & 0xff;
  }
  return bytes;
}

/** `::ffff:127.0.0.1` → `::ffff:7f00:1`. */
function withoutDots(address: string): string {
  const cut = address.lastIndexOf(":") + 1;
  const last = address.slice(cut);
  if (!last.includes(".")) return address;
  const [a = 0, b = 0, c = 0, d = 0] = last.split(".").map(Number);
  return `${address.slice(0, cut)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}

function groupsOf(part: string): number[] {
  return part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
}

function zeros(count: number): number[] {
  return Array.from({ length: Math.max(0, count) }, () => 0);
}

function listOf(ranges: readonly Range[]): BlockList {
  const list = new BlockList();
  for (const [network, prefixBits] of ranges)
    list.addSubnet(network, prefixBits, isIP(network) === 4 ? "ipv4" : "ipv6");
  return list;
}

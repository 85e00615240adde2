// Networks that a key may be used from, in CIDR form (RFC 4632, RFC 4291), and the addresses in them. Pure, and written
// out here because gateway, CLI, verifier and browser fold the same statements: none may read an address another way.
// An IPv4 address carried in IPv6 (`::ffff:192.0.2.1`) is that IPv4 address, as dual-stack sockets report it.
import { z } from "zod";

/** Family and bytes of an address; a carried IPv4 address has 4. */
type Address = readonly number[];

interface ParsedNetwork {
  readonly bytes: Address;
  readonly prefixBits: number;
}

/** Characters of the longest text of an IPv6 address. */
const charsMax = 45;

/** `192.0.2.0/24` or `2001:db8::/32`; the bits after the prefix are zero, so that nobody writes one network and means another. */
export const Network = z
  .string()
  .regex(/^[0-9a-f.:]{2,45}\/(0|[1-9]\d{0,2})$/, "a network is written 192.0.2.0/24 or 2001:db8::/32")
  .refine((text) => parseNetwork(text) !== undefined, "a network is written 192.0.2.0/24 or 2001:db8::/32")
  .refine((text) => hasNoHostBits(text), "the address of a network has only zeros after its prefix")
  .brand<"Network">();
export type Network = z.infer<typeof Network>;

/** Whether the address lies in one of the networks. A text that is no address lies in none. */
export function isInNetworks(address: string | undefined, networks: readonly Network[]): boolean {
  const bytes = address === undefined ? undefined : parseAddress(address);
  if (bytes === undefined) return false;
  return networks.some((network) => {
    const parsed = parseNetwork(network);
    return parsed !== undefined && contains(parsed, bytes);
  });
}

/** The network of one address, for lists that name single hosts; undefined for a text that is none. */
export function hostNetwork(address: string): Network | undefined {
  const bytes = parseAddress(address);
  if (bytes === undefined || address.includes("%")) return undefined;
  return Network.safeParse(`${bytes.length === 4 ? bytes.join(".") : address.toLowerCase()}/${bytes.length * 8}`).data;
}

function contains({ bytes, prefixBits }: ParsedNetwork, address: Address): boolean {
  if (bytes.length !== address.length) return false;
  return bytes.every((byte, at) => ((byte ^ (address[at] ?? 0)) & maskOf(prefixBits, at)) === 0);
}

/** Which bits of the byte at `at` a prefix covers. */
function maskOf(prefixBits: number, at: number): number {
  const bits = Math.min(8, Math.max(0, prefixBits - at * 8));
  return (0xff << (8 - bits)) & 0xff;
}

function hasNoHostBits(text: string): boolean {
  const network = parseNetwork(text);
  return network === undefined || network.bytes.every((byte, at) => (byte & ~maskOf(network.prefixBits, at)) === 0);
}

function parseNetwork(text: string): ParsedNetwork | undefined {
  const [, address, prefix] = /^(.+)\/(\d+)$/.exec(text) ?? [];
  const bytes = address === undefined ? undefined : parseAddress(address);
  if (bytes === undefined || address === undefined) return undefined;
  // A carried network is written as the IPv4 network that it is; a prefix of its carrier would mean every IPv4 address.
  if (bytes.length === 4 && address.includes(":")) return undefined;
  const prefixBits = Number(prefix);
  return prefixBits <= bytes.length * 8 ? { bytes, prefixBits } : undefined;
}

function parseAddress(text: string): Address | undefined {
  if (text.length > charsMax) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const bytes = parseIpv6(text);
  const isCarried = bytes?.slice(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff)) === true;
  return isCarried ? bytes?.slice(12) : bytes;
}

function parseIpv4(text: string): Address | undefined {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === "" ? [] : bytesOfGroups(half.split(":"))));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === 16 ? head : undefined;
  // `::` stands for one group at the least.
  if (tail === undefined || head.length + tail.length > 14) return undefined;
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail];
}

/** The bytes of groups of four hex digits; the last may be an IPv4 address. */
function bytesOfGroups(groups: readonly string[]): Address | undefined {
  const bytes: number[] = [];
  for (const [at, group] of groups.entries()) {
    const carried = at === groups.length - 1 && group.includes(".") ? parseIpv4(group) : undefined;
    if (carried === undefined && !/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    bytes.push(...(carried ?? [value >> 8, value & 0xff]));
  }
  return bytes;
}

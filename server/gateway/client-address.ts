// Where a request comes from, and whether an address lies in a list of ranges. Pure.

import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.parse>;
/** An address and how many of its leading bits count. */
type Range = readonly [Address, number];

/** The runtime's view of the connection. */
export interface Peer {
  /** Null = not known. Looked up when asked, which only few requests need. */
  readonly remoteAddress: string | null;
}

export const NO_PEER: Peer = { remoteAddress: null };

/** Proxies in a row that are looked through. */
const MAX_HOPS = 50;
/** An IPv4 address inside IPv6, as dual-stack sockets show it, has this many bits before it. */
const MAPPED_BITS = 96;

/**
 * The client's address: the peer's, unless the peer may speak for others. Only this machine and the proxies that are
 * trusted may: of what they forward, the last address that is not a trusted proxy itself counts, because whatever stands
 * before it was written by strangers. Null = not known, or the proxy said something that is no address.
 */
export function clientAddress(
  { remoteAddress }: Peer,
  forwardedFor: string | null,
  trustedProxies: readonly string[],
): string | null {
  let address = remoteAddress === null ? null : parsed(remoteAddress);
  if (!address || forwardedFor === null || forwardedFor.trim() === '') return address?.toString() ?? null;
  const hops = forwardedFor.split(',').reverse().slice(0, MAX_HOPS);
  for (const hop of hops) {
    if (!isLoopback(address) && !isWithin(address, trustedProxies)) break;
    address = parsed(withoutPort(hop.trim()));
    if (!address) return null;
  }
  return address.toString();
}

/** Null = any address will do; an address that is not known is in no list. */
export function isAllowedAddress(address: string | null, ranges: readonly string[] | null): boolean {
  if (ranges === null) return true;
  const known = address === null ? null : parsed(address);
  return known !== null && isWithin(known, ranges);
}

/** An address, or a range in CIDR notation, in its usual form; null = it is neither. */
export function normalizedRange(text: string): string | null {
  const range = rangeOf(text.trim());
  if (!range) return null;
  const [address, bits] = range;
  return bits === bitsOf(address) ? address.toString() : `${networkOf(address, bits).toString()}/${bits}`;
}

/** Owned by the list, which belongs to a snapshot of the configuration: goes with it. */
const remembered = new WeakMap<readonly string[], readonly Range[]>();

function isWithin(address: Address, texts: readonly string[]): boolean {
  let ranges = remembered.get(texts);
  if (!ranges) {
    ranges = texts.flatMap((text) => {
      const range = rangeOf(text);
      return range ? [range] : [];
    });
    remembered.set(texts, ranges);
  }
  return ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
}

function isLoopback(address: Address): boolean {
  return address.range() === 'loopback';
}

function rangeOf(text: string): Range | null {
  const [before = '', bits, ...more] = text.split('/');
  const address = strictly(before);
  if (!address || more.length > 0) return null;
  if (bits === undefined) return wellFormed(address, bitsOf(address));
  return /^\d{1,3}$/.test(bits) && Number(bits) <= bitsOf(address) ? wellFormed(address, Number(bits)) : null;
}

/** A range of mapped addresses is one of IPv4; a wider one than that is of IPv6 and matches no IPv4 client. */
function wellFormed(address: Address, bits: number): Range {
  if (!(address instanceof ipaddr.IPv6) || !address.isIPv4MappedAddress() || bits < MAPPED_BITS) {
    return [address, bits];
  }
  return [address.toIPv4Address(), bits - MAPPED_BITS];
}

function bitsOf(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

function networkOf(address: Address, bits: number): Address {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return ipaddr.fromByteArray(bytes);
}

/** IPv4 inside IPv6 is IPv4; the zone of a link-local address says nothing on another machine. */
function parsed(text: string): Address | null {
  const address = strictly(text.split('%')[0] ?? '');
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** Only the usual forms: `010.1` means something else to everybody. */
function strictly(text: string): Address | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return text.includes(':') && !text.includes('%') && ipaddr.IPv6.isValid(text)
    ? ipaddr.IPv6.parse(text)
    : null;
}

/** Some proxies add the port: `192.0.2.1:443`, `[2001:db8::1]:443`. */
function withoutPort(text: string): string {
  const inBrackets = /^\[([^\]]+)\](:\d+)?$/.exec(text)?.[1];
  return inBrackets ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

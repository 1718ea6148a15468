// The outbound guard: which resolved addresses a request may go to. Pure: looks nothing up.

import ipaddr from 'ipaddr.js';
import { UpstreamFault } from '../gateway/upstream.ts';

/** The addresses that may be connected to, in their order. Throws `blocked` when there is none. */
export function permittedAddresses(
  addresses: readonly string[],
  options: { allowPrivateNetwork: boolean },
): string[] {
  const permitted = addresses.filter((address) => isPermitted(address, options));
  if (permitted.length > 0) return permitted;
  const what = options.allowPrivateNetwork ? 'a forbidden address' : 'a loopback, private or special address';
  throw new UpstreamFault('blocked', what, { isSent: false });
}

/**
 * Only plain public unicast, or with `allowPrivateNetwork` anything but what no upstream can have. Forms of IPv6 that
 * carry an IPv4 address count as private, and as what they carry: they would else be a way around.
 */
export function isPermitted(address: string, options: { allowPrivateNetwork: boolean }): boolean {
  if (!ipaddr.isValid(address) || address.includes('%')) return false;
  const parsed = ipaddr.parse(address);
  if (options.allowPrivateNetwork) return !isForbidden(parsed);
  if (METADATA_ADDRESSES.has(parsed.toString())) return false;
  if (parsed.range() !== 'unicast') return false;
  // The library calls unicast what nobody has assigned, too. Global unicast is 2000::/3 (RFC 4291).
  return parsed.kind() === 'ipv4' || (parsed.toByteArray()[0] ?? 0) >> 5 === 1;
}

type Address = ReturnType<typeof ipaddr.parse>;

/**
 * Where clouds hand out credentials to whoever asks from inside: AWS, GCP, Azure and most others; AWS containers;
 * Alibaba; Azure's host agent; AWS and GCP over IPv6.
 */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set([
  '169.254.169.254',
  '169.254.170.2',
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd20:ce::254',
]);

const NEVER: ReadonlySet<string> = new Set(['unspecified', 'multicast', 'broadcast']);

function isForbidden(address: Address): boolean {
  if (METADATA_ADDRESSES.has(address.toString()) || NEVER.has(address.range())) return true;
  if (address.range() === 'loopback') return false;
  const carried = carriedIpv4(address.toByteArray());
  if (carried) return isForbidden(carried);
  return address.kind() === 'ipv4' && address.range() === 'linkLocal';
}

/** Of IPv4-mapped, -compatible and -translated (RFC 4291, RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4 and Teredo addresses. */
function carriedIpv4(bytes: readonly number[]): Address | null {
  if (bytes.length !== 16) return null;
  const prefix = bytes.slice(0, 12);
  if (prefix.slice(0, 8).every((byte) => byte === 0) && isOfIpv4(bytes.slice(8, 12)))
    return ipv4(bytes.slice(12));
  if (startsWith(prefix, [0x00, 0x64, 0xff, 0x9b])) return ipv4(bytes.slice(12));
  if (startsWith(prefix, [0x20, 0x02])) return ipv4(bytes.slice(2, 6));
  if (startsWith(prefix, [0x20, 0x01, 0, 0])) return ipv4(bytes.slice(12).map((byte) => byte ^ 0xff));
  return null;
}

/** `::a.b.c.d`, `::ffff:a.b.c.d` and `::ffff:0:a.b.c.d`. */
function isOfIpv4(infix: readonly number[]): boolean {
  return ['0,0,0,0', '0,0,255,255', '255,255,0,0'].includes(infix.join());
}

function startsWith(bytes: readonly number[], start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte);
}

function ipv4(bytes: readonly number[]): Address {
  return ipaddr.fromByteArray([...bytes]);
}

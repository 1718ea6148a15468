// Which base URLs an endpoint may have, and which hosts are private. Pure: names are not looked up.

import { words } from './input-faults.ts';

const MAX_URL_LENGTH = 2_000;

/** What can be wrong with a base URL, in words. */
export const BASE_URL_FAULTS = {
  'not-a-url': words('must be a URL like https://host', { problem: 'not-a-url' }),
  'has-password': words('must not hold a user name or password', { problem: 'has-password' }),
  'has-query': words('must not have a query or fragment', { problem: 'has-query' }),
  'private-address': words(
    'is a loopback or private address (needs allowPrivateNetwork: true on the provider)',
    { problem: 'private-address' },
  ),
  'needs-https': words('must use https; http is for private addresses only', { problem: 'needs-https' }),
} as const;

interface UrlOptions {
  allowPrivateNetwork: boolean;
}

/** What is wrong with the base URL in words, or null. Never quotes the URL, because people paste URLs with passwords in them. */
export function baseUrlProblem(text: string, options: UrlOptions): string | null {
  const fault = baseUrlFault(text, options);
  return fault && BASE_URL_FAULTS[fault];
}

/** The same for programs. */
export function baseUrlFault(
  text: string,
  { allowPrivateNetwork }: UrlOptions,
): keyof typeof BASE_URL_FAULTS | null {
  const url = text.length > MAX_URL_LENGTH ? null : URL.parse(text);
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return 'not-a-url';
  if (url.username !== '' || url.password !== '') return 'has-password';
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(text)) return 'has-query';
  const isPrivate = isPrivateHost(url.hostname);
  if (isPrivate && !allowPrivateNetwork) return 'private-address';
  return url.protocol === 'http:' && !isPrivate ? 'needs-https' : null;
}

/** As it is stored: without trailing slashes. */
export function normalizeBaseUrl(text: string): string {
  return text.trim().replace(/\/+$/, '');
}

/** Host and port of a base URL, as cooldowns know them; '' when it is none. */
export function hostOf(baseUrl: string): string {
  return URL.parse(baseUrl)?.host ?? '';
}

/** True for a host that is not on the public internet, as far as its spelling tells. Takes `URL.hostname`. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (host.startsWith('[')) return isPrivateIpv6(host.slice(1, -1));
  const octets = ipv4Octets(host);
  if (octets) return isPrivateIpv4(octets);
  return (
    !host.includes('.') || /\.(localhost|local|internal|intranet|lan|home\.arpa|corp|private)$/.test(host)
  );
}

function ipv4Octets(host: string): number[] | null {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(host)) return null;
  return host.split('.').map(Number);
}

/** [first octet, lowest second octet, highest second octet]: blocks that are not routed on the internet. */
const PRIVATE_IPV4: readonly (readonly [number, number, number])[] = [
  [0, 0, 255],
  [10, 0, 255],
  [100, 64, 127],
  [127, 0, 255],
  [169, 254, 254],
  [172, 16, 31],
  [192, 168, 168],
  [198, 18, 19],
];

function isPrivateIpv4([first = 0, second = 0]: readonly number[]): boolean {
  if (first >= 224) return true;
  return PRIVATE_IPV4.some(([octet, low, high]) => first === octet && second >= low && second <= high);
}

/**
 * Only global unicast (2000::/3) is public; of that, 6to4 (2002::/16) and Teredo (2001:0::/32) carry an IPv4 address
 * and may lead inside. `URL` has already written the address in its shortest form.
 */
function isPrivateIpv6(address: string): boolean {
  const [first = 0, second = 0] = address.split(':').map((group) => Number.parseInt(group || '0', 16));
  if (first < 0x2000 || first > 0x3fff) return true;
  return first === 0x2002 || (first === 0x2001 && second === 0);
}

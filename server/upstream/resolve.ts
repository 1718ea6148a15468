// Looks host names up, each once at a time, and remembers the answers for a short while. Checks no address.

import { lookup as systemLookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { UpstreamFault } from '../gateway/upstream.ts';

/** All addresses of a name, in the order to try them; throws when there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

interface Answer {
  addresses: Promise<readonly string[]>;
  expiresAtMs: number;
}

const TTL_MS = 30_000;
/** Names come from the configuration, so this many are never needed; the oldest go first. */
const MAX_ANSWERS = 256;

/** Owns the remembered answers: by name, for 30 s, failures not at all. */
export class Resolver {
  readonly #lookup: Lookup;
  readonly #now: () => number;
  readonly #answers = new Map<string, Answer>();

  constructor(options: { lookup: Lookup | null; now: () => number }) {
    this.#lookup = options.lookup ?? lookupAll;
    this.#now = options.now;
  }

  /** Takes a name, or an address without brackets. Throws UpstreamFault `dns`. */
  addresses(host: string): Promise<readonly string[]> {
    if (ipaddr.isValid(host)) return Promise.resolve([host]);
    const known = this.#answers.get(host);
    if (known && known.expiresAtMs > this.#now()) return known.addresses;
    const answer = { addresses: this.#ask(host), expiresAtMs: this.#now() + TTL_MS };
    this.#answers.delete(host);
    this.#answers.set(host, answer);
    answer.addresses.catch(() => this.#forget(host, answer));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    return answer.addresses;
  }

  async #ask(host: string): Promise<readonly string[]> {
    try {
      const addresses = await this.#lookup(host);
      if (addresses.length > 0) return addresses;
    } catch (error) {
      throw new UpstreamFault('dns', codeOf(error), { isSent: false, cause: error });
    }
    throw new UpstreamFault('dns', 'no address', { isSent: false });
  }

  #forget(host: string, answer: Answer): void {
    if (this.#answers.get(host) === answer) this.#answers.delete(host);
  }
}

async function lookupAll(host: string): Promise<readonly string[]> {
  const found = await systemLookup(host, { all: true });
  return found.map(({ address }) => address);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'lookup failed';
}

// Affinity of (API key, model) to an account for 300 s, equal accounts in rendezvous order, a share of slots kept for the bound.

import type { Ask } from './ask.ts';
import { type Pool, type ReplayPolicy, send, waitFor } from './policy.ts';

const TTL_MS = 300_000;
/** Requests until the account leaves its probe phase, and what is reserved in it. */
const PROBE = { requests: 100, share: 0.1 };
/** Confidence is full: no account has had a 429, all its requests succeed. */
const STABLE = { least: 0.1, most: 0.35, confidence: 0.85, lowLoad: 0.5, highLoad: 0.8 };

export function keyAndModelBound(): ReplayPolicy {
  const bindings = new Map<string, { account: number; untilMs: number }>();
  const sentTo: number[] = [];
  const orders = new Map<string, readonly number[]>();
  const nameOf = ({ request }: Ask) => `${request.key}/${request.model}`;
  const takesNewcomer = (index: number, { accounts, nowMs }: Pool) => {
    const account = accounts[index];
    if (!account?.isOpen(nowMs)) return false;
    const share = reservedShare(account.inFlight / account.slots, sentTo[index] ?? 0);
    return account.inFlight < Math.max(1, Math.ceil(account.slots * (1 - share)));
  };
  return {
    choose(ask, pool) {
      const name = nameOf(ask);
      const binding = bindings.get(name);
      if (binding && binding.untilMs > pool.nowMs && pool.accounts[binding.account]?.isOpen(pool.nowMs)) {
        return send(binding.account);
      }
      const order = orders.get(name) ?? rendezvous(name, pool.accounts.length);
      orders.set(name, order);
      const found = order.find((index) => takesNewcomer(index, pool));
      return found === undefined ? waitFor(null) : send(found);
    },
    sent(ask, account, { nowMs }) {
      sentTo[account] = (sentTo[account] ?? 0) + 1;
      bindings.set(nameOf(ask), { account, untilMs: nowMs + TTL_MS });
    },
  };
}

function reservedShare(load: number, requests: number): number {
  if (requests < PROBE.requests) return PROBE.share;
  const { least, most, confidence, lowLoad, highLoad } = STABLE;
  const rise = Math.min(1, Math.max(0, (load - lowLoad) / (highLoad - lowLoad)));
  return least + confidence * rise * (most - least);
}

/** Each name has an order of its own. */
function rendezvous(name: string, accounts: number): readonly number[] {
  return Array.from({ length: accounts }, (_, index) => ({ index, weight: weight(name, index) }))
    .sort((a, b) => a.weight - b.weight)
    .map(({ index }) => index);
}

/** FNV-1a over both, mixed. */
function weight(name: string, account: number): number {
  let hash = 0x811c9dc5;
  for (const char of `${name}:${account}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

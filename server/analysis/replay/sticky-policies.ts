// Policies that bind a session or an API key to an account, and differ in what they do when it is shut.

import type { ReplayAccount } from './account.ts';
import type { Ask } from './ask.ts';
import { choiceOf, inTurn, leastBusy } from './plain-policies.ts';
import { type Pool, type ReplayPolicy, send, waitFor } from './policy.ts';

interface Binding {
  account: number;
  /** Where it went when the account was shut. */
  borrowed: number;
  untilMs: number;
}

interface Sticky {
  /** Who is bound. */
  by: (ask: Ask) => number;
  /** Lifetime of a binding after its last use. */
  ttlMs: number;
  /** `borrow`: goes elsewhere for once. `move`: is bound where it went. */
  whenShut: 'borrow' | 'move';
  /** Waits so long for the bound account first. */
  patienceMs: number;
  /** Where newcomers, and those whose account is shut, go. */
  elsewhere: (pool: Pool) => ReplayAccount | null;
}

const bySession = ({ request }: Ask) => request.session;
const byKey = ({ request }: Ask) => request.key;

/** As the gateway does it: the binding outlives a full account, and where it borrowed last is the next best place. */
export function sessionBound(ttlMs: number): ReplayPolicy {
  return sticky({ by: bySession, ttlMs, whenShut: 'borrow', patienceMs: 0, elsewhere: inTurn() });
}

/** As most gateways do it: whoever had to go elsewhere stays there. */
export function sessionMoving(): ReplayPolicy {
  return sticky({ by: bySession, ttlMs: 3_600_000, whenShut: 'move', patienceMs: 0, elsewhere: leastBusy() });
}

export function sessionWaiting(): ReplayPolicy {
  return sticky({
    by: bySession,
    ttlMs: 3_600_000,
    whenShut: 'move',
    patienceMs: 20_000,
    elsewhere: leastBusy(),
  });
}

/** One account per API key, without end. */
export function keyBound(): ReplayPolicy {
  return sticky({
    by: byKey,
    ttlMs: Number.POSITIVE_INFINITY,
    whenShut: 'move',
    patienceMs: 0,
    elsewhere: inTurn(),
  });
}

function sticky({ by, ttlMs, whenShut, patienceMs, elsewhere }: Sticky): ReplayPolicy {
  const bindings = new Map<number, Binding>();
  const liveOf = (ask: Ask, nowMs: number) => {
    const binding = bindings.get(by(ask));
    return binding && binding.untilMs > nowMs ? binding : null;
  };
  return {
    choose(ask, pool) {
      const { accounts, nowMs } = pool;
      const binding = liveOf(ask, nowMs);
      if (binding && accounts[binding.account]?.isOpen(nowMs)) return send(binding.account);
      if (binding && nowMs - ask.arrivedMs < patienceMs && accounts[binding.account]?.downMs(nowMs) === 0) {
        return waitFor(binding.account);
      }
      if (binding && whenShut === 'borrow' && accounts[binding.borrowed]?.isOpen(nowMs)) {
        return send(binding.borrowed);
      }
      return choiceOf(elsewhere(pool));
    },
    sent(ask, account, { nowMs }) {
      const binding = liveOf(ask, nowMs);
      if (!binding || (whenShut === 'move' && binding.account !== account)) {
        bindings.set(by(ask), { account, borrowed: account, untilMs: nowMs + ttlMs });
      } else if (binding.account === account) binding.untilMs = nowMs + ttlMs;
      else binding.borrowed = account;
    },
  };
}

// Cache-aware routing by a radix tree with a match threshold, as SGLang's router does it; its load switch comes first.

import type { Ask } from './ask.ts';
import { choiceOf, leastBusy } from './plain-policies.ts';
import { type Pool, type ReplayPolicy, send } from './policy.ts';
import { PrefixCache } from './prefix-cache.ts';
import type { PrefixTree } from './prefix-tree.ts';

/** A share of the prompt that must match; and how uneven queues may get, by difference and by factor. */
const SETTINGS = { matchShare: 0.5, difference: 32, factor: 1.1 };

/** Owners of prefixes are never forgotten. */
export function radixTree(
  { tree, copies }: { tree: PrefixTree; copies: number },
  accounts: number,
): ReplayPolicy {
  /** When each account was last given a prefix, plus 1, so that 0 stays "never". */
  const seen = Array.from({ length: accounts }, () => new PrefixCache(tree, copies));
  const sizes = new Float64Array(accounts);
  const elsewhere = leastBusy();
  const prefer = (ask: Ask, pool: Pool): number => {
    const loads = pool.accounts.map(({ inFlight, line }) => inFlight + line.length);
    const most = Math.max(...loads);
    const least = Math.min(...loads);
    if (most - least > SETTINGS.difference && most > SETTINGS.factor * least) return loads.indexOf(least);
    const owner = ownerOf(ask);
    return owner ?? sizes.indexOf(Math.min(...sizes));
  };
  /** The account that was last given the deepest known node, when it is deep enough. */
  const ownerOf = ({ request: { copy, tip, inputTokens } }: Ask): number | null => {
    let best = { account: -1, tokens: 0, lastMs: 0 };
    for (const [account, cache] of seen.entries()) {
      const node = cache.deepest(copy, tip, 0);
      const tokens = tree.tokens[node] ?? 0;
      const lastMs = cache.untilOf(copy, node);
      if (tokens > best.tokens || (tokens === best.tokens && lastMs > best.lastMs)) {
        best = { account, tokens, lastMs };
      }
    }
    return best.tokens > SETTINGS.matchShare * inputTokens ? best.account : null;
  };
  return {
    choose(ask, pool) {
      const account = prefer(ask, pool);
      return pool.accounts[account]?.isOpen(pool.nowMs) ? send(account) : choiceOf(elsewhere(pool));
    },
    sent({ request: { copy, tip, cacheableTokens } }, account, { nowMs }) {
      const cache = seen[account];
      const known = tree.tokens[cache?.deepest(copy, tip, 0) ?? 0] ?? 0;
      sizes[account] = (sizes[account] ?? 0) + Math.max(0, cacheableTokens - known);
      cache?.touch(copy, tip, nowMs + 1);
    },
  };
}

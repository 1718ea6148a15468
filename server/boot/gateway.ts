// Puts the request path together: its state, and its log.

import { identifyCaller } from '../auth/caller.ts';
import { Admission } from '../gateway/admission.ts';
import { AffinityTable } from '../gateway/affinity.ts';
import type { Catalog } from '../gateway/catalog.ts';
import { GatewayError } from '../gateway/errors.ts';
import { callAccount } from '../gateway/gateway.ts';
import { HealthTable } from '../gateway/health.ts';
import { KeepWarm } from '../gateway/keep-warm.ts';
import { sendKeepWarm } from '../gateway/keep-warm-ping.ts';
import { periodAt } from '../gateway/key-spending.ts';
import { KeyUsage } from '../gateway/key-usage.ts';
import { Slots } from '../gateway/limits.ts';
import { Live } from '../gateway/live.ts';
import type { RequestLog } from '../gateway/log-queries.ts';
import { ModelMappingCache } from '../gateway/model-mapping-cache.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import { Pins } from '../gateway/pins.ts';
import type { Account, Clock } from '../gateway/ports.ts';
import { RetryBudget } from '../gateway/retry-budget.ts';
import { ROUTE_POLICY_FUNCTIONS } from '../gateway/route.ts';
import { createRoutingState } from '../gateway/routing-state.ts';
import { SignalTrust } from '../gateway/signal-trust.ts';
import type { Upstream } from '../gateway/upstream.ts';
import { errorFields, logEvent } from './log.ts';
import { storeRefusal } from './refused-account.ts';
import type { Workspace } from './workspace.ts';

/** A gateway with fresh state over a workspace. `upstream` is where its attempts go. */
export function createGateway(
  workspace: Workspace,
  { clock, upstream }: { clock: Clock; upstream: Upstream },
): GatewayParts {
  const { catalog, storage } = workspace;
  const live = new Live();
  const slots = new Slots(clock);
  const health = new HealthTable(clock);
  const routing = createRoutingState(clock);
  const parts: GatewayParts = {
    catalog: () => catalog.current,
    modelMappings: new ModelMappingCache({ clock, catalog: () => catalog.current }),
    authenticate: (headers, current) => authenticate(headers, { catalog: current, nowMs: clock.nowMs() }),
    affinity: new AffinityTable({ clock, live }),
    health,
    slots,
    policies: ROUTE_POLICY_FUNCTIONS,
    routing,
    keepWarm: new KeepWarm({
      clock,
      settings: () => catalog.current.settings.cacheLevers.keepWarm,
      returnOdds: (key, idleMs, withinMs) => routing.gaps.returnOdds(key, idleMs, withinMs),
      hasRoom: (accountId) => hasRoom(catalog.current.accounts.get(accountId), { health, slots }),
      send: (held) =>
        sendKeepWarm(held, {
          ...parts,
          callAccount: (exchange, accountId) => callAccount(exchange, accountId, parts),
        }),
    }),
    keyUsage: new KeyUsage(clock),
    signalTrust: new SignalTrust(),
    pins: new Pins(clock),
    admission: new Admission(clock),
    retries: new RetryBudget(() => slots.total()),
    open: new Set(),
    log: storage.log,
    bodies: storage.bodies,
    live,
    clock,
    upstream,
    random: Math.random,
    onFault: (error) => logEvent('error', 'gateway-fault', errorFields(error)),
    onRefused: (account, reason) => void storeRefusal(catalog, account, reason),
  };
  return parts;
}

const DAY_MS = 86_400_000;
const SUMS_ONLY = { hasPercentiles: false };
/** Pings take no place that a client may soon want. */
const PING_MAX_LOAD = 0.7;

/** Whether the account can take a request that nobody waits for. */
export function hasRoom(
  account: Account | undefined,
  { health, slots }: Pick<GatewayParts, 'health' | 'slots'>,
): boolean {
  if (!account || health.condition(account).state !== 'available') return false;
  const limit = slots.limitOf(account);
  const isBusy =
    limit !== null && slots.inFlight(account.id) >= Math.max(1, Math.floor(limit * PING_MAX_LOAD));
  return !isBusy && health.weightFactor(account) === 1;
}

/** For administrators: whose affinity they clear or move is not kept warm by pings there either, whether it is still bound or not. */
export function clearableAffinity({
  affinity,
  keepWarm,
}: Pick<GatewayParts, 'affinity' | 'keepWarm'>): Pick<
  AffinityTable,
  'list' | 'get' | 'counters' | 'history' | 'clear' | 'peek' | 'pin' | 'move' | 'sweep'
> {
  return {
    list: () => affinity.list(),
    get: (key) => affinity.get(key),
    pin: (key, pin) => affinity.pin(key, pin),
    move: (key, to) => {
      keepWarm.drop(({ binding }) => binding.key === key && binding.accountId !== to.candidate.account.id);
      return affinity.move(key, to);
    },
    counters: () => affinity.counters(),
    history: affinity.history,
    peek: (identity) => affinity.peek(identity),
    sweep: () => affinity.sweep(),
    clear: (matches, code) => {
      keepWarm.drop(({ binding }) => matches(binding));
      return affinity.clear(matches, code);
    },
  };
}

/** The day's money is not given out anew at each start. Nobody waits for it: the first ping is minutes away. Never rejects. */
export async function countPingsOfToday(
  { keepWarm, clock }: Pick<GatewayParts, 'keepWarm' | 'clock'>,
  log: Pick<RequestLog, 'totals'>,
): Promise<void> {
  if (!keepWarm.isEnabled) return;
  const toMs = clock.nowMs();
  try {
    const { costNanoUsd } = await log.totals(
      { isKeepWarm: true, fromMs: toMs - (toMs % DAY_MS), toMs },
      SUMS_ONLY,
    );
    keepWarm.spentBefore(costNanoUsd / 1e9);
  } catch (error) {
    logEvent('error', 'pings-not-counted', errorFields(error));
  }
}

/**
 * What keys have spent this day and month, as the log has it. Until then, and when it cannot be read, they have spent
 * what this process has seen. Never rejects.
 */
export async function countSpending(
  { keyUsage, clock }: Pick<GatewayParts, 'keyUsage' | 'clock'>,
  log: Pick<RequestLog, 'groups'>,
): Promise<void> {
  const toMs = clock.nowMs();
  try {
    for (const period of ['month', 'day'] as const) {
      const { fromMs } = periodAt(period, toMs);
      keyUsage.restore(period, fromMs, await log.groups({ fromMs, toMs }, 'api-key', SUMS_ONLY));
    }
  } catch (error) {
    logEvent('error', 'spending-not-counted', errorFields(error));
  }
}

function authenticate(headers: Headers, { catalog, nowMs }: { catalog: Catalog; nowMs: number }) {
  const { apiKeyByHash, settings } = catalog;
  const verdict = identifyCaller(headers, {
    apiKeyByHash,
    requireApiKey: settings.requireApiKey,
    nowMs,
  });
  if (verdict.kind !== 'refused') return verdict;
  const why = {
    'missing-api-key': 'no API key was given. Send it as "Authorization: Bearer KEY" or "x-api-key: KEY"',
    'unknown-api-key': 'the API key is not known here',
    'api-key-disabled': 'the API key is switched off',
    'api-key-expired': 'the API key has expired',
    'api-key-revoked': 'the API key was revoked',
  };
  throw new GatewayError(verdict.code, `Cannot identify the caller: ${why[verdict.code]}`);
}

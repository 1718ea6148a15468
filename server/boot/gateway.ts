// Puts the request path together: its state, its log, and what becomes of refused accounts.

import { identifyCaller } from '../auth/caller.ts';
import { Admission } from '../gateway/admission.ts';
import { AffinityTable } from '../gateway/affinity.ts';
import type { Catalog } from '../gateway/catalog.ts';
import { GatewayError } from '../gateway/errors.ts';
import { HealthTable } from '../gateway/health.ts';
import { Slots } from '../gateway/limits.ts';
import { Live } from '../gateway/live.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import { Pins } from '../gateway/pins.ts';
import type { Account, Clock } from '../gateway/ports.ts';
import { RetryBudget } from '../gateway/retry-budget.ts';
import { RoundRobin } from '../gateway/route.ts';
import { SignalTrust } from '../gateway/signal-trust.ts';
import type { Upstream } from '../gateway/upstream.ts';
import { errorFields, logEvent } from './log.ts';
import type { Workspace } from './workspace.ts';

/** A gateway with fresh state over a workspace. `upstream` is where its attempts go. */
export function createGateway(
  workspace: Workspace,
  { clock, upstream }: { clock: Clock; upstream: Upstream },
): GatewayParts {
  const { catalog, storage } = workspace;
  const live = new Live();
  const slots = new Slots(clock);
  return {
    catalog: () => catalog.current,
    authenticate,
    affinity: new AffinityTable({ clock, live }),
    health: new HealthTable(clock),
    slots,
    rotation: new RoundRobin(),
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
    onRefused: (account, reason) => void storeRefusal(workspace, account, reason),
  };
}

function authenticate(headers: Headers, catalog: Catalog) {
  const { apiKeyByHash, settings } = catalog;
  const verdict = identifyCaller(headers, { apiKeyByHash, requireApiKey: settings.requireApiKey });
  if (verdict.kind !== 'refused') return verdict;
  const why = {
    'missing-api-key': 'no API key was given. Send it as "Authorization: Bearer KEY" or "x-api-key: KEY"',
    'unknown-api-key': 'the API key is not known here',
    'api-key-disabled': 'the API key is switched off',
  };
  throw new GatewayError(verdict.code, `Cannot identify the caller: ${why[verdict.code]}`);
}

/** Keeps an account whose credential was refused out of service over restarts. */
async function storeRefusal({ catalog }: Workspace, account: Account, reason: string): Promise<void> {
  logEvent('warn', 'account-disabled', { account: account.name, reason });
  const row = catalog.current.accounts.get(account.id);
  if (!row || row.disabledReason !== null) return;
  try {
    await catalog.apply([{ kind: 'put-account', row: { ...row, disabledReason: reason } }]);
  } catch (error) {
    logEvent('error', 'account-not-stored', { account: account.name, ...errorFields(error) });
  }
}

// What the gateway counts of every finished request. Labels are names of the configuration and words of our own.

import type { Catalog } from '../gateway/catalog.ts';
import type { AttemptRow, RequestRow } from '../gateway/ports.ts';
import { Counter, type Family, Histogram, readFamily } from './metric-family.ts';

type Names = Pick<Catalog, 'providers' | 'models'>;

/** Label of what has no provider or model: refused before one was chosen, or since deleted. */
const NONE = 'none';
const NANO = 1_000_000_000;
/** From a refusal to a long agent turn. */
const DURATION_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640];
const FIRST_TOKEN_BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120];

/** Token counts of a row by `kind`. */
const TOKEN_KINDS = [
  ['input', 'inputTokens'],
  ['output', 'outputTokens'],
  ['cache_read', 'cacheReadTokens'],
  ['cache_write', 'cacheWriteTokens'],
  ['reasoning', 'reasoningTokens'],
] as const satisfies readonly (readonly [string, keyof RequestRow])[];

/** Owns the counters. `observe` is called once per finished request and takes a few microseconds. */
export class GatewayMetrics {
  readonly #catalog: () => Names;

  readonly #requests = new Counter({
    name: 'warmpath_requests',
    help: 'Finished requests of clients. Provider "none": answered or refused before an account was chosen.',
    labels: ['surface', 'provider', 'outcome'],
  });
  readonly #durations = new Histogram({
    name: 'warmpath_request_duration_seconds',
    help: 'From the arrival of a request to the end of its reply.',
    labels: ['surface', 'provider'],
    bounds: DURATION_BOUNDS,
  });
  readonly #firstTokens = new Histogram({
    name: 'warmpath_time_to_first_token_seconds',
    help: 'From the arrival of a request to the first generated event of its reply.',
    labels: ['surface', 'provider'],
    bounds: FIRST_TOKEN_BOUNDS,
  });
  readonly #tokens = new Counter({
    name: 'warmpath_tokens',
    help: 'Tokens as reported. cache_read and cache_write are parts of input, reasoning is a part of output.',
    labels: ['kind', 'provider', 'model'],
  });
  readonly #cost = new Counter({
    name: 'warmpath_cost_usd',
    help: 'Cost of replies whose model has a price, keep-warm pings included.',
    labels: ['provider', 'model'],
    divisor: NANO,
  });
  readonly #saved = new Counter({
    name: 'warmpath_cache_saved_usd',
    help: 'What prompt caches saved, over requests that cost less with them than without.',
    labels: ['provider', 'model'],
    divisor: NANO,
  });
  readonly #premium = new Counter({
    name: 'warmpath_cache_premium_usd',
    help: 'What writing to prompt caches cost more than it saved, over requests that cost more with them.',
    labels: ['provider', 'model'],
    divisor: NANO,
  });
  readonly #attempts = new Counter({
    name: 'warmpath_upstream_attempts',
    help: 'Calls of providers, keep-warm pings included.',
    labels: ['provider', 'outcome'],
  });
  readonly #failovers = new Counter({
    name: 'warmpath_failovers',
    help: 'Attempts that were followed by another one, by what went wrong.',
    labels: ['reason'],
  });
  readonly #affinity = new Counter({
    name: 'warmpath_affinity',
    help: 'What routing did with the binding of a request.',
    labels: ['result'],
  });
  readonly #coldTokens = new Counter({
    name: 'warmpath_cold_tokens',
    help: 'Input tokens that were not read from a prompt cache, by cause.',
    labels: ['cause'],
  });
  readonly #pings = new Counter({
    name: 'warmpath_keep_warm_pings',
    help: 'Finished requests of the gateway itself that kept a prefix warm.',
    labels: ['provider', 'outcome'],
  });

  constructor(catalog: () => Names) {
    this.#catalog = catalog;
  }

  observe(row: RequestRow): void {
    const { providers, models } = this.#catalog();
    const provider = providers.get(row.providerId ?? '')?.name ?? NONE;
    const model = models.get(row.modelId ?? '')?.name ?? NONE;
    this.#observeUse(row, [provider, model]);
    this.#observeAttempts(row.attempts);
    if (row.isKeepWarm) this.#pings.add([provider, row.outcome]);
    else this.#observeCall(row, provider);
  }

  /** In the order in which they are shown. */
  families(): Family[] {
    const counted = [
      this.#requests,
      this.#durations,
      this.#firstTokens,
      this.#tokens,
      this.#cost,
      this.#saved,
      this.#premium,
      this.#attempts,
      this.#failovers,
      this.#affinity,
      this.#coldTokens,
      this.#pings,
    ];
    const folded = readFamily(
      'counter',
      {
        name: 'warmpath_metrics_folded',
        help: 'Observations counted under "other" because the family has too many series.',
        labels: ['family'],
      },
      () =>
        counted
          .filter((family) => family.folded > 0)
          .map((family) => ({ labels: [family.meta.name], value: family.folded })),
    );
    return [...counted, folded];
  }

  #observeUse(row: RequestRow, [provider, model]: readonly [string, string]): void {
    for (const [kind, field] of TOKEN_KINDS) {
      const tokens = row[field];
      if (tokens) this.#tokens.add([kind, provider, model], tokens);
    }
    if (row.costNanoUsd) this.#cost.add([provider, model], row.costNanoUsd);
    const saved = row.savedNanoUsd ?? 0;
    if (saved > 0) this.#saved.add([provider, model], saved);
    if (saved < 0) this.#premium.add([provider, model], -saved);
  }

  #observeAttempts(attempts: readonly AttemptRow[]): void {
    const last = attempts.length - 1;
    attempts.forEach(({ providerName, outcome, fault }, index) => {
      this.#attempts.add([providerName, outcome]);
      if (index < last) this.#failovers.add([fault ?? outcome]);
    });
  }

  #observeCall(row: RequestRow, provider: string): void {
    this.#requests.add([row.surface, provider, row.outcome]);
    this.#durations.observe([row.surface, provider], row.latencyMs / 1000);
    if (row.timeToFirstTokenMs !== null)
      this.#firstTokens.observe([row.surface, provider], row.timeToFirstTokenMs / 1000);
    this.#affinity.add([row.affinity]);
    for (const { cause, tokens } of row.misses ?? []) this.#coldTokens.add([cause], tokens);
  }
}

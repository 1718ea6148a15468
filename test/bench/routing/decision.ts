// How long the choice of an account takes: sixteen accounts, a full ledger, prompts warm, cold and waiting.

import { spaceAt } from '../../../server/gateway/candidate-facts.ts';
import { buildCatalog } from '../../../server/gateway/catalog.ts';
import { HealthTable } from '../../../server/gateway/health.ts';
import { Slots } from '../../../server/gateway/limits.ts';
import { policyOf } from '../../../server/gateway/policy.ts';
import { DEFAULT_SETTINGS } from '../../../server/gateway/ports.ts';
import { chooseRoute, ROUTE_POLICY_FUNCTIONS } from '../../../server/gateway/route.ts';
import { createRoutingState } from '../../../server/gateway/routing-state.ts';
import type { RouteParts, RouteQuestion } from '../../../server/gateway/standing.ts';
import { cacheRuleOf } from '../../../server/routing/cache-rules.ts';
import { requestSpaceKey } from '../../../server/routing/space.ts';
import type { PromptOutline } from '../../../server/wire/outline.ts';
import { scanRequest } from '../../../server/wire/prompt-scan.ts';
import { ManualClock } from '../../manual-clock.ts';
import { textTable } from '../text-table.ts';
import { promptBody } from './prompt-body.ts';
import { sixteenAccounts } from './sixteen-accounts.ts';

const TENANT = 'key:bench';
const SLOTS = 8;
const WARM_UP = 2_000;
/** Prompts that the ledger knows before the first choice, so that it is as full as it gets. */
const KNOWN_PROMPTS = 1_500;

interface Scene {
  title: string;
  kilobytes: number;
  /** The prompt is warm on one account. */
  isWarm: boolean;
  /** Requests in flight at every account. */
  inFlight: number;
}

const SCENES: readonly Scene[] = [
  { title: 'warm, 300 KB', kilobytes: 300, isWarm: true, inFlight: 3 },
  { title: 'cold, 300 KB', kilobytes: 300, isWarm: false, inFlight: 3 },
  { title: 'warm and full, 300 KB', kilobytes: 300, isWarm: true, inFlight: SLOTS },
  { title: 'cold, 1 KB', kilobytes: 1, isWarm: false, inFlight: 3 },
];

/** Microseconds of one decision, with everything it looks up. */
export function decisionReport({ measureMs }: { measureMs: number }): string {
  const rows = SCENES.map((scene) => {
    const decide = decider(scene);
    for (let round = 0; round < WARM_UP; round++) decide();
    const times = measured(decide, measureMs);
    return [scene.title, at(times, 0.5), at(times, 0.99), at(times, 0.999)];
  });
  return textTable([['16 accounts', 'p50 µs', 'p99 µs', 'p99.9 µs'], ...rows]);
}

function measured(decide: () => void, measureMs: number): number[] {
  const times: number[] = [];
  for (const endMs = performance.now() + measureMs; performance.now() < endMs; ) {
    const startMs = performance.now();
    decide();
    times.push((performance.now() - startMs) * 1_000);
  }
  return times.toSorted((a, b) => a - b);
}

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
}

function decider({ kilobytes, isWarm, inFlight }: Scene): () => void {
  const clock = new ManualClock();
  const slots = new Slots(clock);
  const parts: RouteParts = {
    clock,
    health: new HealthTable(clock),
    slots,
    routing: createRoutingState(clock),
  };
  const catalog = buildCatalog(sixteenAccounts(SLOTS), new Map());
  const candidates = catalog.candidates('m', 'anthropic-messages');
  for (const { account } of candidates) for (let taken = 0; taken < inFlight; taken++) slots.take(account);
  const outline = outlineOf(kilobytes, 'the one');
  const question: RouteQuestion = {
    candidates,
    policy: policyOf(DEFAULT_SETTINGS, null),
    settings: DEFAULT_SETTINGS,
    prompt: { outline, tenant: TENANT, seesOthers: true, betas: '' },
    boundAccountId: isWarm ? (candidates[0]?.account.id ?? null) : null,
    borrowedAccountId: null,
    excluded: new Set(),
    excludedHosts: new Set(),
    leftMs: 25_000,
    place: null,
  };
  fillLedger(parts, { question, isWarm });
  const options = { surface: 'anthropic-messages', policies: ROUTE_POLICY_FUNCTIONS } as const;
  return () => void chooseRoute(question, options, parts);
}

function fillLedger(
  { routing }: RouteParts,
  { question, isWarm }: { question: RouteQuestion; isWarm: boolean },
): void {
  const { candidates, prompt } = question;
  for (let index = 0; index < KNOWN_PROMPTS; index++) {
    const isLast = index === KNOWN_PROMPTS - 1;
    const outline = isLast && isWarm ? prompt.outline : outlineOf(40, `known ${index}`);
    const candidate = candidates[isLast ? 0 : index % candidates.length];
    if (!candidate || !outline) continue;
    routing.ledger.touch(
      {
        scope: TENANT,
        space: spaceAt(candidate, requestSpaceKey({ ...prompt, flags: outline.flags })),
        rule: cacheRuleOf(candidate.endpoint.surface, candidate.upstreamModel, candidate.host),
        requestId: `request-${index}`,
        cuts: outline.cuts,
        bytes: outline.bytes,
        asksFor: null,
        ttlMs: null,
        isKept: true,
      },
      routing.ledger.nowMs(),
    );
  }
}

function outlineOf(kilobytes: number, name: string): PromptOutline | null {
  const text = new TextDecoder().decode(promptBody(kilobytes)).replace('hello', name);
  return scanRequest(new TextEncoder().encode(text), 'anthropic-messages').outline;
}

// Other routers' rules as the gateway's policies, for comparison: SGLang's prefix tree and Kiro-Go's sticky keys.

import type { RoutePolicyFunction } from '../../../server/gateway/route.ts';

type PolicyInput = Parameters<RoutePolicyFunction>[0];
type PolicyOutput = ReturnType<RoutePolicyFunction>;
type Standing = PolicyInput['group'][number];

/** A match must be longer than this share of the prompt; queues differ too much beyond this difference and factor. */
const SGLANG = { matchShare: 0.5, difference: 32, factor: 1.1 };

/**
 * SGLang's router (`cache_aware.rs`): with queues in balance to the owner of the longest known prefix when it is long
 * enough, else to the account with the smallest tree; out of balance to the shortest queue. Nothing is ever forgotten.
 */
export function sglangPolicy(): RoutePolicyFunction {
  const owners = new Map<string, string>();
  const treeBytes = new Map<string, number>();
  return (input) => {
    const { question, group, open } = input;
    const model = question.candidates[0]?.model.id ?? '';
    const cuts = question.prompt.outline?.cuts ?? [];
    const known = cuts.findLast(({ hash }) => owners.has(`${model} ${hash}`));
    const isLong = known && known.bytes > SGLANG.matchShare * (question.prompt.outline?.bytes ?? 0);
    const owner = isLong ? owners.get(`${model} ${known.hash}`) : undefined;
    const wanted = isOutOfBalance(group)
      ? null
      : (open.find((standing) => idOf(standing) === owner) ??
        (owner === undefined ? leastBy(open, (row) => treeBytes.get(idOf(row)) ?? 0) : null));
    const chosen = wanted ?? leastBy(open, queueOf);
    if (!chosen) return whoeverIsFree(input);
    const account = idOf(chosen);
    const freshBytes = (question.prompt.outline?.bytes ?? 0) - (known?.bytes ?? 0);
    treeBytes.set(account, (treeBytes.get(account) ?? 0) + freshBytes);
    for (const { hash } of cuts) owners.set(`${model} ${hash}`, account);
    return now(chosen);
  };
}

/** Kiro-Go as described: each API key stays with one account without end; when that is full, to the others in turn. */
export function keyStickyPolicy(): RoutePolicyFunction {
  const accountOfKey = new Map<string, string>();
  let turn = 0;
  return (input) => {
    const { question, open } = input;
    const bound = accountOfKey.get(question.prompt.tenant);
    const chosen =
      open.find((standing) => idOf(standing) === bound) ?? open[turn++ % Math.max(1, open.length)];
    if (!chosen) return whoeverIsFree(input);
    if (bound === undefined) accountOfKey.set(question.prompt.tenant, idOf(chosen));
    return now(chosen);
  };
}

function isOutOfBalance(group: readonly Standing[]): boolean {
  const queues = group.map(queueOf);
  const [most, least] = [Math.max(...queues), Math.min(...queues)];
  return most - least > SGLANG.difference && most > SGLANG.factor * least;
}

function queueOf({ inFlight, waitersBefore }: Standing): number {
  return inFlight + waitersBefore;
}

function idOf({ candidate }: Standing): string {
  return candidate.account.id;
}

function leastBy(standings: readonly Standing[], sizeOf: (standing: Standing) => number): Standing | null {
  return standings.reduce<Standing | null>(
    (best, standing) => (best && sizeOf(best) <= sizeOf(standing) ? best : standing),
    null,
  );
}

function now(standing: Standing): PolicyOutput {
  return { pick: { standing, waitMs: 0, waitsFor: null }, placings: [] };
}

/** In the shortest line, for as long as the gateway waits. */
function whoeverIsFree({ group, question }: PolicyInput): PolicyOutput {
  const standing = leastBy(
    group.filter(({ state }) => state === 'full'),
    queueOf,
  );
  if (!standing || question.leftMs <= 0) return { pick: null, placings: [] };
  return { pick: { standing, waitMs: question.leftMs, waitsFor: 'slot' }, placings: [] };
}

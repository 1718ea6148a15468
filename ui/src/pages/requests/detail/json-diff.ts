// What differs between two JSON values, place by place. Pure and bounded.

import type { Json } from '../../../lib/json.ts';

export type Change =
  | { kind: 'added'; path: string; after: Json }
  | { kind: 'removed'; path: string; before: Json }
  | { kind: 'changed'; path: string; before: Json; after: Json };

interface JsonDiff {
  changes: Change[];
  /** There are more changes than are listed. */
  isCut: boolean;
}

const MAX_CHANGES = 300;
/** Longer lists are compared place by place: finding what moved takes the product of both lengths. */
const MAX_ALIGNED = 300;

export function diffJson(before: Json, after: Json): JsonDiff {
  const changes: Change[] = [];
  compare(before, after, '', changes);
  return { changes: changes.slice(0, MAX_CHANGES), isCut: changes.length > MAX_CHANGES };
}

function compare(before: Json, after: Json, path: string, changes: Change[]): void {
  if (changes.length > MAX_CHANGES) return;
  if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, changes);
  else if (isObject(before) && isObject(after)) compareObjects(before, after, path, changes);
  else if (before !== after) changes.push({ kind: 'changed', path: path === '' ? '$' : path, before, after });
}

function compareObjects(
  before: { [name: string]: Json },
  after: { [name: string]: Json },
  path: string,
  changes: Change[],
): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const place = path + fieldPath(name, path === '');
    const was = Object.hasOwn(before, name) ? before[name] : undefined;
    const is = Object.hasOwn(after, name) ? after[name] : undefined;
    if (was === undefined && is !== undefined) changes.push({ kind: 'added', path: place, after: is });
    else if (was !== undefined && is === undefined)
      changes.push({ kind: 'removed', path: place, before: was });
    else if (was !== undefined && is !== undefined) compare(was, is, place, changes);
  }
}

function compareLists(
  before: readonly Json[],
  after: readonly Json[],
  path: string,
  changes: Change[],
): void {
  for (const [was, is] of aligned(before, after)) {
    // Places count as in the list that has them.
    if (was !== null && is !== null)
      compare(before[was] ?? null, after[is] ?? null, `${path}[${is}]`, changes);
    else if (is !== null) changes.push({ kind: 'added', path: `${path}[${is}]`, after: after[is] ?? null });
    else if (was !== null)
      changes.push({ kind: 'removed', path: `${path}[${was}]`, before: before[was] ?? null });
  }
}

type Pair = readonly [was: number | null, is: number | null];

/** Equal elements belong together, in order; between them, one after the other. */
function aligned(before: readonly Json[], after: readonly Json[]): Pair[] {
  const anchors: Pair[] =
    before.length <= MAX_ALIGNED && after.length <= MAX_ALIGNED
      ? commonElements(before.map(textOf), after.map(textOf))
      : [];
  const pairs: Pair[] = [];
  let was = 0;
  let is = 0;
  for (const [wasAnchor, isAnchor] of [...anchors, [before.length, after.length] as const]) {
    const [wasEnd, isEnd] = [wasAnchor ?? 0, isAnchor ?? 0];
    for (let at = 0; at < Math.max(wasEnd - was, isEnd - is); at += 1) {
      pairs.push([was + at < wasEnd ? was + at : null, is + at < isEnd ? is + at : null]);
    }
    was = wasEnd + 1;
    is = isEnd + 1;
  }
  return pairs;
}

/** The longest common subsequence: pairs of places with equal texts. */
function commonElements(before: readonly string[], after: readonly string[]): Pair[] {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  const at = (was: number, is: number) => lengths[was * width + is] ?? 0;
  for (let was = before.length - 1; was >= 0; was -= 1) {
    for (let is = after.length - 1; is >= 0; is -= 1) {
      lengths[was * width + is] =
        before[was] === after[is] ? at(was + 1, is + 1) + 1 : Math.max(at(was + 1, is), at(was, is + 1));
    }
  }
  const pairs: Pair[] = [];
  for (let was = 0, is = 0; was < before.length && is < after.length; ) {
    if (before[was] === after[is]) pairs.push([was++, is++]);
    else if (at(was + 1, is) >= at(was, is + 1)) was += 1;
    else is += 1;
  }
  return pairs;
}

/** `.name` where that reads well, else `["odd name"]`. */
function fieldPath(name: string, isFirst: boolean): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `[${JSON.stringify(name)}]`;
  return isFirst ? name : `.${name}`;
}

function textOf(value: Json): string {
  return JSON.stringify(value);
}

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

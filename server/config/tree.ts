// Reads parts of a configuration whose shape has not been checked yet. Pure; what does not fit is simply not there.

import type { PathStep } from './problems.ts';

export type Block = Readonly<Record<string, unknown>>;

/** A block of a list, with its place. */
export interface Placed {
  block: Block;
  path: readonly PathStep[];
}

export function isBlock(value: unknown): value is Block {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The blocks of the list under `key`. */
export function blocksOf(value: unknown, key: string, path: readonly PathStep[] = []): Placed[] {
  return itemsOf(value, key, path).flatMap(({ item, path }) =>
    isBlock(item) ? [{ block: item, path }] : [],
  );
}

/** The texts of the list under `key`. */
export function textsOf(value: unknown, key: string, path: readonly PathStep[] = []) {
  return itemsOf(value, key, path).flatMap(({ item, path }) =>
    typeof item === 'string' ? [{ text: item.trim(), path }] : [],
  );
}

export function textOf(value: unknown, key: string): string | null {
  const text = isBlock(value) ? value[key] : undefined;
  return typeof text === 'string' ? text.trim() : null;
}

/** The block under `key`; an empty one when there is none. */
export function blockOf(value: unknown, key: string): Block {
  const found = isBlock(value) ? value[key] : undefined;
  return isBlock(found) ? found : {};
}

/** A number, also as the text that an environment variable put there. */
export function numberOf(value: unknown, key: string): number | null {
  const found = isBlock(value) ? value[key] : undefined;
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

function itemsOf(value: unknown, key: string, path: readonly PathStep[]) {
  const list: unknown = isBlock(value) ? value[key] : undefined;
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown, index) => ({ item, path: [...path, key, index] }));
}

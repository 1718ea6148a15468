// What a compatibility route is: a path, the GraphQL operations behind it, and the envelope around their result. Types and small makers.

import * as v from 'valibot';

/** Asks the admin API as the caller of the route; throws a RestError when it answers with errors. */
export type Ask = <Schema extends v.GenericSchema>(
  document: string,
  result: Schema,
  variables?: Record<string, unknown>,
) => Promise<v.InferOutput<Schema>>;

export interface RouteCall {
  /** The parts of the path that stand for values, decoded. */
  parameters: readonly string[];
  query: URLSearchParams;
  ask: Ask;
}

export interface Route {
  method: 'GET' | 'DELETE';
  /** Segments; `:name` takes one, `*name` the rest. The first route that fits answers. */
  path: string;
  answer(call: RouteCall): Promise<unknown>;
}

/** Becomes the reply: `status` with the message in the envelope of the route's API. */
export class RestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'RestError';
    this.status = status;
  }
}

/** A whole number of the query within its bounds, or the default. */
export function wholeNumber(
  query: URLSearchParams,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = query.get(name);
  if (text === null || text === '') return otherwise;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RestError(422, `Cannot read ${name}: it must be a whole number from ${least} to ${most}`);
}

/** A text of the query; null when it is absent or empty. */
export function textOf(query: URLSearchParams, name: string): string | null {
  return query.get(name) || null;
}

/** Seconds since the Unix epoch of an ISO time. */
export function unixSeconds(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** A fraction as percent with two decimals. */
export function percent(fraction: number): number {
  return rounded(fraction * 100, 2);
}

export function rounded(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}

/** The payload of a mutation that clears. */
export const cleared = v.object({
  clearedCount: v.number(),
  message: v.string(),
  clearedKeys: v.array(v.string()),
  errors: v.array(v.object({ code: v.string(), message: v.string() })),
});

export type Cleared = v.InferOutput<typeof cleared>;

/** Throws 404 or 422 when the mutation was refused. */
export function refuseErrors({ errors: [first] }: Pick<Cleared, 'errors'>): void {
  if (first) throw new RestError(first.code === 'not-found' ? 404 : 422, first.message);
}

// From what was pasted to what is asked, and from the answer to bars. Pure.

import type { ChartTone } from '../../charts/tones.ts';
import { SURFACES } from '../../lib/request-filter.ts';
import type { Considered, ExplainInput } from './queries.ts';

export interface ExplainForm {
  model: string;
  surface: string;
  apiKeyId: string;
  sessionId: string;
  body: string;
}

/** Parts of a candidate's cost in the order they are drawn, each with its colour. */
export const COST_TERMS = [
  { term: 'missUsd', tone: 's9' },
  { term: 'readUsd', tone: 's1' },
  { term: 'waitUsd', tone: 's2' },
  { term: 'loadUsd', tone: 's6' },
  { term: 'failureUsd', tone: 's5' },
  { term: 'headroomUsd', tone: 's4' },
] as const satisfies readonly { term: keyof NonNullable<Considered['cost']>; tone: ChartTone }[];

/** The model that a pasted request names; null when it names none or is no JSON. */
export function modelOf(body: string): string | null {
  const request = parsed(body);
  const named = typeof request === 'object' && request !== null && 'model' in request ? request.model : null;
  return typeof named === 'string' && named !== '' ? named : null;
}

/** False for a text that is there but no JSON. */
export function isReadable(body: string): boolean {
  return body.trim() === '' || parsed(body) !== undefined;
}

/** What to ask; null while no model is known. */
export function explainInput(form: ExplainForm): ExplainInput | null {
  const model = form.model.trim() || modelOf(form.body);
  const surface = SURFACES.find((one) => one === form.surface);
  if (!model || !surface) return null;
  return {
    model,
    surface,
    ...(form.apiKeyId ? { apiKeyId: form.apiKeyId } : {}),
    ...(form.sessionId.trim() ? { sessionId: form.sessionId.trim() } : {}),
    ...(form.body.trim() ? { body: form.body } : {}),
  };
}

/** Widths of the parts as shares of the costliest candidate, 0 to 1; what counts for a candidate (below 0) has none. */
export function costShares(
  candidates: readonly Considered[],
): { tone: ChartTone; term: string; share: number }[][] {
  const sums = candidates.map(({ cost }) =>
    COST_TERMS.reduce((sum, { term }) => sum + Math.max(0, cost?.[term] ?? 0), 0),
  );
  const full = Math.max(0, ...sums);
  return candidates.map(({ cost }) =>
    COST_TERMS.map(({ term, tone }) => ({
      term,
      tone,
      share: full > 0 ? Math.max(0, cost?.[term] ?? 0) / full : 0,
    })).filter(({ share }) => share > 0),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

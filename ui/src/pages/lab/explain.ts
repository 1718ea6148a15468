// From what was pasted to what is asked, and from the answer to bars. Pure.

import type { ChartTone } from '../../charts/tones.ts';
import { SURFACES } from '../../lib/request-filter.ts';
import type { PastedRequest } from './pasted.ts';
import type { Considered, ExplainInput } from './queries.ts';

export interface ExplainForm {
  model: string;
  surface: string;
  apiKeyId: string;
  sessionId: string;
  body: string;
  /** The `anthropic-beta` header of a pasted command. */
  betas: string;
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

/** The form with what a pasted request says of itself. `before`: the model it named until now, which may be typed over. */
export function withPasted(form: ExplainForm, pasted: PastedRequest, before: string | null): ExplainForm {
  return {
    ...form,
    body: pasted.body,
    surface: pasted.surface ?? form.surface,
    model: pasted.model !== null && pasted.model !== before ? pasted.model : form.model,
    sessionId: pasted.sessionId ?? form.sessionId,
    // Edited JSON is still that of the command.
    betas: pasted.kind === 'curl' ? (pasted.betas ?? '') : form.betas,
  };
}

/** What to ask; null while no model is known. */
export function explainInput(form: ExplainForm): ExplainInput | null {
  const model = form.model.trim();
  const surface = SURFACES.find((one) => one === form.surface);
  if (!model || !surface) return null;
  return {
    model,
    surface,
    ...(form.apiKeyId ? { apiKeyId: form.apiKeyId } : {}),
    ...(form.sessionId.trim() ? { sessionId: form.sessionId.trim() } : {}),
    ...(form.body.trim() ? { body: form.body } : {}),
    ...(form.betas ? { betas: form.betas } : {}),
  };
}

/** Costs that differ by less than this share of them are as good as equal. */
const TIE = 0.001;

/** Cheapest first as they came; of those that cost as good as the same, the chosen one stands first. */
export function chosenBeforeTies<One extends Pick<Considered, 'account' | 'cost'>>(
  considered: readonly One[],
  chosenId: string | null,
): readonly One[] {
  const chosen = considered.find(({ account }) => account !== null && account.id === chosenId);
  const chosenUsd = chosen?.cost?.totalUsd;
  if (!chosen || chosenUsd === undefined) return considered;
  const isTie = ({ cost }: One) =>
    cost !== null && Math.abs(cost.totalUsd - chosenUsd) <= Math.abs(chosenUsd) * TIE;
  const others = considered.filter((one) => one !== chosen);
  const place = Math.min(considered.indexOf(chosen), considered.findIndex(isTie));
  return [...others.slice(0, place), chosen, ...others.slice(place)];
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

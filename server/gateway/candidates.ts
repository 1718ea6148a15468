// Which accounts can serve a model on a surface: those that speak it, then those that need a translation.

import { type ChatSurface, isChatSurface, type Surface } from '../wire/surface.ts';
import type { Candidate, Catalog } from './catalog.ts';

/**
 * Which dialect to speak to an account that does not speak the caller's, best first: Responses carries reasoning and
 * tools over turns, Chat Completions is understood most widely.
 */
const TARGETS: Readonly<Record<ChatSurface, readonly ChatSurface[]>> = {
  'anthropic-messages': ['openai-responses', 'gemini', 'openai-chat'],
  'openai-chat': ['openai-responses', 'anthropic-messages', 'gemini'],
  'openai-responses': ['anthropic-messages', 'gemini', 'openai-chat'],
  gemini: ['anthropic-messages', 'openai-responses', 'openai-chat'],
};

/** Owned by the snapshot it is about: goes with it. */
const remembered = new WeakMap<Catalog, Map<string, readonly Candidate[]>>();

/** Every account at most once, whatever its health. */
export function candidatesOf(catalog: Catalog, modelId: string, surface: Surface): readonly Candidate[] {
  if (!catalog.settings.translation || !isChatSurface(surface)) return catalog.candidates(modelId, surface);
  const table = remembered.get(catalog) ?? new Map<string, readonly Candidate[]>();
  remembered.set(catalog, table);
  const key = `${modelId}|${surface}`;
  const known = table.get(key);
  if (known) return known;
  const found = allCandidates(catalog, modelId, surface);
  table.set(key, found);
  return found;
}

function allCandidates(catalog: Catalog, modelId: string, surface: ChatSurface): readonly Candidate[] {
  const found = [...catalog.candidates(modelId, surface)];
  const taken = new Set(found.map(({ account }) => account.id));
  for (const target of TARGETS[surface]) {
    for (const candidate of catalog.candidates(modelId, target)) {
      if (taken.has(candidate.account.id)) continue;
      taken.add(candidate.account.id);
      found.push(candidate);
    }
  }
  return found;
}

// Ids of tool calls as the target accepts them. Pure: the same id always becomes the same id, in calls and in results.

import { digestOf, safeId } from '../ids.ts';

/** OpenAI refuses longer ids in Chat Completions ("Expected a string with maximum length 40"). */
const MAX_ID_CHARACTERS = 40;

/** The id itself where it is acceptable, else one made from it. `isStrict`: exactly nine letters or digits (Mistral). */
export function upstreamCallId(id: string, isStrict: boolean): string {
  if (!isStrict) return safeId(id, MAX_ID_CHARACTERS);
  return /^[A-Za-z0-9]{9}$/.test(id) ? id : digestOf(id).slice(0, 9);
}

// The ids of responses and of their output items: made of the upstream's, so that the same reply has the same ones.

import { safeId } from '../ids.ts';

/** Room for the prefix and the index of an item, of the 64 characters that OpenAI accepts. */
const MAX_BASE_CHARACTERS = 54;

/** Response ids look alike whoever answered: `resp_` and the upstream's own id. */
export function responseId(replyId: string): string {
  return `resp_${baseOf(replyId)}`;
}

/** The id of the output item at this place of a reply. */
export function itemId(prefix: 'msg' | 'rs' | 'fc' | 'ctc', replyId: string, index: number): string {
  return `${prefix}_${baseOf(replyId)}_${index}`;
}

function baseOf(replyId: string): string {
  const id = replyId.startsWith('resp_') ? replyId.slice('resp_'.length) : replyId;
  return id === '' ? '' : safeId(id, MAX_BASE_CHARACTERS);
}

// Prompts as chains of cuts, written as lists of words: equal beginnings get equal hashes.

import type { PromptCut, PromptPart } from '../../server/wire/outline.ts';

export interface Prompt {
  cuts: PromptCut[];
  bytes: number;
}

/** One cut a word, `t:` for a tool, `s:` for a system block, anything else a message; each has `bytesEach` bytes. */
export function promptOf(words: string, { bytesEach = 4_000 }: { bytesEach?: number } = {}): Prompt {
  const cuts: PromptCut[] = [];
  const counts = { tools: 0, system: 0, message: 0 };
  let hash = 0;
  for (const word of words.split(' ')) {
    const part: PromptPart = word.startsWith('t:') ? 'tools' : word.startsWith('s:') ? 'system' : 'message';
    for (const letter of `${word} `) hash = (hash * 31 + letter.charCodeAt(0)) % 9_007_199_254;
    cuts.push({
      hash,
      bytes: (cuts.length + 1) * bytesEach,
      part,
      index: counts[part]++,
      block: cuts.length,
      isBlockEnd: true,
      mark: null,
    });
  }
  return { cuts, bytes: cuts.length * bytesEach };
}

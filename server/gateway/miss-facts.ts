// What is known of a miss beside its cause: a code with its values for programs, and the words of both. Pure.

/**
 * `unused-for`, `expired-ago`, `before-expiry`: for how long. `warm-on`: which account; `routed-away`: the affinity code
 * of the request tells why. `tools`, `system`, `message`, `messages` (somewhere within them): where the prompt is
 * another. `model-was`, `setting-changed`, `header-changed`: what else is. `prompt-too-short`, `beginning-too-short`
 * (what it has in common with earlier requests): below which minimum. `too-many-blocks`: how many are looked back over.
 * `nothing-cached`: neither read nor written. `no-mark`, `beyond-mark`: of its cache marks.
 */
export const MISS_DETAIL_CODES = [
  'unused-for',
  'expired-ago',
  'before-expiry',
  'warm-on',
  'routed-away',
  'tools',
  'system',
  'message',
  'messages',
  'model-was',
  'setting-changed',
  'header-changed',
  'prompt-too-short',
  'beginning-too-short',
  'too-many-blocks',
  'nothing-cached',
  'no-mark',
  'beyond-mark',
] as const;
export type MissDetailCode = (typeof MISS_DETAIL_CODES)[number];

export interface MissFacts {
  code: MissDetailCode;
  ms: number | null;
  /** Tokens of a minimum, blocks, or the index of a message, from 0. */
  count: number | null;
  /** Index of the last of `messages`. */
  upTo: number | null;
  /** Of the account, or of the provider's model. */
  name: string | null;
}

const NO_VALUES = { ms: null, count: null, upTo: null, name: null };

export function missFacts(code: MissDetailCode, values: Partial<Omit<MissFacts, 'code'>> = {}): MissFacts {
  const { ms = null } = values;
  return { code, ...NO_VALUES, ...values, ms: ms === null ? null : Math.max(0, Math.round(ms)) };
}

/** `whyMoved`: why the request went to another account than it was bound to, in words; null = it did not. */
export function missWords(facts: MissFacts, whyMoved: string | null): string {
  const { code, count, upTo, name } = facts;
  const time = duration(facts.ms ?? 0);
  switch (code) {
    case 'unused-for':
      return `unused for ${time}`;
    case 'expired-ago':
      return `expired ${time} ago`;
    case 'before-expiry':
      return `${time} before it would have expired`;
    case 'warm-on':
      return `warm on ${name}${whyMoved === null ? '' : `; ${whyMoved}`}`;
    case 'routed-away':
      return whyMoved ?? 'on another account';
    case 'message':
      return `message ${count}`;
    case 'messages':
      return `messages ${count} to ${upTo}`;
    case 'model-was':
      return `the model was ${name}`;
    case 'prompt-too-short':
      return `the prompt is below ${count} tokens`;
    case 'beginning-too-short':
      return `what is the same is below ${count} tokens`;
    case 'too-many-blocks':
      return `more than ${count} new blocks before a cache mark`;
    default:
      return FIXED_WORDS[code];
  }
}

const FIXED_WORDS = {
  tools: 'tools',
  system: 'system',
  'setting-changed': 'a setting that the cache depends on',
  'header-changed': 'a header that the cache depends on',
  'nothing-cached': 'nothing was read or written',
  'no-mark': 'no cache mark',
  'beyond-mark': 'beyond the last cache mark',
} as const;

/** `412 s`, `2 h 5 min`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// Identifiers that every dialect accepts: made from others' by rule, so that a call and its result keep finding each other.

/** The strictest that the providers state: Anthropic's pattern for tool ids, OpenAI's length for ids of all kinds. */
const MAX_ID_CHARACTERS = 64;

const SAFE = /^[A-Za-z0-9_-]+$/;

/**
 * The id as it is when it matches `^[A-Za-z0-9_-]{1,64}$`, else one made of it: always the same for the same id,
 * different for different ids. Idempotent.
 */
export function safeId(id: string, maxCharacters = MAX_ID_CHARACTERS): string {
  if (id.length <= maxCharacters && SAFE.test(id)) return id;
  return marked(id.replace(/[^A-Za-z0-9_-]/g, '_'), id, maxCharacters);
}

/** A text of at most 64 characters: cut, with a digest of the whole in place of its end. */
export function shortText(text: string): string {
  return text.length <= MAX_ID_CHARACTERS ? text : marked(text, text, MAX_ID_CHARACTERS);
}

function marked(text: string, whole: string, maxCharacters: number): string {
  const digest = digestOf(whole);
  return `${text.slice(0, maxCharacters - digest.length - 1)}_${digest}`;
}

/** FNV-1a, twice with different starts: 64 bits that tell ids apart, as 16 digits; nothing secret depends on it. */
export function digestOf(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x01000193) ^ low;
  }
  return `${(low >>> 0).toString(16).padStart(8, '0')}${(high >>> 0).toString(16).padStart(8, '0')}`;
}

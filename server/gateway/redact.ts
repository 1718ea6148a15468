// Takes secrets out of a text that will be kept. Pure. Rather one word too many than one secret kept.

import { Buffer } from 'node:buffer';

const REDACTED = '[redacted]';

/** Names of headers and fields whose value is a secret. `max_tokens` and its like are counts, so their values are kept: see below. */
const SECRET_NAME =
  '[\\w.-]*(?:api[-_]?key|key|token|secret|password|passwd|authorization|credentials?|cookie)';

/** In order: the pairs first, since what they leave of a value may no longer look like a secret. */
const RULES: readonly { pattern: RegExp; replacement: string }[] = [
  // JSON fields with a text value, also inside a JSON text that is itself a string (\"token\":\"…\").
  {
    pattern: new RegExp(`(\\\\*")(${SECRET_NAME})\\1(\\s*:\\s*)\\1(?:(?!\\1)(?:\\\\.|[^\\\\]))*?\\1`, 'gi'),
    replacement: `$1$2$1$3$1${REDACTED}$1`,
  },
  // Header lines, and what looks like one.
  {
    pattern:
      /\b((?:proxy-)?authorization|(?:set-)?cookie|x-(?:goog-)?api-key|api-key)(["']?\s*[:=]\s*["']?)[^\r\n"'\\]+/gi,
    replacement: `$1$2${REDACTED}`,
  },
  // Values in a query or a form.
  {
    pattern: new RegExp(`([?&\\s;]|^)(${SECRET_NAME})=[^&\\s"'\\\\#;]+`, 'gim'),
    replacement: `$1$2=${REDACTED}`,
  },
  { pattern: /\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, replacement: `$1 ${REDACTED}` },
  // User name and password in a URL.
  { pattern: /(:\/\/)[^\s/@"'\\]+:[^\s/@"'\\]+@/g, replacement: `$1${REDACTED}@` },
  // Keys that are known by their beginning: OpenAI, Anthropic and many more; ours; Google; GitHub; AWS; Slack.
  { pattern: /\b(?:sk|pk|rk|wpa?)[-_][\w-]{8,}/g, replacement: REDACTED },
  { pattern: /\bAIza[\w-]{20,}/g, replacement: REDACTED },
  { pattern: /\bya29\.[\w-]+/g, replacement: REDACTED },
  { pattern: /\b(?:gh[pousr]_|github_pat_)\w{20,}/g, replacement: REDACTED },
  { pattern: /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, replacement: REDACTED },
  { pattern: /\bxox[abprs]-[\w-]{10,}/g, replacement: REDACTED },
  // JSON web tokens.
  { pattern: /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*/g, replacement: REDACTED },
];

/** Shorter ones would take out words by chance. */
const MIN_KNOWN_LENGTH = 6;

/** The text without what looks like a secret, and without those of `known`, however they look. */
export function redactSecrets(text: string, known: readonly string[] = []): string {
  let clean = text;
  for (const secret of known) if (secret.length >= MIN_KNOWN_LENGTH) clean = withoutKnown(clean, secret);
  for (const { pattern, replacement } of RULES) clean = clean.replace(pattern, replacement);
  return clean;
}

/** Longest error type kept; the longest known has 40 characters. */
const MAX_TYPE_LENGTH = 100;

/** An error as the upstream told it, in words that may be kept and shown. */
export function withoutSecrets<Said extends { type: string; message: string }>(
  error: Said | null,
  known: readonly string[],
): Said | null {
  if (!error) return null;
  const type = redactSecrets(error.type, known).slice(0, MAX_TYPE_LENGTH);
  return { ...error, type, message: redactSecrets(error.message, known) };
}

/** Whoever repeats a secret may quote it in a query or in JSON, or encode it. */
function withoutKnown(text: string, secret: string): string {
  let clean = text;
  for (const spelling of spellingsOf(secret)) clean = clean.replaceAll(spelling, REDACTED);
  return withoutBeginning(clean, secret);
}

function spellingsOf(secret: string): Set<string> {
  const bytes = Buffer.from(secret);
  return new Set([
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ]);
}

/** A text that was cut may end in the middle of the secret. */
function withoutBeginning(text: string, secret: string): string {
  for (let length = secret.length - 1; length >= MIN_KNOWN_LENGTH; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + REDACTED;
  }
  return text;
}

// Replaces `${NAME}` in every text of a configuration by the environment's value. Pure; never quotes a value.

import type { InputFault } from '../gateway/input-faults.ts';
import type { Finding, PathStep } from './problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Stands where a value could not be found, so that the rest of the file can still be checked. */
export const UNRESOLVED = 'unresolved-value';

// `{` and `}` mean something to YAML inside `{ … }` and `[ … ]`, so references go through the parser in disguise:
// characters of the private use area, which YAML takes as ordinary letters.
const OPEN = '\u{E000}';
const OPEN_ESCAPED = '\u{E001}';
const CLOSE = '\u{E002}';

/** Makes the references of a YAML text safe to stand anywhere, unquoted too. Lines stay where they are. */
export function disguiseReferences(text: string): string {
  return text
    .replaceAll(/\$\$\{([^{}\n]*)\}/g, `${OPEN_ESCAPED}$1${CLOSE}`)
    .replaceAll(/\$\{([^{}\n]*)\}/g, `${OPEN}$1${CLOSE}`);
}

/**
 * Resolves disguised references. `$${NAME}` stands for the literal text `${NAME}`. An empty variable counts as
 * missing: an empty secret is never what was meant.
 */
export function interpolate(data: unknown, env: Environment): { data: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  return { data: walk(data, [], (text, path) => replace(text, path, { env, findings })), findings };
}

/** The name in a disguised text that is one reference and nothing else; else null. */
export function wholeReference(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const name = value.startsWith(OPEN) && value.endsWith(CLOSE) ? value.slice(OPEN.length, -CLOSE.length) : '';
  return NAME.test(name) ? name : null;
}

type Replace = (text: string, path: readonly PathStep[]) => string;

function walk(data: unknown, path: readonly PathStep[], replaceText: Replace): unknown {
  if (typeof data === 'string') return replaceText(data, path);
  if (Array.isArray(data)) return data.map((item, index) => walk(item, [...path, index], replaceText));
  if (data === null || typeof data !== 'object') return data;
  const entries = Object.entries(data);
  return Object.fromEntries(entries.map(([key, value]) => [key, walk(value, [...path, key], replaceText)]));
}

const REFERENCE = new RegExp(
  `([${OPEN}${OPEN_ESCAPED}])([^${OPEN}${OPEN_ESCAPED}${CLOSE}]*)${CLOSE}|\\$\\{`,
  'gu',
);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function replace(
  text: string,
  path: readonly PathStep[],
  { env, findings }: { env: Environment; findings: Finding[] },
): string {
  let isResolved = true;
  const fail = (message: string, fault: InputFault) => {
    isResolved = false;
    findings.push({ path, message, fault });
    return '';
  };
  const result = text.replaceAll(REFERENCE, (_match, open?: string, name = '') => {
    if (open === OPEN_ESCAPED) return `\${${name}}`;
    if (!NAME.test(name))
      return fail('has a broken reference: write $' + '{NAME} with letters, digits and _', {
        problem: 'broken-reference',
      });
    return (
      env[name] ||
      fail(`needs the environment variable ${name}, which is not set`, {
        problem: 'unset-variable',
        detail: name,
      })
    );
  });
  return isResolved ? result : UNRESOLVED;
}

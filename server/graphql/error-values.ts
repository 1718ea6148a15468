// Messages of graphql-js and its executor without the values that they quote: what was wrong and where, not with what. Pure.

import type { GraphQLError } from 'graphql';

/** The executor's words for a variable: the value, then where in it, then what the type says. */
const VARIABLE = /^(Variable "\$\w+") got invalid value ([\s\S]*)$/;
/** At the end of what stands before the reason. Quotes inside of values are escaped, so no value looks like this. */
const PLACE = / at "([\w.[\]]*)"$/;

/**
 * In order; each keeps what does not come from the caller, or is a short word. All begin at the beginning: callers
 * without a login choose what stands in these messages, and how long it is.
 */
const RULES: readonly { pattern: RegExp; replacement: string }[] = [
  { pattern: /^(Expected value of type [\s\S]*?)[,.]? [Ff]ound: [\s\S]*$/, replacement: '$1.' },
  {
    pattern: /^(Expected value of type "[^"]+" not to include unknown field) "(?!\w{1,40}")[\s\S]*$/,
    replacement: '$1.',
  },
  {
    pattern: /^((?:Int|Float|String|Boolean|ID|Enum "\w+") cannot represent [\w -]*value)\b[\s\S]*$/,
    replacement: '$1.',
  },
  {
    pattern: /^Value "[\s\S]*" does not exist in ("\w+" enum)[\s\S]*$/,
    replacement: 'Value does not exist in $1.',
  },
  { pattern: /^(Argument "\w+" has invalid value)\b[\s\S]*$/, replacement: '$1.' },
  {
    pattern:
      /^(Syntax Error: [\s\S]*?\b(?:String|BlockString|Int|Float|Name)) "(?![A-Za-z]{1,20}"\.$)[\s\S]*$/,
    replacement: '$1.',
  },
  { pattern: /^Unexpected parameter "(?![A-Za-z]{1,20}")[\s\S]*$/, replacement: 'Unexpected parameter.' },
];

export function withoutValues({
  message,
  originalError,
}: Pick<GraphQLError, 'message' | 'originalError'>): string {
  const [, variable, rest] = VARIABLE.exec(message) ?? [];
  if (variable === undefined || rest === undefined) return withoutQuoted(message);
  const reason = originalError?.message ?? '';
  const isKnown = reason !== '' && rest.endsWith(`; ${reason}`);
  const place = isKnown ? PLACE.exec(rest.slice(0, -reason.length - 2))?.[1] : undefined;
  const where = place === undefined ? variable : `${variable} at "${place}"`;
  return `${where} got an invalid value${isKnown ? `: ${withoutQuoted(reason)}` : '.'}`;
}

function withoutQuoted(message: string): string {
  return RULES.reduce((text, { pattern, replacement }) => text.replace(pattern, replacement), message);
}

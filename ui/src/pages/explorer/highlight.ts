// GraphQL text as coloured pieces; every character is in exactly one. Pure, and content with unfinished text.

export type TokenKind =
  | 'space'
  | 'comment'
  | 'string'
  | 'number'
  | 'variable'
  | 'directive'
  | 'keyword'
  | 'name'
  | 'mark'
  | 'odd';

export interface Token {
  kind: TokenKind;
  text: string;
  start: number;
}

const RULES: readonly [TokenKind, RegExp][] = [
  ['space', /[\s,\uFEFF]+/y],
  ['comment', /#[^\n]*/y],
  ['string', /"""[\s\S]*?(?:"""|$)|"(?:[^"\\\n]|\\.)*"?/y],
  ['variable', /\$\w*/y],
  ['directive', /@\w*/y],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['name', /[_A-Za-z]\w*/y],
  ['mark', /\.\.\.|[!&()=:[\]{|}]/y],
];
const KEYWORDS = new Set(['query', 'mutation', 'subscription', 'fragment', 'on', 'true', 'false', 'null']);

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(text: string, start: number): Token {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = start;
    const found = rule.exec(text)?.[0];
    if (found) return { kind: kind === 'name' && KEYWORDS.has(found) ? 'keyword' : kind, text: found, start };
  }
  return { kind: 'odd', text: text.charAt(start), start };
}

// Which operations a GraphQL text has, and what to call it. Pure, and content with unfinished text.

import { type Token, tokensOf } from './highlight.ts';

export interface Operation {
  kind: 'query' | 'mutation' | 'subscription';
  /** Null where none is written. */
  name: string | null;
}

const KINDS = ['query', 'mutation', 'subscription'] as const;
const DEEPER = new Set(['{', '(', '[']);
const HIGHER = new Set(['}', ')', ']']);

/** In the order in which they are written; fragments are none. */
export function operationsOf(text: string): Operation[] {
  const operations: Operation[] = [];
  let depth = 0;
  /** What the next braces are of. */
  let isHeaded = false;
  const tokens = writtenTokens(text);
  for (const [index, token] of tokens.entries()) {
    if (depth === 0) {
      const kind = isHeaded ? undefined : KINDS.find((one) => one === token.text);
      if (kind) operations.push({ kind, name: nameOf(tokens[index + 1]) });
      else if (token.text === '{' && !isHeaded) operations.push({ kind: 'query', name: null });
      if (kind || token.text === 'fragment') isHeaded = true;
    }
    if (DEEPER.has(token.text)) depth += 1;
    else if (HIGHER.has(token.text)) {
      depth = Math.max(0, depth - 1);
      if (depth === 0 && token.text === '}') isHeaded = false;
    }
  }
  return operations;
}

/** The one of this name, else the first. */
export function chosenOperation(operations: readonly Operation[], name: string | null): Operation | null {
  return operations.find((one) => one.name !== null && one.name === name) ?? operations[0] ?? null;
}

/** For a list of documents: the first operation's name, else the first field. */
export function titleOf(text: string): string {
  const name = operationsOf(text)[0]?.name;
  return name ?? writtenTokens(text).find(({ kind }) => kind === 'name')?.text ?? text.trim().slice(0, 40);
}

export function hasComments(text: string): boolean {
  return tokensOf(text).some(({ kind }) => kind === 'comment');
}

function writtenTokens(text: string): Token[] {
  return tokensOf(text).filter(({ kind }) => kind !== 'space' && kind !== 'comment');
}

function nameOf(token: Token | undefined): string | null {
  return token?.kind === 'name' ? token.text : null;
}

// What may be written at a place of a GraphQL text, from the schema and what stands before the place. Pure.

import { tokensOf } from './highlight.ts';
import type { SchemaDocs } from './schema-docs.ts';

export interface Completion {
  text: string;
  /** Type of the field or argument, for people. */
  detail: string;
}

export interface Completions {
  /** Start of the word that a choice replaces. */
  from: number;
  choices: Completion[];
}

const OPERATIONS = { query: 'Query', mutation: 'Mutation', subscription: 'Subscription' } as const;
const NOTHING: Completion[] = [];

interface Place {
  kind: 'fields' | 'arguments';
  /** Of the fields; the type whose field's arguments they are. Null = unknown, nothing is offered. */
  type: string | null;
  field: string | null;
}

/** Choices for the word at `at`, at most `limit`; empty where nothing is known. */
export function completionsAt(text: string, at: number, docs: SchemaDocs, limit = 50): Completions {
  const word = /\w*$/.exec(text.slice(0, at))?.[0] ?? '';
  const from = at - word.length;
  const place = placeAt(text.slice(0, from), docs);
  const wanted = word.toLowerCase();
  const choices = offered(place, docs).filter((choice) => choice.text.toLowerCase().includes(wanted));
  const rank = (choice: Completion) => (choice.text.toLowerCase().startsWith(wanted) ? 0 : 1);
  return { from, choices: choices.toSorted((one, other) => rank(one) - rank(other)).slice(0, limit) };
}

function offered(place: Place | null, docs: SchemaDocs): Completion[] {
  if (place === null) return Object.keys(OPERATIONS).map((text) => ({ text, detail: '' }));
  const type = place.type === null ? undefined : docs.get(place.type);
  if (!type) return NOTHING;
  if (place.kind === 'fields') return type.fields.map((field) => ({ text: field.name, detail: field.type }));
  const field = type.fields.find(({ name }) => name === place.field);
  const known = field?.arguments.length ? field.arguments : [];
  return known.map((argument) => ({ text: argument.name, detail: argument.type }));
}

/** Where the end of the text is: inside which type's braces or which field's parentheses; null outside of all. */
function placeAt(before: string, docs: SchemaDocs): Place | null {
  const stack: Place[] = [];
  let operation: string | null = 'Query';
  let lastName: string | null = null;
  let isTypeCondition = false;
  for (const { kind, text } of tokensOf(before)) {
    const inside = stack.at(-1);
    if (kind === 'keyword' && text in OPERATIONS) operation = OPERATIONS[text as keyof typeof OPERATIONS];
    else if (kind === 'keyword' && text === 'on') isTypeCondition = true;
    else if (kind === 'name' && isTypeCondition) {
      [lastName, isTypeCondition] = [`on ${text}`, false];
    } else if (kind === 'name') lastName = text;
    else if (text === '{') {
      stack.push(
        inside?.kind === 'arguments'
          ? unknown()
          : { kind: 'fields', type: typeInside(inside, lastName, operation, docs), field: null },
      );
      lastName = null;
    } else if (text === '(' && inside?.kind === 'fields') {
      stack.push({ kind: 'arguments', type: inside.type, field: lastName });
    } else if (text === '(') stack.push(unknown());
    else if (text === ')') lastName = stack.pop()?.field ?? null;
    else if (text === '}') {
      stack.pop();
      lastName = null;
    }
  }
  return stack.at(-1) ?? null;
}

function unknown(): Place {
  return { kind: 'arguments', type: null, field: null };
}

function typeInside(
  inside: Place | undefined,
  lastName: string | null,
  operation: string | null,
  docs: SchemaDocs,
): string | null {
  if (lastName?.startsWith('on ')) return lastName.slice(3);
  if (!inside) return operation;
  const field =
    inside.type === null ? undefined : docs.get(inside.type)?.fields.find(({ name }) => name === lastName);
  // An inline fragment without a condition, or `... @include(if: $x) {`, is of the type around it.
  return lastName === null ? inside.type : (field?.typeName ?? null);
}

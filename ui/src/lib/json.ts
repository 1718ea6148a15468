// JSON values of any shape. Pure.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What the API puts in place of a secret. */
export const REDACTED = '•••';

/** Undefined when the text is not JSON. */
export function parsedJson(text: string): Json | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

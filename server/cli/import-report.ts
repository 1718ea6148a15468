// What `warmpath import` prints: every change with its fields. Pure.

import type { ConfigChange, ConfigFieldChange } from '../config/diff.ts';

export function importReport(changes: readonly ConfigChange[], { isDryRun }: { isDryRun: boolean }): string {
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`;
  const headline = isDryRun ? `Dry run, nothing was changed: ${count}` : `Imported: ${count}`;
  return [...changes.flatMap(changeLines), headline].join('\n');
}

function changeLines({ kind, type, name, fields }: ConfigChange): string[] {
  return [`${kind} ${type} ${printable(name)}`, ...fields.map(fieldLine)];
}

function fieldLine({ name, before, after }: ConfigFieldChange): string {
  const is = after === null ? 'none' : printable(after);
  return before === null ? `  ${name}: ${is}` : `  ${name}: ${printable(before)} → ${is}`;
}

/** A name may come from a file of anybody, and control characters move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}

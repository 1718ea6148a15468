// Writes schema.graphql at the root; with --check only says whether it is up to date (exit 1 when not).

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { printedSchema } from './schema.ts';

const file = fileURLToPath(new URL('../../schema.graphql', import.meta.url));

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== printedSchema()) {
    console.error('schema.graphql is out of date: run npm run schema');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, printedSchema());
}

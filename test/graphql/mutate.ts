// Sends a mutation to an admin API over sample rows and gives its payload, for tests.

import { type Bench, openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

/** Selected with every payload. */
const ERRORS = 'errors { code message path }';
export const open = () => openBench({ rows: sampleRows() });

/** Runs a mutation with one root field and gives its payload. */
export async function mutate(
  bench: Bench,
  field: string,
  selection: string,
  variables: Record<string, unknown> = {},
) {
  const types: Record<string, string> = {
    id: 'ID!',
    input: `${field[0]?.toUpperCase()}${field.slice(1)}Input!`,
  };
  const declared = Object.keys(variables).map((name) => `$${name}: ${types[name]}`);
  const passed = Object.keys(variables).map((name) => `${name}: $${name}`);
  const data = await bench.ask(
    `mutation (${declared.join(', ')}) { ${field}(${passed.join(', ')}) { ${selection} ${ERRORS} } }`,
    variables,
  );
  return data[field];
}

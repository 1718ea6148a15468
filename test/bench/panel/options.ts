// Command line of the panel bench. Pure.

import { parseArgs } from 'node:util';

export const PARTS = ['load', 'scroll', 'pointer'] as const;

export const HELP = `Measures the built panel in a real browser: what its screens load, when they can be used, how they move.

Usage: bun test/bench/panel/main.ts [options]

  --rows N         rows of the request log (100000)
  --days N         that they are spread over (14)
  --rounds N       medians of so many loads of a screen (3)
  --slowdown N     of the processor while a screen loads (4)
  --only A,B       only these parts: ${PARTS.join(', ')}
  --find TEXT      only screens whose path has it
  --json FILE      all figures as JSON
  --quick          5000 rows, one round: for a look, not for a judgement
  --help           this text

The panel must have been built (npm run build). Figures beyond a goal have a "!" behind them; the exit code says nothing.`;

export interface Options {
  rows: number;
  days: number;
  rounds: number;
  slowdown: number;
  only: ReadonlySet<string>;
  find: string;
  jsonFile: string | null;
}

/** Null = help is wanted. Throws what to tell about a wrong usage. */
export function parseOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string' },
      days: { type: 'string', default: '14' },
      rounds: { type: 'string' },
      slowdown: { type: 'string', default: '4' },
      only: { type: 'string', default: PARTS.join(',') },
      find: { type: 'string', default: '' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const only = values.only.split(',');
  const unknown = only.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0)
    throw new Error(`Cannot measure "${unknown.join(', ')}": there are ${PARTS.join(', ')}`);
  return {
    rows: wholeNumber('--rows', values.rows ?? (values.quick ? '5000' : '100000')),
    days: wholeNumber('--days', values.days),
    rounds: wholeNumber('--rounds', values.rounds ?? (values.quick ? '1' : '3')),
    slowdown: wholeNumber('--slowdown', values.slowdown),
    only: new Set(only),
    find: values.find,
    jsonFile: values.json ?? null,
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`Cannot use ${name} ${text}: give a whole number from 1 on`);
}

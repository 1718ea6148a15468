// Command line of the log bench. Pure.

import { parseArgs } from 'node:util';

export const PARTS = ['questions', 'proxy', 'retention', 'start'] as const;
export type Part = (typeof PARTS)[number];

export const HELP = `Measures what the panel asks of a request log of millions of rows, and what that does to the proxy.

Usage: bun test/bench/log-scale/main.ts [options]

  --rows N         rows of the log (10000000): about 2 KB each on the disk
  --days N         that they are spread over, ending now (30)
  --seed N         same number, same rows (1)
  --data-dir DIR   keeps the log, and takes it again when these three are the same (test/.out/log-scale)
  --fresh          makes it anew
  --only A,B       only these parts: ${PARTS.join(', ')}
  --find TEXT      only questions whose name has it
  --times N        how often each question is asked (15)
  --rounds N       of the proxy and of starts (5)
  --per-second N   rows written meanwhile (1000)
  --program FILE   a compiled gateway; without it dist/warmpath if it is fresh, else the sources
  --quick          200000 rows, few repetitions: for a look, not for a judgement
  --help           this text

Prints Markdown tables, which are also left in report.md beside the log. Exit code 1 when a goal is missed.`;

export interface Options {
  rows: number;
  days: number;
  seed: number;
  dataDir: string;
  isFresh: boolean;
  isQuick: boolean;
  only: ReadonlySet<string>;
  find: string;
  times: number;
  rounds: number;
  perSecond: number;
  program: string | null;
}

/** Null = help is wanted. Throws what to tell about a wrong usage. */
export function parseOptions(args: readonly string[], defaultDataDir: string): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rows: { type: 'string' },
      days: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      'data-dir': { type: 'string', default: defaultDataDir },
      fresh: { type: 'boolean', default: false },
      only: { type: 'string', default: PARTS.join(',') },
      find: { type: 'string', default: '' },
      times: { type: 'string' },
      rounds: { type: 'string' },
      'per-second': { type: 'string', default: '1000' },
      program: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const only = values.only.split(',');
  const unknown = only.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) {
    throw new Error(`Cannot measure "${unknown.join(', ')}": there are ${PARTS.join(', ')}`);
  }
  const isQuick = values.quick;
  return {
    rows: wholeNumber('--rows', values.rows ?? (isQuick ? '200000' : '10000000')),
    days: wholeNumber('--days', values.days),
    seed: wholeNumber('--seed', values.seed),
    dataDir: values['data-dir'],
    isFresh: values.fresh,
    isQuick,
    only: new Set(only),
    find: values.find,
    times: wholeNumber('--times', values.times ?? (isQuick ? '5' : '15')),
    rounds: wholeNumber('--rounds', values.rounds ?? (isQuick ? '1' : '5')),
    perSecond: wholeNumber('--per-second', values['per-second']),
    program: values.program ?? null,
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`Cannot use ${name} ${text}: give a whole number from 1 on`);
}

// Command line of the overhead bench. Pure.

import { parseArgs } from 'node:util';
import { STEPS } from './steps.ts';

/** The steps, and what needs no load. */
export const ALL_PARTS: readonly string[] = [...STEPS.map(({ name }) => name), 'start', 'binary', 'log'];

export const HELP = `Measures what the gateway adds to a call, next to a direct call and to pass-throughs of the same run.

Usage: bun test/bench/overhead/main.ts [options]

  --quick          one short round, under a minute: for a look, not for a judgement
  --rounds N       medians of so many rounds (3)
  --only A,B       only these parts: ${ALL_PARTS.join(', ')}
  --program FILE   a compiled gateway; without it dist/warmpath if it is fresh, else the sources
  --json FILE      all values of all rounds as JSON
  --help           this text

Upstream, load, pass-throughs and gateway are processes of their own on loopback. With two processors or more (and
taskset) the target has one for itself. Compare the columns of one run, never two runs. Says nothing by its exit code.`;

export interface Options {
  isQuick: boolean;
  rounds: number;
  /** Names of parts. */
  only: ReadonlySet<string>;
  program: string | null;
  jsonFile: string | null;
}

/** Null = help is wanted. Throws what to tell about a wrong usage. */
export function parseOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string' },
      program: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const only = values.only?.split(',') ?? ALL_PARTS;
  const unknown = only.filter((name) => !ALL_PARTS.includes(name));
  if (unknown.length > 0)
    throw new Error(`Cannot measure "${unknown.join(', ')}": there are ${ALL_PARTS.join(', ')}`);
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`Cannot measure ${values.rounds} rounds: give 1 or more`);
  return {
    isQuick: values.quick,
    rounds,
    only: new Set(only),
    program: values.program ?? null,
    jsonFile: values.json ?? null,
  };
}

// What is wrong with a configuration file, for people. Never holds a secret's value.

import { type InputFault, words } from '../gateway/input-faults.ts';

export const MISSING = words('is missing', { problem: 'required' });

export interface ConfigProblem extends Meaning {
  /** Where, as `providers[0].accounts[1].weight`; empty for the file as a whole. */
  path: string;
  message: string;
  /** What was probably meant. */
  suggestion: string | null;
  /** 1-based line; null when the file could not be placed. */
  line: number | null;
}

interface Meaning {
  /** What the message means, for programs; absent = what its words are known to mean. */
  fault?: InputFault;
}

export type PathStep = string | number;

/** A problem before its line is known. */
export interface Finding extends Meaning {
  path: readonly PathStep[];
  message: string;
  suggestion?: string | null;
}

/** Thrown when a configuration cannot be used; lists everything that is wrong with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(source: string, problems: readonly ConfigProblem[]) {
    super(renderProblems(source, problems));
    this.problems = problems;
  }
}

/** A headline and one line for each problem, in the order of the file. */
export function renderProblems(source: string, problems: readonly ConfigProblem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [`Cannot use ${source}: ${count}`, ...problems.map((problem) => `  ${renderProblem(problem)}`)].join(
    '\n',
  );
}

function renderProblem({ path, message, suggestion, line }: ConfigProblem): string {
  const place = [path, line === null ? '' : `(line ${line})`].filter((part) => part !== '').join(' ');
  const hint = suggestion === null ? '' : `. Did you mean "${suggestion}"?`;
  return place === '' ? `${message}${hint}` : `${place}: ${message}${hint}`;
}

export function renderPath(path: readonly PathStep[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

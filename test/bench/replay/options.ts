// The replay's command line.

import { parseArgs } from 'node:util';
import { DOWN_STATUSES, type DownStatus } from './mock-account.ts';
import { POLICIES, type Policy } from './policies.ts';

export interface ReplayOptions {
  files: readonly string[];
  copies: number;
  roundMs: number;
  /** Null = by the kind of trace. */
  windowMs: number | null;
  warmupMs: number;
  requestCount: number;
  accounts: readonly number[];
  utilisations: readonly number[];
  keyCounts: readonly number[];
  policies: readonly Policy[];
  /** Trace tokens per sent token; null = as many as the blocks' names allow. */
  scale: number | null;
  hasSharedWarmth: boolean;
  hasUnknownSlots: boolean;
  hasTokenLimit: boolean;
  lostWrites: number;
  downtime: DownStatus | null;
  isSimulated: boolean;
  isGoals: boolean;
  jsonFile: string | null;
  plotFile: string | null;
  seed: number;
}

export const HELP = `Replays prompt-cache traces (ptrace1) through the gateway to mock accounts and compares routings.

Usage: bun test/bench/replay/main.ts FILE… [options]

  FILE               a ptrace1 file
  --policy A,B       of: ${POLICIES.join(', ')} (all but one-account)
  --accounts A,B     accounts (8)
  --utilisation A,B  share of the accounts' slots in use at the ceiling's hits, 0.01 to 1 (0.7)
  --keys A,B         API keys; sessions are dealt to them with weights 1, 1/2, 1/3, … (10)
  --copies N         copies of the trace laid over each other (4)
  --round M          minutes that sessions are laid out over, where their times are relative (240)
  --minutes M        how much of that is sent (40; all of a trace with absolute times)
  --warmup M         the first minutes, sent but not counted (10)
  --requests N       cut off behind so many requests (no limit)
  --shared-warmth    warm-cost takes prefixes of other API keys into account (setting warmthScope: everyone)
  --unknown-slots    the gateway is not told how many slots accounts have
  --itpm             accounts limit their uncached input per minute, and say so in headers
  --lost-writes S    share of the cache writes that are lost (0)
  --downtime S       each account refuses everything for 60 s, 10 min apart, with this status: ${DOWN_STATUSES.join(', ')}
  --simulate         next to it the simulator's figure for the same requests and accounts
  --goals            instead: the scenes of the goals, each with its gate and what was reached
  --scale S          trace tokens for one token that is sent (as many as blocks allow)
  --seed N           layout of sessions, choice of keys (1)
  --json FILE        all measures, to be read by programs
  --plot FILE        % of the ceiling by utilisation, as SVG
  --help             this text

The ceiling is computed: one account without limits, entries readable at once. "one-account" is that measured.
Exits with 1 when the clients' token counts differ from the gateway's request log, or a goal is missed.`;

/** Null when help is asked for. Throws with what is wrong. */
export function parseOptions(argv: readonly string[]): ReplayOptions | null {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      policy: { type: 'string', default: POLICIES.filter((name) => name !== 'one-account').join() },
      accounts: { type: 'string', default: '8' },
      utilisation: { type: 'string', default: '0.7' },
      keys: { type: 'string', default: '10' },
      copies: { type: 'string', default: '4' },
      round: { type: 'string', default: '240' },
      minutes: { type: 'string' },
      warmup: { type: 'string', default: '10' },
      requests: { type: 'string' },
      'shared-warmth': { type: 'boolean', default: false },
      'unknown-slots': { type: 'boolean', default: false },
      itpm: { type: 'boolean', default: false },
      'lost-writes': { type: 'string', default: '0' },
      downtime: { type: 'string' },
      simulate: { type: 'boolean', default: false },
      goals: { type: 'boolean', default: false },
      scale: { type: 'string' },
      seed: { type: 'string', default: '1' },
      json: { type: 'string' },
      plot: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  if (positionals.length === 0) throw new Error('Cannot replay: give a FILE');
  const minutes = (name: 'round' | 'minutes' | 'warmup', text: string, min: number) =>
    inRange(name, text, { min, max: 24 * 60 }) * 60_000;
  return {
    files: positionals,
    copies: whole('copies', values.copies, { min: 1, max: 100 }),
    roundMs: minutes('round', values.round, 1),
    windowMs: values.minutes === undefined ? null : minutes('minutes', values.minutes, 1),
    warmupMs: minutes('warmup', values.warmup, 0),
    requestCount:
      values.requests === undefined
        ? Number.POSITIVE_INFINITY
        : whole('requests', values.requests, { min: 1, max: 10_000_000 }),
    accounts: list(values.accounts, (text) => whole('accounts', text, { min: 1, max: 1000 })),
    utilisations: list(values.utilisation, (text) => inRange('utilisation', text, { min: 0.01, max: 1 })),
    keyCounts: list(values.keys, (text) => whole('keys', text, { min: 1, max: 10_000 })),
    policies: list(values.policy, policyNamed),
    scale: values.scale === undefined ? null : whole('scale', values.scale, { min: 1, max: 128 }),
    hasSharedWarmth: values['shared-warmth'],
    hasUnknownSlots: values['unknown-slots'],
    hasTokenLimit: values.itpm,
    lostWrites: inRange('lost-writes', values['lost-writes'], { min: 0, max: 1 }),
    downtime: values.downtime === undefined ? null : downStatus(values.downtime),
    isSimulated: values.simulate,
    isGoals: values.goals,
    jsonFile: values.json ?? null,
    plotFile: values.plot ?? null,
    seed: whole('seed', values.seed, { min: 0, max: 1_000_000 }),
  };
}

function list<Item>(text: string, read: (item: string) => Item): Item[] {
  return text.split(',').map(read);
}

function policyNamed(name: string): Policy {
  const found = POLICIES.find((policy) => policy === name);
  if (!found) throw new Error(`Cannot replay: no policy "${name}". There are ${POLICIES.join(', ')}`);
  return found;
}

function downStatus(text: string): DownStatus {
  const found = DOWN_STATUSES.find((status) => `${status}` === text);
  if (!found) throw new Error(`Cannot replay: --downtime must be one of ${DOWN_STATUSES.join(', ')}`);
  return found;
}

function whole(name: string, text: string, range: { min: number; max: number }): number {
  const value = inRange(name, text, range);
  if (!Number.isInteger(value)) throw new Error(`Cannot replay: --${name} must be a whole number`);
  return value;
}

function inRange(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value >= min && value <= max) return value;
  throw new Error(`Cannot replay: --${name} must be a number from ${min} to ${max}`);
}

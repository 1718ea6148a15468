// The flags of `warmpath replay`: what to replay, with which policies, on which pools.

import { REPLAY_POLICIES, type ReplayPolicyName } from '../analysis/replay/policies.ts';
import { BUCKET_RULES, type BucketRule } from '../analysis/replay/replay.ts';
import type { Flag } from './flags.ts';
import { UsageError } from './usage-error.ts';

export interface ReplayCommand {
  kind: 'replay';
  file: string;
  isJson: boolean;
  policies: readonly ReplayPolicyName[];
  /** Pools to compare: every count with every utilisation. */
  accounts: readonly number[];
  utilisations: readonly number[];
  /** Per account; null = by utilisation. */
  slots: number | null;
  bucketRule: BucketRule;
  ttlMs: number;
  keyCount: number;
  copies: number;
  windowMs: number;
  seed: number;
}

type Flags = ReadonlyMap<Flag, string>;

export function replayCommand(file: string | undefined, flags: Flags): ReplayCommand {
  if (!file) throw new UsageError('Cannot replay without a trace: replay FILE');
  const slots = flags.has('slots') ? whole(flags, 'slots', { least: 1, most: 100_000, otherwise: 1 }) : null;
  return {
    kind: 'replay',
    file,
    isJson: flags.has('json'),
    policies: (flags.get('policy')?.split(',') ?? REPLAY_POLICIES).map(policyNamed),
    accounts: numbers(flags, 'accounts', { least: 1, most: 256, otherwise: '8', isWhole: true }),
    utilisations: numbers(flags, 'utilisation', { least: 0.01, most: 2, otherwise: '0.7', isWhole: false }),
    slots,
    bucketRule: bucketRule(flags.get('bucket') ?? (slots === null ? 'all' : 'none')),
    ttlMs: whole(flags, 'ttl', { least: 1, most: 86_400, otherwise: 300 }) * 1000,
    keyCount: whole(flags, 'keys', { least: 1, most: 100_000, otherwise: 10 }),
    copies: whole(flags, 'copies', { least: 1, most: 64, otherwise: 4 }),
    windowMs: hoursToMs(flags),
    seed: whole(flags, 'seed', { least: 0, most: 1_000_000_000, otherwise: 1 }),
  };
}

function policyNamed(word: string): ReplayPolicyName {
  const found = REPLAY_POLICIES.find((name) => name === word);
  if (found) return found;
  throw new UsageError(`Cannot replay with the policy "${word}"`, { word, candidates: REPLAY_POLICIES });
}

function bucketRule(word: string): BucketRule {
  const found = BUCKET_RULES.find((name) => name === word);
  if (found) return found;
  throw new UsageError(`Cannot use --bucket "${word}": write ${BUCKET_RULES.join(', ')}`, {
    word,
    candidates: BUCKET_RULES,
  });
}

function hoursToMs(flags: Flags): number {
  const [hours = 4] = numbers(flags, 'hours', { least: 0.1, most: 720, otherwise: '4', isWhole: false });
  return Math.round(hours * 3_600_000);
}

function whole(flags: Flags, flag: Flag, range: { least: number; most: number; otherwise: number }): number {
  const found = numbers(flags, flag, { ...range, otherwise: String(range.otherwise), isWhole: true });
  if (found.length > 1) throw new UsageError(`Cannot use --${flag} with more than one number`);
  return found[0] ?? range.otherwise;
}

function numbers(
  flags: Flags,
  flag: Flag,
  { least, most, otherwise, isWhole }: { least: number; most: number; otherwise: string; isWhole: boolean },
): number[] {
  return (flags.get(flag) ?? otherwise).split(',').map((word) => {
    const value = /^\d+(\.\d+)?$/.test(word.trim()) ? Number(word) : Number.NaN;
    if (value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value;
    const kind = isWhole ? 'a whole number' : 'a number';
    throw new UsageError(`Cannot use --${flag} "${word}": give ${kind} from ${least} to ${most}`);
  });
}

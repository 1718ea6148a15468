// One turn of a conversation with everything that its cold tokens are explained with; each test changes what it is about.

import type { MissInput } from '../../server/routing/miss-causes.ts';
import type { LastRequest } from '../../server/routing/session-memory.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';
import { type Prompt, promptOf } from './prompt.ts';

export const NOW_MS = 1_800_000_000_000;
export const FAMILY = 'p1|anthropic-messages|claude-opus';
export const SPACE = `a1|${FAMILY}|0||k1`;
export const OTHER_SPACE = `a2|${FAMILY}|0||k1`;
export const RULE = { minTokens: 1_024, stepTokens: 1, lookbackBlocks: 20, needsMarks: true };
export const NOTHING = { cut: -1, untilMs: 0, staleCut: -1, staleSinceMs: 0 };

/** Every word is 4,000 bytes and so 1,000 tokens. */
const TURN = promptOf('t:read s:you one two three four');
const tokensOf = ({ bytes }: Prompt) => bytes / 4;

export function usage(read: number, written: number | null, of = TURN) {
  return {
    ...NO_USAGE,
    inputTokens: tokensOf(of),
    cacheReadTokens: read,
    cacheWriteTokens: written,
  };
}

export function last(prompt: Prompt, over: Partial<LastRequest> = {}): LastRequest {
  return {
    cuts: prompt.cuts,
    modelId: 'm1',
    spaceKey: SPACE,
    family: FAMILY,
    flags: 0,
    accountId: 'a1',
    atMs: NOW_MS - 20_000,
    inputTokens: tokensOf(prompt),
    warmTokens: tokensOf(prompt),
    ...over,
  };
}

export function input(over: Partial<MissInput> = {}, prompt = TURN): MissInput {
  return {
    cuts: prompt.cuts,
    bytes: prompt.bytes,
    usage: usage(0, null, prompt),
    modelId: 'm1',
    spaceKey: SPACE,
    family: FAMILY,
    flags: 0,
    nowMs: NOW_MS,
    predicted: { promptTokens: tokensOf(prompt), warmTokens: 0, reason: 'cold' },
    last: null,
    parent: null,
    here: NOTHING,
    elsewhere: null,
    whyMoved: null,
    rule: RULE,
    prices: null,
    ...over,
  };
}

export const BEFORE = promptOf('t:read s:you one two');
export const KNOWN = { bytes: BEFORE.bytes };
/** The conversation went on at the same account, and everything was believed to be warm. */
export const LIVE = { ...NOTHING, cut: 3, untilMs: NOW_MS + 280_000 };
export const WARM = { promptTokens: 6_000, warmTokens: 4_000, reason: 'warm' } as const;
export const MARKED = TURN.cuts.map((cut, at) => (at === 1 ? { ...cut, mark: '5m' as const } : cut));

export const PRICES = { inputUsd: 5e-6, readUsd: 0.5e-6, write5mUsd: 6.25e-6, write1hUsd: 10e-6 };

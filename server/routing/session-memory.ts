// What each conversation sent last and how much of it was in a prompt cache then: what a later miss is explained with.

import type { Clock } from '../gateway/ports.ts';
import { steadyNow } from '../gateway/steady-clock.ts';
import type { PromptCut, PromptPart } from '../wire/outline.ts';

/** Cuts kept of one request. */
export const MAX_KEPT_CUTS = 64;
const LAST_CUTS = 32;
const MAX_SESSIONS = 20_000;
/** Agents run helpers under the session id of their own: so many conversations of one id are told apart. */
const MAX_STRANDS = 4;
const FORGET_AFTER_MS = 86_400_000;

export type KeptCut = Pick<PromptCut, 'hash' | 'bytes' | 'part' | 'index'>;

export interface LastRequest {
  /** In order; the last one is the end of the prompt. */
  cuts: readonly KeptCut[];
  /** As the client asked for it: another provider's name for the same model is no other model. */
  modelId: string;
  spaceKey: string;
  family: string;
  flags: number;
  accountId: string;
  /** Steady clock, when its prefix was used: the first byte of the reply. */
  atMs: number;
  inputTokens: number;
  /** Read from the cache or written to it: what was warm when it ended. */
  warmTokens: number;
}

/** How a conversation is found again: by its session, else by the latest request that contains its beginning. */
export interface ConversationClue {
  sessionId: string | null;
  parentId: string | null;
}

interface Strand extends Omit<LastRequest, 'cuts'> {
  cuts: PackedCuts;
}

/** Hash, bytes and place of each cut in turn: a third of what objects take. */
type PackedCuts = Float64Array;
const NUMBERS_PER_CUT = 3;
const PARTS = ['tools', 'system', 'message'] as const satisfies readonly PromptPart[];
const INDEXES = 2 ** 32;

/** Owns the last requests. Bounded by `maxSessions` conversations; the one unused longest goes, and all after a day. */
export class SessionMemory {
  readonly #nowMs: () => number;
  readonly #maxSessions: number;
  /** Least recently used first. */
  readonly #sessions = new Map<string, Strand[]>();
  #size = 0;

  constructor({ clock, maxSessions = MAX_SESSIONS }: { clock: Clock; maxSessions?: number }) {
    this.#nowMs = steadyNow(clock);
    this.#maxSessions = maxSessions;
  }

  /** Conversations remembered. */
  get size(): number {
    return this.#size;
  }

  /** The request that this prompt goes on from; null = it begins a conversation, or nothing is remembered of it. */
  recall(clue: ConversationClue, cuts: readonly PromptCut[]): LastRequest | null {
    const strands = this.#strandsOf(clue);
    const strand = sharing(strands, cuts) ?? (clue.sessionId === null ? null : longerOf(strands, cuts));
    return strand && { ...strand, cuts: unpack(strand.cuts) };
  }

  /** `last.cuts` may be all cuts of the prompt; what is not needed is left out here. */
  remember(clue: ConversationClue & { requestId: string }, last: LastRequest): void {
    const { sessionId, parentId, requestId } = clue;
    const strand: Strand = { ...last, cuts: pack(thin(last.cuts)) };
    const strands = this.#strandsOf(clue);
    const before = sharing(strands, last.cuts);
    if (sessionId === null) {
      // What shares no message with the request before it is a conversation of its own.
      if (before && parentId !== null) this.#remove(requestKey(parentId));
      this.#put(requestKey(requestId), [strand]);
    } else {
      const others = strands.filter((other) => other !== before);
      this.#remove(sessionKey(sessionId));
      this.#put(sessionKey(sessionId), [...others, strand].slice(-MAX_STRANDS));
    }
    this.#forget();
  }

  #strandsOf({ sessionId, parentId }: ConversationClue): readonly Strand[] {
    if (sessionId !== null) return this.#sessions.get(sessionKey(sessionId)) ?? [];
    return (parentId === null ? undefined : this.#sessions.get(requestKey(parentId))) ?? [];
  }

  #put(key: string, strands: Strand[]): void {
    this.#sessions.set(key, strands);
    this.#size += strands.length;
  }

  #remove(key: string): void {
    this.#size -= this.#sessions.get(key)?.length ?? 0;
    this.#sessions.delete(key);
  }

  #forget(): void {
    const oldestMs = this.#nowMs() - FORGET_AFTER_MS;
    for (const [key, strands] of this.#sessions) {
      const usedMs = strands.at(-1)?.atMs ?? 0;
      if (this.#size <= this.#maxSessions && usedMs >= oldestMs) return;
      this.#remove(key);
    }
  }
}

function sessionKey(sessionId: string): string {
  return `session ${sessionId}`;
}

function requestKey(requestId: string): string {
  return `request ${requestId}`;
}

/** The strand that has the most messages in common with the prompt; null = none has one. */
function sharing(strands: readonly Strand[], cuts: readonly KeptCut[]): Strand | null {
  if (strands.length === 0) return null;
  const hashes = new Set(cuts.map(({ hash }) => hash));
  let best: Strand | null = null;
  let bestBytes = 0;
  for (const strand of strands) {
    const bytes = sharedMessageBytes(strand.cuts, hashes);
    if (bytes === 0 || bytes < bestBytes) continue;
    best = strand;
    bestBytes = bytes;
  }
  return best;
}

/** Up to where a prompt is the same as one remembered, when that is within its messages; 0 = not even the first one. */
function sharedMessageBytes(packed: PackedCuts, hashes: ReadonlySet<number>): number {
  for (let at = packed.length - NUMBERS_PER_CUT; at >= 0; at -= NUMBERS_PER_CUT) {
    if (partAt(packed, at) !== 'message') return 0;
    if (hashes.has(packed[at] ?? -1)) return packed[at + 1] ?? 0;
  }
  return 0;
}

/**
 * When no message is the same, tools or system may have been changed under a conversation that goes on: then it has at
 * least as many messages as before. A lone message is a new conversation under the same session.
 */
function longerOf(strands: readonly Strand[], cuts: readonly KeptCut[]): Strand | null {
  const end = cuts.at(-1);
  if (end?.part !== 'message' || end.index === 0) return null;
  return strands.findLast(({ cuts: packed }) => lastIndex(packed) <= end.index) ?? null;
}

function lastIndex(packed: PackedCuts): number {
  return (packed.at(-1) ?? 0) % INDEXES;
}

/** The ends of tools and system and the latest cuts, and of the older ones those that their hash picks out in every turn. */
function thin(cuts: readonly KeptCut[]): readonly KeptCut[] {
  let kept = cuts;
  for (let rarity = 2; kept.length > MAX_KEPT_CUTS && rarity < INDEXES; rarity *= 2) {
    kept = kept.filter(
      ({ hash, part }, at) =>
        at >= kept.length - LAST_CUTS || kept[at + 1]?.part !== part || hash % rarity === 0,
    );
  }
  return kept;
}

function pack(cuts: readonly KeptCut[]): PackedCuts {
  const packed = new Float64Array(cuts.length * NUMBERS_PER_CUT);
  let at = 0;
  for (const { hash, bytes, part, index } of cuts) {
    packed[at++] = hash;
    packed[at++] = bytes;
    packed[at++] = PARTS.indexOf(part) * INDEXES + index;
  }
  return packed;
}

function unpack(packed: PackedCuts): KeptCut[] {
  const cuts: KeptCut[] = [];
  for (let at = 0; at < packed.length; at += NUMBERS_PER_CUT)
    cuts.push({
      hash: packed[at] ?? 0,
      bytes: packed[at + 1] ?? 0,
      part: partAt(packed, at),
      index: (packed[at + 2] ?? 0) % INDEXES,
    });
  return cuts;
}

function partAt(packed: PackedCuts, at: number): PromptPart {
  return PARTS[Math.floor((packed[at + 2] ?? 0) / INDEXES)] ?? 'message';
}

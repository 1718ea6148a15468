// Chains the pieces of a prompt in the order of the cache and picks the cuts to keep. Pure.

import { MAX_CUTS, type PromptCut, type PromptPart } from './outline.ts';
import { PIECE, type Piece } from './prompt-content.ts';
import { HashChain, type HashPair } from './prompt-hash.ts';

const ORDER = ['tools', 'system', 'message'] as const satisfies readonly PromptPart[];
/** Kinds of links beside those of pieces. */
const PART_LINK: Readonly<Record<PromptPart, number>> = { tools: 8, system: 9, message: 10 };

const KEPT_LAST_ENDS = 32;
const KEPT_MARKS = 8;
/** What is left for cuts that are kept by their hash. */
const HASHED_CUTS = MAX_CUTS - KEPT_LAST_ENDS - KEPT_MARKS - ORDER.length;
/** Of cuts inside blocks, and of tools and system blocks before the last, a quarter as many are kept. */
const LESSER_RANKS = 2;

/** All cuts, and the number of blocks. `salts`: hashes of what each part's cache depends on beside its blocks. */
export function chainCuts(
  pieces: Readonly<Record<PromptPart, readonly Piece[]>>,
  salts: Readonly<Record<PromptPart, HashPair>>,
): { cuts: PromptCut[]; blockCount: number } {
  const chain = new HashChain();
  const cuts: PromptCut[] = [];
  let block = 0;
  let bytes = 0;
  for (const part of ORDER) {
    chain.link(PART_LINK[part], salts[part]);
    for (const piece of pieces[part]) {
      const { kind, index, mark } = piece;
      const isBlockEnd = kind === PIECE.end;
      if (kind === PIECE.step) {
        const hash = chain.ahead(kind, piece);
        cuts.push({ hash, bytes: bytes + piece.bytes, part, index, block, isBlockEnd, mark });
        continue;
      }
      chain.link(kind, piece);
      if (!isBlockEnd) continue;
      bytes += piece.bytes;
      cuts.push({ hash: chain.hash, bytes, part, index, block, isBlockEnd, mark });
      block += 1;
    }
  }
  return { cuts, blockCount: block };
}

/**
 * At most `MAX_CUTS` of the cuts. Which of the older ones stay is decided by their hashes and by how many there are, so
 * that what a longer prompt keeps of a shorter one's range, the shorter one has kept too.
 */
export function thinnedCuts(cuts: readonly PromptCut[]): readonly PromptCut[] {
  if (cuts.length <= MAX_CUTS) return cuts;
  const ranks = cuts.map(rankOf);
  const level = levelOf(ranks);
  const kept = alwaysKept(cuts);
  return cuts.filter((_, at) => kept.has(at) || (ranks[at] ?? 0) >= level);
}

/** The lowest at which no more than `HASHED_CUTS` have that rank or a higher one. */
function levelOf(ranks: readonly number[]): number {
  const counts: number[] = [];
  for (const rank of ranks) {
    const at = rank + LESSER_RANKS;
    counts[at] = (counts[at] ?? 0) + 1;
  }
  let count = ranks.length;
  let level = 0;
  while (count > HASHED_CUTS) {
    count -= counts[level] ?? 0;
    level += 1;
  }
  return level - LESSER_RANKS;
}

/** How often the hash can be halved: every rank has half as many cuts as the one below. */
function rankOf({ hash, part, isBlockEnd }: PromptCut): number {
  const bits = hash | 0;
  const halvings = bits === 0 ? 32 : 31 - Math.clz32(bits & -bits);
  return isBlockEnd && part === 'message' ? halvings : halvings - LESSER_RANKS;
}

function alwaysKept(cuts: readonly PromptCut[]): ReadonlySet<number> {
  const kept = new Set<number>();
  let ends = 0;
  let marks = 0;
  for (let at = cuts.length - 1; at >= 0; at -= 1) {
    const cut = cuts[at];
    if (!cut) continue;
    if (cut.part !== cuts[at + 1]?.part) kept.add(at);
    if (cut.mark !== null && marks < KEPT_MARKS) {
      kept.add(at);
      marks += 1;
    }
    if (cut.isBlockEnd && ends < KEPT_LAST_ENDS) {
      kept.add(at);
      ends += 1;
    }
  }
  return kept;
}

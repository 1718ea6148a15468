// What the prefix chain costs: the one pass with the outline, next to the pass without, JSON.parse and SHA-256.

import { createHash } from 'node:crypto';
import { scanRequest } from '../../../server/wire/prompt-scan.ts';
import { scanObject } from '../../../server/wire/scan.ts';
import { median } from '../statistics.ts';
import { textTable } from '../text-table.ts';
import { promptBody } from './prompt-body.ts';

const SIZES_KB = [1, 50, 300, 2_000];
const WARMUP_CALLS = 300;
const SAMPLE_MS = 0.5;

/** A table of medians in µs and of ratios to the pass without outline. */
export function chainReport({ measureMs }: { measureMs: number }): string {
  const rows = SIZES_KB.map((kilobytes) => chainRow(promptBody(kilobytes), measureMs));
  const head = [
    'bytes',
    'cuts',
    'scan µs',
    'chain µs',
    'parse µs',
    'sha256 µs',
    'chain/scan',
    'chain/parse',
    'added/sha256',
  ];
  return textTable([head, ...rows]);
}

function chainRow(bytes: Uint8Array, measureMs: number): string[] {
  const decoder = new TextDecoder();
  const scan = microseconds(() => scanObject(bytes), measureMs);
  const chain = microseconds(() => scanRequest(bytes, 'anthropic-messages'), measureMs);
  const parse = microseconds(() => JSON.parse(decoder.decode(bytes)), measureMs);
  const sha256 = microseconds(() => createHash('sha256').update(bytes).digest(), measureMs);
  const cuts = scanRequest(bytes, 'anthropic-messages').outline?.cuts.length ?? 0;
  return [
    String(bytes.length),
    String(cuts),
    ...[scan, chain, parse, sha256].map((value) => value.toFixed(1)),
    ...[chain / scan, chain / parse, (chain - scan) / sha256].map((value) => value.toFixed(2)),
  ];
}

/** Median time of one call. */
function microseconds(call: () => unknown, measureMs: number): number {
  for (let at = 0; at < WARMUP_CALLS; at += 1) call();
  const started = performance.now();
  call();
  const calls = Math.max(1, Math.ceil(SAMPLE_MS / Math.max(0.001, performance.now() - started)));
  const samples: number[] = [];
  const end = performance.now() + measureMs;
  while (performance.now() < end) {
    const start = performance.now();
    for (let at = 0; at < calls; at += 1) call();
    samples.push(((performance.now() - start) * 1_000) / calls);
  }
  return median(samples) ?? 0;
}

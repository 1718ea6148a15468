// A short replay through the whole gateway: what clients saw and what the request log says must be the same. Bun only.

import assert from 'node:assert/strict';
import { test } from 'node:test';

const HEADER = { format: 'ptrace1', block: 64, tail: 'floor', relative: true, models: ['m'] };

/** Twenty sessions of six turns, 15 s apart; every turn adds four blocks to sixty. */
function traceText(): string {
  const lines: unknown[] = [HEADER];
  for (let session = 0; session < 20; session++) {
    for (let turn = 0; turn < 6; turn++) {
      const blocks = 60 + 4 * turn;
      const parent = turn === 0 ? -1 : session * 6 + turn - 1;
      lines.push([turn * 15_000, session, 0, blocks * 64, 200, parent, turn === 0 ? 0 : blocks - 4, blocks]);
    }
  }
  return lines.map((line) => JSON.stringify(line)).join('\n');
}

test('a replay without limits reaches the ceiling and agrees with the log', {
  skip: !('Bun' in globalThis),
}, async () => {
  // The client's sockets are Bun's.
  const { runScene } = await import('./replay/run.ts');
  const { loadOf, planScene } = await import('./replay/scene.ts');
  const { measure } = await import('./replay/measures.ts');
  const { parseTrace } = await import('./replay/trace.ts');
  const load = loadOf(parseTrace(traceText()), {
    copies: 1,
    roundMs: 600_000,
    windowMs: null,
    warmupMs: 0,
    requestCount: 120,
    scale: 2,
    seed: 1,
  });
  const scene = planScene(load, {
    accounts: 4,
    utilisation: 0.3,
    keyCount: 3,
    hasSharedWarmth: false,
    hasUnknownSlots: false,
    hasTokenLimit: false,
    lostWrites: 0,
    downtime: null,
  });
  const warm = measure(await runScene('warm-cost', scene));
  assert.deepEqual(warm.logDiff, { inputTokens: 0, readTokens: 0, rows: 0 });
  assert.equal(warm.ok, 120);
  assert.ok(warm.shareOfCeiling > 0.99, `${warm.shareOfCeiling} of the ceiling`);
  const robin = measure(await runScene('round-robin', scene));
  assert.ok(robin.shareOfCeiling < 0.6, `round robin: ${robin.shareOfCeiling} of the ceiling`);
});

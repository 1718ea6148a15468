// A collector that answers without an end holds neither memory nor the next message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OtlpSender } from '../../server/telemetry/otlp-sender.ts';
import { ManualClock } from '../manual-clock.ts';

test('OtlpSender reads the beginning of a reply that has no end, and leaves', async () => {
  let chunks = 0;
  let isLeft = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks += 1;
      controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
    },
    cancel() {
      isLeft = true;
    },
  });
  const sender = new OtlpSender({
    clock: new ManualClock(),
    fetch: () => Promise.resolve(new Response(body)),
    timeoutMs: 1000,
    random: () => 0.5,
  });
  const signal = { url: 'https://collector.example/v1/traces', headers: {} };
  assert.deepEqual(await sender.send(signal, {}), { kind: 'sent', rejected: 0 });
  assert.ok(isLeft);
  assert.ok(chunks <= 5, String(chunks));
});

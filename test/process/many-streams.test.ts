// More streams at once than the 256 requests that Bun allows a program unless told otherwise at its start.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openProcessBench, type ProcessBench } from './bench.ts';
import { ask } from './clients.ts';
import { LAUNCHERS, SKIP_REASON } from './gateway-process.ts';
import { within } from './poll.ts';

const STREAMS = 300;

for (const launcher of LAUNCHERS) {
  describe(`many streams on ${launcher.name}`, { skip: SKIP_REASON || (launcher.missing ?? false) }, () => {
    let bench: ProcessBench;

    before(async () => {
      bench = await openProcessBench({ launcher });
    });
    after(() => bench?.close());

    it(`begins ${STREAMS} while none of them has ended`, async () => {
      const asked = Array.from({ length: STREAMS }, (_, index) =>
        ask(bench.gateway.origin, { scenario: 'never-ending', stream: true, marker: `many-${index}` }),
      );
      const responses = await within('every stream', Promise.all(asked), { deadlineMs: 60_000 });
      assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
      await Promise.all(responses.map((response) => response.body?.cancel()));
    });
  });
}

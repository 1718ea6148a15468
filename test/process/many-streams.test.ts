// More streams at once than the 256 requests that Bun allows a program unless told otherwise at its start.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { ask } from './clients.ts';
import { configAt, writeConfig } from './config.ts';
import { GatewayProcess, LAUNCHERS, SKIP_REASON, temporaryFolder } from './gateway-process.ts';
import { within } from './poll.ts';
import { answerAsAsked } from './replies.ts';
import { TestUpstream } from './test-upstream.ts';

const STREAMS = 300;

for (const launcher of LAUNCHERS) {
  describe(`many streams on ${launcher.name}`, { skip: SKIP_REASON || (launcher.missing ?? false) }, () => {
    let upstream: TestUpstream;
    let folder: string;
    let gateway: GatewayProcess;

    before(async () => {
      upstream = await TestUpstream.listen(answerAsAsked);
      folder = await temporaryFolder();
      const config = await writeConfig(folder, configAt(upstream.origin));
      gateway = await GatewayProcess.start({ launcher, config });
    });
    after(async () => {
      await gateway?.stop();
      await upstream?.close();
      await rm(folder, { recursive: true, force: true });
    });

    it(`begins ${STREAMS} while none of them has ended`, async () => {
      const asked = Array.from({ length: STREAMS }, (_, index) =>
        ask(gateway.origin, { scenario: 'never-ending', stream: true, marker: `many-${index}` }),
      );
      const responses = await within('every stream', Promise.all(asked), { deadlineMs: 20_000 });
      assert.deepEqual([...new Set(responses.map(({ status }) => status))], [200]);
      await Promise.all(responses.map((response) => response.body?.cancel()));
    });
  });
}

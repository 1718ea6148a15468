// The keys of a configuration file that say how requests are treated.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../server/config/file.ts';
import { renderProblems } from '../../server/config/problems.ts';

function parse(text: string) {
  return parseConfig(text, { env: {}, readFile: () => Promise.reject() });
}

const COMPLETE = `
translation: false
timeouts:
  connectSeconds: 0.5
  firstByteSeconds: 60
  streamFirstByteSeconds: 30
  streamGapSeconds: 20
  keepAliveSeconds: 5
  deadlineSeconds: 90
  queueSeconds: 1
  shutdownSeconds: 3
limits: { maxBodyMb: 64, maxInFlight: 200, maxBufferedMb: 512.5 }
clientGone: { policy: drain, drainSeconds: 10 }
bodyLog: { enabled: true, maxKb: 16, ttlHours: 1.5 }
`;

test('parseConfig reads every setting', async () => {
  assert.deepEqual(await parse(COMPLETE).then(({ config }) => config), {
    translation: false,
    timeouts: {
      connectSeconds: 0.5,
      firstByteSeconds: 60,
      streamFirstByteSeconds: 30,
      streamGapSeconds: 20,
      keepAliveSeconds: 5,
      deadlineSeconds: 90,
      queueSeconds: 1,
      shutdownSeconds: 3,
    },
    limits: { maxBodyMb: 64, maxInFlight: 200, maxBufferedMb: 512.5 },
    clientGone: { policy: 'drain', drainSeconds: 10 },
    bodyLog: { enabled: true, maxKb: 16, ttlHours: 1.5 },
  });
});

test('parseConfig judges times, limits and choices that make no sense', async () => {
  const { problems } = await parse(`
translation: maybe
timeouts: { connectSeconds: 0, streamGapSeconds: -1, gapSeconds: 3 }
limits: { maxBodyMb: 0, maxInFlight: 1.5 }
clientGone: { policy: drian }
bodyLog: { maxKb: many }
providers: [{ name: p, accounts: [{ name: a, credential: abc, usdPerCredit: 0 }] }]
models: [{ name: m, price: { tiers: [{ inputUsdPerMillion: 1 }] } }]`);
  const lines = renderProblems('f', problems).split('\n').slice(1);
  assert.deepEqual(
    lines.map((line) => line.trim()),
    [
      'translation (line 2): must be true or false',
      'timeouts.connectSeconds (line 3): must be a number above 0, up to 86400',
      'timeouts.streamGapSeconds (line 3): must be a number above 0, up to 86400',
      'timeouts.gapSeconds (line 3): is not a known key. Did you mean "streamGapSeconds"?',
      'limits.maxBodyMb (line 4): must be a number above 0, up to 4096',
      'limits.maxInFlight (line 4): must be a whole number from 1 to 1000000',
      'clientGone.policy (line 5): must be one of: cancel, drain. Did you mean "drain"?',
      'bodyLog.maxKb (line 6): must be a whole number from 1 to 100000',
      'providers[0].accounts[0].usdPerCredit (line 7): must be a number above 0, up to 1000000',
      'models[0].price.tiers[0].aboveInputTokens (line 8): is missing',
    ],
  );
});

// Secrets in configurations that the program refuses: it may repeat none of them.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { writeConfig } from '../process/config.ts';
import { runProgram, SKIP_REASON, temporaryFolder } from '../process/gateway-process.ts';
import { CANARIES } from './canaries.ts';
import { assertClean } from './secrets-of-run.ts';
import { type Json, providerAt } from './security-bench.ts';

const provider = (changes: Json) => ({
  providers: [{ ...providerAt('https://host.test', { name: 'p' }), ...changes }],
});
const BAD_CONFIGS: Record<string, unknown> = {
  'a password in a base URL': provider({
    endpoints: [
      { name: 'e', surface: 'openai-chat', baseUrl: `https://user:${CANARIES.urlPassword}@host.test` },
    ],
  }),
  'a base URL that is none': provider({
    endpoints: [{ name: 'e', surface: 'openai-chat', baseUrl: CANARIES.urlPassword }],
  }),
  'a surface that is none': provider({
    endpoints: [{ name: 'e', surface: CANARIES.credential, baseUrl: 'https://host.test' }],
  }),
  'a credential in a list': provider({ accounts: [{ name: 'a', credential: [CANARIES.credential] }] }),
  'a credential as a key': provider({ accounts: [{ name: 'a', [CANARIES.credential]: 'credential' }] }),
  'a credential with a line break': provider({
    accounts: [{ name: 'a', credential: `${CANARIES.credential}\r\nx: y` }],
  }),
  'a credential file that is not there': provider({
    accounts: [{ name: 'a', credentialFile: `/no/${CANARIES.credential.slice(0, 3)}` }],
  }),
  'an unknown variable beside a credential': provider({
    accounts: [{ name: 'a', credential: `${CANARIES.credential}\${NO_SUCH_VARIABLE}` }],
  }),
  'two keys of one name': {
    apiKeys: [
      { name: 'a', key: CANARIES.apiKey },
      { name: 'a', key: CANARIES.disabledApiKey },
    ],
  },
  'one key twice': {
    apiKeys: [
      { name: 'a', key: CANARIES.apiKey },
      { name: 'b', key: CANARIES.apiKey },
    ],
  },
  'a port that is a key': { port: CANARIES.apiKey },
};

describe('no secret of a configuration that cannot be used', { skip: SKIP_REASON }, () => {
  for (const [what, config] of Object.entries(BAD_CONFIGS)) {
    it(`is in what the program says: ${what}`, async () => {
      const folder = await temporaryFolder();
      try {
        const path = await writeConfig(folder, config);
        const { code, stdout, stderr } = await runProgram([
          'serve',
          '--port',
          '0',
          '--data-dir',
          folder,
          '--config',
          path,
        ]);
        assert.equal(code, 1, stdout + stderr);
        assertClean(stdout + stderr, stdout + stderr);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});

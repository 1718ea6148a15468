// Loaded before the program: the system's name lookup then knows only the names of the tests, from FAKE_NAMES (JSON).

import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

const names = new Map<string, string[]>(Object.entries(JSON.parse(process.env.FAKE_NAMES ?? '{}')));

Object.assign(dns, {
  async lookup(host: string) {
    const addresses = names.get(host);
    if (!addresses) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  },
});
syncBuiltinESMExports();

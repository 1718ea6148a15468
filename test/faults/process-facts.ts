// What the system knows of a gateway process, found by its data directory. Linux only.

import { readdir, readFile } from 'node:fs/promises';

/** Resident memory in bytes; null where /proc does not tell. */
export async function residentBytes(dataDir: string): Promise<number | null> {
  const pid = await pidOf(dataDir);
  const status = pid === null ? '' : await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

/** The process that serves from this data directory; null where /proc does not tell. */
export async function pidOf(dataDir: string): Promise<number | null> {
  const names = await readdir('/proc').catch(() => []);
  for (const name of names.filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes(dataDir) && command.includes('serve')) return Number(name);
  }
  return null;
}

// Puts the content of `credentialFile` and `keyFile` where `credential` and `key` are expected.

import type { InputProblem } from '../gateway/input-faults.ts';
import { UNRESOLVED } from './interpolate.ts';
import type { Finding, PathStep } from './problems.ts';
import { type Block, isBlock } from './tree.ts';

/** Reads a file named in the configuration; relative paths count from the configuration's folder. */
export type ReadFile = (path: string) => Promise<string>;

interface Reading {
  readFile: ReadFile;
  findings: Finding[];
}

/** Returns the data without the `…File` keys, and what is wrong with them. */
export async function readSecretFiles(data: unknown, readFile: ReadFile) {
  const reading: Reading = { readFile, findings: [] };
  if (!isBlock(data)) return { data, findings: reading.findings };
  const providers = await mapBlocks(data.providers, ['providers'], async (provider, path) =>
    replaceKey(
      provider,
      'accounts',
      await mapBlocks(provider.accounts, [...path, 'accounts'], (account, path) =>
        resolve(account, path, { ...reading, key: 'credential' }),
      ),
    ),
  );
  const apiKeys = await mapBlocks(data.apiKeys, ['apiKeys'], (apiKey, path) =>
    resolve(apiKey, path, { ...reading, key: 'key' }),
  );
  const withProviders = replaceKey(data, 'providers', providers);
  return { data: replaceKey(withProviders, 'apiKeys', apiKeys), findings: reading.findings };
}

type MapBlock = (block: Block, path: readonly PathStep[]) => Promise<Block>;

async function mapBlocks(list: unknown, path: readonly PathStep[], map: MapBlock): Promise<unknown> {
  if (!Array.isArray(list)) return list;
  return Promise.all(
    list.map((item: unknown, index) => (isBlock(item) ? map(item, [...path, index]) : Promise.resolve(item))),
  );
}

function replaceKey(block: Block, key: string, value: unknown): Block {
  return key in block ? { ...block, [key]: value } : block;
}

async function resolve(
  block: Block,
  path: readonly PathStep[],
  { key, readFile, findings }: Reading & { key: string },
): Promise<Block> {
  const fileKey = `${key}File`;
  const hasValue = block[key] !== undefined && block[key] !== null;
  const { [fileKey]: file, ...rest } = block;
  const fail = (at: string, message: string, problem: InputProblem) => {
    findings.push({ path: [...path, at], message, fault: { problem } });
    return { ...rest, [key]: UNRESOLVED };
  };
  if (file === undefined || file === null) {
    return hasValue ? rest : fail(key, `is missing: give ${key} or ${fileKey}`, 'required');
  }
  if (hasValue) return fail(fileKey, `cannot stand beside ${key}: give one of the two`, 'two-ways');
  if (typeof file !== 'string' || file === '')
    return fail(fileKey, 'must be the path of a file', file === '' ? 'required' : 'not-text');
  if (file === UNRESOLVED) return { ...rest, [key]: UNRESOLVED };
  const text = await readFile(file).catch(() => null);
  if (text === null) return fail(fileKey, 'names a file that cannot be read', 'unreadable-file');
  if (text.trim() === '') return fail(fileKey, 'names an empty file', 'unreadable-file');
  return { ...rest, [key]: text.trim() };
}

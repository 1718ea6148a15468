// The flags of `warmpath import`: what to bring in, and whether to.

import type { ImportFormat } from '../config/import.ts';
import type { Flag } from './flags.ts';
import { UsageError } from './usage-error.ts';

export interface ImportRequest {
  file: string;
  /** Null = as the text looks. */
  format: ImportFormat | null;
  isDryRun: boolean;
  prune: boolean;
}

/** As they are typed. */
const FORMATS: Readonly<Record<string, ImportFormat>> = {
  warmpath: 'warmpath-yaml',
  litellm: 'litellm-yaml',
  'one-api': 'one-api-json',
};

export function importRequest(file: string | undefined, flags: ReadonlyMap<Flag, string>): ImportRequest {
  if (!file) throw new UsageError('Cannot import without a file: import FILE');
  const word = flags.get('format');
  return {
    file,
    format: word === undefined ? null : formatNamed(word),
    isDryRun: flags.has('dry-run'),
    prune: flags.has('prune'),
  };
}

function formatNamed(word: string): ImportFormat {
  const format = Object.hasOwn(FORMATS, word) ? FORMATS[word] : undefined;
  if (format) return format;
  throw new UsageError(`Cannot use --format "${word}": write ${Object.keys(FORMATS).join(', ')}`, {
    word,
    candidates: Object.keys(FORMATS),
  });
}

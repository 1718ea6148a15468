// Which build this is.

import manifest from '../../package.json' with { type: 'json' };

/** Filled in when the binary is compiled. */
declare const WARMPATH_COMMIT: string | undefined;

export const VERSION = manifest.version;
export const COMMIT = typeof WARMPATH_COMMIT === 'string' && WARMPATH_COMMIT !== '' ? WARMPATH_COMMIT : null;

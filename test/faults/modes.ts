// The modes of the fault upstream: the first part of a base URL's path names one, the parts after it are its arguments.

import { FRAMING_MODES } from './framing-modes.ts';
import { STATUS_MODES } from './status-modes.ts';
import { STREAM_MODES } from './stream-modes.ts';
import type { Mode } from './upstream-call.ts';

/** As long as a provider may have worked on the request: an end that comes faster was under way before it. */
const WORKING_MS = 60;

/** Modes that break the connection before anything was answered. */
const CONNECTION_MODES: Readonly<Record<string, Mode>> = {
  silent: () => undefined,
  'reset-before-headers': (call) => {
    setTimeout(() => call.reset(), WORKING_MS);
  },
  'fin-before-headers': (call) => {
    setTimeout(() => call.fin(), WORKING_MS);
  },
};

export const MODES: Readonly<Record<string, Mode>> = {
  ...CONNECTION_MODES,
  ...STATUS_MODES,
  ...STREAM_MODES,
  ...FRAMING_MODES,
};

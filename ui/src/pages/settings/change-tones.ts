// How kinds of changes look; the words beside them say the same.

import type { Tone } from '../../parts/tone.ts';
import type { ChangeKind } from './plan.ts';

export const CHANGE_TONES: Record<ChangeKind, Tone> = { CREATE: 'good', UPDATE: 'info', DELETE: 'bad' };

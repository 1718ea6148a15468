// English messages; their keys are the keys of every other language. Names in braces are filled in.

import { enScreens } from './en-screens.ts';
import { enShell } from './en-shell.ts';

export const en = { ...enShell, ...enScreens } as const;

// English messages; their keys are the keys of every other language. Names in braces are filled in.

import { enCodes } from './en-codes.ts';
import { enRouting } from './en-routing.ts';
import { enScreens } from './en-screens.ts';
import { enShell } from './en-shell.ts';

export const en = { ...enShell, ...enRouting, ...enScreens, ...enCodes } as const;

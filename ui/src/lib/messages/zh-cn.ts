// Simplified Chinese messages; a missing key does not compile.

import type { en } from './en.ts';
import { zhCnCodes } from './zh-cn-codes.ts';
import { zhCnRouting } from './zh-cn-routing.ts';
import { zhCnScreens } from './zh-cn-screens.ts';
import { zhCnShell } from './zh-cn-shell.ts';

export const zhCn = { ...zhCnShell, ...zhCnRouting, ...zhCnScreens, ...zhCnCodes } satisfies Record<
  keyof typeof en,
  string
>;

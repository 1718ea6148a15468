// Headings of the parts of each group, in their order.

import type { MessageKey } from '../../lib/messages.ts';
import type { GroupName } from './fields.ts';

export const PART_TITLES: Readonly<Record<GroupName, readonly (MessageKey & `settings.part.${string}`)[]>> = {
  general: ['settings.part.requests'],
  affinity: ['settings.part.bindings'],
  routing: ['settings.part.choice'],
  levers: ['settings.part.marks', 'settings.part.keepWarm'],
  reservation: ['settings.part.reservation'],
  limits: ['settings.part.limits', 'settings.part.timeouts', 'settings.part.clientGone'],
  log: ['settings.part.retention', 'settings.part.bodies'],
  alerts: ['settings.part.watch', 'settings.part.webhook'],
};

// Why an account or a host is not simply available, as an enum of the API.

import type { ConditionCode } from '../gateway/condition-codes.ts';
import { builder } from './builder.ts';

export const ConditionCodeRef = builder.enumType('ConditionCode', {
  description: 'Why an account or a host is not simply available.',
  values: {
    RATE_LIMITED: { value: 'rate-limited', description: 'The provider answered 429.' },
    QUOTA: { value: 'quota', description: 'Its budget is spent.' },
    WINDOW_USED_UP: { value: 'window-used-up', description: 'One of its rate-limit windows is used up.' },
    UNREACHABLE: { value: 'unreachable', description: 'The name, the connection or TLS failed.' },
    BLOCKED: { value: 'blocked', description: 'The address is not allowed.' },
    FAILING: { value: 'failing', description: 'Too many failures lately.' },
    ON_TRIAL: { value: 'on-trial', description: 'It gets few requests after failures.' },
    REFUSED: { value: 'refused', description: 'The provider refused its credential.' },
  } as const satisfies Record<string, { value: ConditionCode; description: string }>,
});

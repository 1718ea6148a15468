// The gateway's reasons in the reader's language; what a provider or the network said stays as it is.

import { t, tOr } from '../lib/i18n.svelte.ts';

interface Condition {
  code: string | null;
  /** Of a used-up window its name. */
  detail: string | null;
  /** The gateway's own words, for a code that a newer one made up. */
  text: string | null;
}

/** Why an account or a host is not simply available; null = it is. */
export function conditionText({ code, detail, text }: Condition): string | null {
  if (code === null) return text;
  const what = tOr(`condition.${code}`, text ?? code);
  return withSaid(what, detail === null ? null : tOr(`window.${detail}`, detail));
}

/** The same as an account has it. */
export function stateReasonText(account: {
  stateReason: string | null;
  stateReasonCode: string | null;
  stateReasonDetail: string | null;
}): string | null {
  const { stateReason: text, stateReasonCode: code, stateReasonDetail: detail } = account;
  return conditionText({ code, detail, text });
}

/** Words with what was said behind them. */
export function withSaid(what: string, said: string | null): string {
  return said === null ? what : t('reason.said', { what, said });
}

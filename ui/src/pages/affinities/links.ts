// Addresses that a binding leads to. Pure.

import { requestsLink } from '../../lib/request-filter.ts';

/** Its session's requests; of a binding without a session, those of its key there. */
export function requestsOf(binding: {
  sessionId: string | null;
  apiKey: { name: string };
  account: { id: string };
  model: { id: string };
}): string {
  const { sessionId, apiKey, account, model } = binding;
  return requestsLink(
    sessionId === null ? { key: apiKey.name, account: account.id, model: model.id } : { session: sessionId },
  );
}

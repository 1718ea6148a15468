// A catalogue of sixteen accounts of one provider that all serve one model. Pure.

import { type CatalogRows, DEFAULT_SETTINGS } from '../../../server/gateway/ports.ts';

export function sixteenAccounts(maxConcurrent: number): CatalogRows {
  const origin = 'https://api.test';
  return {
    providers: [{ id: 'p', name: 'anthropic', allowPrivateNetwork: false }],
    endpoints: [{ id: 'e', providerId: 'p', name: 'main', surface: 'anthropic-messages', baseUrl: origin }],
    accounts: Array.from({ length: 16 }, (_, index) => ({
      id: `account-${index}`,
      providerId: 'p',
      name: `account ${index}`,
      weight: 1,
      maxConcurrent,
      cacheTtlMinutes: null,
      rateMultiplier: 1,
      usdPerCredit: null,
      cacheDomain: null,
      isPaused: false,
      disabledReason: null,
      credentialLast4: '',
      credentialFingerprint: '',
      credentialOrigins: [origin],
      sealedCredential: '',
    })),
    models: [
      {
        id: 'm',
        name: 'claude-sonnet-4-5',
        displayName: null,
        price: null,
        routePolicy: null,
        routeProfile: null,
      },
    ],
    mappings: [{ id: 'x', providerId: 'p', modelId: 'm', upstreamModel: 'claude-sonnet-4-5', aliases: [] }],
    users: [],
    apiKeys: [],
    settings: DEFAULT_SETTINGS,
  };
}

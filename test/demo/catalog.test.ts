// The demo's catalogue fits the demo upstream, and all of it has a price.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { calcPrice } from '@pydantic/genai-prices';
import { demoProviders } from '../../server/demo/catalog.ts';
import { openDemo } from './demo-client.ts';

const PATHS: Record<string, string> = {
  'anthropic-messages': '/v1/messages',
  'openai-chat': '/v1/chat/completions',
};

test('demoProviders() offers two providers of four accounts', () => {
  assert.deepEqual(
    demoProviders().map((provider) => [provider.name, provider.accounts.length, provider.endpoints.length]),
    [
      ['demo-anthropic', 4, 1],
      ['demo-openai', 4, 1],
    ],
  );
});

test('demoProviders() names only accounts and models that the demo upstream serves', async () => {
  const { upstream } = openDemo({ accounts: 5 });
  for (const { endpoints, accounts, models } of demoProviders({ accounts: 5 })) {
    const [endpoint] = endpoints;
    assert.ok(endpoint);
    for (const { credential } of accounts) {
      for (const { upstreamModel } of models) {
        const response = await upstream.fetch(endpoint.baseUrl + PATHS[endpoint.surface], {
          method: 'POST',
          headers: { authorization: `Bearer ${credential}` },
          body: JSON.stringify({
            model: upstreamModel,
            max_tokens: 4,
            messages: [{ role: 'user', content: 'x' }],
          }),
        });
        assert.equal(response.status, 200, `${credential} ${upstreamModel}`);
        assert.equal(JSON.parse(await response.text()).model, upstreamModel);
      }
    }
  }
});

test('demoProviders() names only models that have a price', () => {
  for (const { name, models } of demoProviders()) {
    for (const { upstreamModel } of models) {
      const counts = { input_tokens: 1_000_000, output_tokens: 1000, cache_read_tokens: 1000 };
      const price = calcPrice(counts, upstreamModel, { providerId: name.replace('demo-', '') });
      assert.ok((price?.total_price ?? 0) > 0, upstreamModel);
    }
  }
});

test('demoProviders() gives no name to two models', () => {
  const names = demoProviders().flatMap(({ models }) =>
    models.flatMap(({ model, aliases }) => [model, ...aliases]),
  );
  assert.equal(new Set(names).size, names.length);
});

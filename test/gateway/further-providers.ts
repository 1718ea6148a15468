// Providers of a gateway under test beyond the two it always has.

import type { Endpoint, ModelMapping, Provider } from '../../server/gateway/ports.ts';
import type { Surface } from '../../server/wire/surface.ts';

/** Each at https://<id>.test with its surfaces, and with the first model as `<id>-model`. */
export function furtherRows(providers: Readonly<Record<string, readonly Surface[]>>): {
  providers: Provider[];
  endpoints: Endpoint[];
  mappings: ModelMapping[];
} {
  const ids = Object.keys(providers);
  return {
    providers: ids.map((id) => ({ id, name: id, allowPrivateNetwork: false })),
    endpoints: Object.entries(providers).flatMap(([id, surfaces]) =>
      surfaces.map((surface) => ({
        id: `${id}-${surface}`,
        providerId: id,
        name: surface,
        surface,
        baseUrl: `https://${id}.test`,
      })),
    ),
    mappings: ids.map((id) => ({
      id: `${id}-m1`,
      providerId: id,
      modelId: 'm1',
      upstreamModel: `${id}-model`,
      aliases: [],
    })),
  };
}

// The settings that a configuration file asks for. Pure. A key that the file leaves out stays as the database holds it.

import type { Settings } from '../gateway/ports.ts';
import { reservationFaults } from '../gateway/routing-settings.ts';
import { type ConfigProblem, renderPath } from './problems.ts';
import type { ConfigFile } from './schema.ts';

export function desiredSettings(file: ConfigFile, current: Settings): Settings {
  return {
    requireApiKey: file.requireApiKey ?? current.requireApiKey,
    trustedProxies: file.trustedProxies ?? current.trustedProxies,
    affinity: withStated(current.affinity, file.affinity),
    routing: desiredRouting(file, current),
    reservation: withStated(current.reservation, file.reservation),
    cacheLevers: desiredCacheLevers(file, current),
    retention: withStated(current.retention, file.retention),
    routingHeaders: file.routingHeaders ?? current.routingHeaders,
    translation: file.translation ?? current.translation,
    timeouts: withStated(current.timeouts, file.timeouts),
    limits: withStated(current.limits, file.limits),
    clientGone: withStated(current.clientGone, file.clientGone),
    bodyLog: withStated(current.bodyLog, file.bodyLog),
    alerts: { ...withStated(current.alerts, { ...file.alerts, webhook: null }) },
  };
}

/** What the file states and what only the database holds may contradict each other. */
export function settingsConflicts({ reservation }: ConfigFile, desired: Settings): ConfigProblem[] {
  if (!reservation) return [];
  return reservationFaults(desired.reservation, reservation).map(({ field, message, ...fault }) => ({
    path: renderPath(['reservation', field]),
    message,
    suggestion: null,
    line: null,
    fault,
  }));
}

/** A wait of null is one: it means the profile's. */
function desiredRouting({ routing }: ConfigFile, current: Settings): Settings['routing'] {
  const maxWaitSeconds = routing?.maxWaitSeconds;
  return {
    ...withStated(current.routing, routing),
    maxWaitSeconds: maxWaitSeconds === undefined ? current.routing.maxWaitSeconds : maxWaitSeconds,
  };
}

function desiredCacheLevers({ cacheLevers }: ConfigFile, current: Settings): Settings['cacheLevers'] {
  const { keepWarm, ...switches } = current.cacheLevers;
  return {
    ...withStated(switches, cacheLevers),
    keepWarm: withStated(keepWarm, cacheLevers?.keepWarm),
  };
}

/** The current values with those that are stated in the file in their place. */
function withStated<Block extends object>(
  current: Block,
  file: { readonly [Key in keyof Block]?: Block[Key] | null | undefined } | null | undefined,
): Block {
  const result = { ...current };
  for (const key in current) result[key] = file?.[key] ?? current[key];
  return result;
}

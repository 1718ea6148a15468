// The settings as a form: which there are, how each is entered, and in which group it stands. Data.

export type Unit =
  | 'seconds'
  | 'minutes'
  | 'hours'
  | 'days'
  | 'rows'
  | 'requests'
  | 'percent'
  | 'mb'
  | 'kb'
  | 'usd'
  | 'times';

export type Control =
  | { kind: 'switch' }
  | { kind: 'choice'; options: readonly string[] }
  | { kind: 'number'; unit: Unit; isWhole: boolean; isOptional: boolean }
  | { kind: 'lines' }
  /** Never read back: null = as it is, empty = taken away. */
  | { kind: 'secret' };

const SWITCH = { kind: 'switch' } as const;
const whole = (unit: Unit) => ({ kind: 'number', unit, isWhole: true, isOptional: false }) as const;
const decimal = (unit: Unit) => ({ kind: 'number', unit, isWhole: false, isOptional: false }) as const;
const choice = (...options: readonly string[]) => ({ kind: 'choice', options }) as const;

/** By path in `Settings`, which is also the path in the input and in its errors. */
const FIELDS = {
  requireApiKey: SWITCH,
  routingHeaders: SWITCH,
  translation: SWITCH,
  trustedProxies: { kind: 'lines' },
  'affinity.enabled': SWITCH,
  'affinity.scope': choice('SESSION', 'API_KEY'),
  'affinity.ttlSeconds': whole('seconds'),
  'routing.policy': choice('WARM_COST', 'SESSION', 'API_KEY', 'ROUND_ROBIN', 'LEAST_LOADED', 'FIXED_ORDER'),
  'routing.profile': choice('BALANCED', 'LATENCY_FIRST'),
  'routing.maxWaitSeconds': { kind: 'number', unit: 'seconds', isWhole: false, isOptional: true },
  'routing.warmthScope': choice('TENANT', 'STRICT', 'EVERYONE'),
  'cacheLevers.chooseTtl': SWITCH,
  'cacheLevers.placeBreakpoints': SWITCH,
  'cacheLevers.setPromptCacheKey': SWITCH,
  'cacheLevers.keepWarm.enabled': SWITCH,
  'cacheLevers.keepWarm.maxUsdPerDay': decimal('usd'),
  'cacheLevers.keepWarm.maxPings': whole('times'),
  'reservation.enabled': SWITCH,
  'limits.maxBodyMb': decimal('mb'),
  'limits.maxInFlight': whole('requests'),
  'limits.maxBufferedMb': decimal('mb'),
  'timeouts.connectSeconds': decimal('seconds'),
  'timeouts.firstByteSeconds': decimal('seconds'),
  'timeouts.streamFirstByteSeconds': decimal('seconds'),
  'timeouts.streamGapSeconds': decimal('seconds'),
  'timeouts.keepAliveSeconds': decimal('seconds'),
  'timeouts.deadlineSeconds': decimal('seconds'),
  'timeouts.queueSeconds': decimal('seconds'),
  'timeouts.shutdownSeconds': decimal('seconds'),
  'clientGone.policy': choice('CANCEL', 'DRAIN'),
  'clientGone.drainSeconds': decimal('seconds'),
  'retention.maxAgeDays': whole('days'),
  'retention.maxRows': whole('rows'),
  'bodyLog.enabled': SWITCH,
  'bodyLog.maxKb': whole('kb'),
  'bodyLog.ttlHours': decimal('hours'),
  'alerts.enabled': SWITCH,
  'alerts.dropShare': decimal('percent'),
  'alerts.windowMinutes': whole('minutes'),
  'alerts.baselineHours': whole('hours'),
  'alerts.minRequests': whole('requests'),
  'alerts.cooldownMinutes': whole('minutes'),
  'alerts.webhookUrl': { kind: 'secret' },
  'alerts.allowPrivateNetwork': SWITCH,
} as const satisfies Record<string, Control>;

export type FieldPath = keyof typeof FIELDS;
export const FIELD_PATHS = Object.keys(FIELDS).filter(isFieldPath);

function isFieldPath(path: string): path is FieldPath {
  return Object.hasOwn(FIELDS, path);
}

export function controlOf(path: FieldPath): Control {
  return FIELDS[path];
}

/** Parts of a group, each under a heading of its own when there are several. */
const GROUPS = {
  general: [['requireApiKey', 'routingHeaders', 'translation', 'trustedProxies']],
  affinity: [['affinity.enabled', 'affinity.scope', 'affinity.ttlSeconds']],
  routing: [['routing.policy', 'routing.profile', 'routing.maxWaitSeconds', 'routing.warmthScope']],
  levers: [
    ['cacheLevers.chooseTtl', 'cacheLevers.placeBreakpoints', 'cacheLevers.setPromptCacheKey'],
    ['cacheLevers.keepWarm.enabled', 'cacheLevers.keepWarm.maxUsdPerDay', 'cacheLevers.keepWarm.maxPings'],
  ],
  reservation: [['reservation.enabled']],
  limits: [
    ['limits.maxBodyMb', 'limits.maxInFlight', 'limits.maxBufferedMb'],
    [
      'timeouts.connectSeconds',
      'timeouts.firstByteSeconds',
      'timeouts.streamFirstByteSeconds',
      'timeouts.streamGapSeconds',
      'timeouts.keepAliveSeconds',
      'timeouts.deadlineSeconds',
      'timeouts.queueSeconds',
      'timeouts.shutdownSeconds',
    ],
    ['clientGone.policy', 'clientGone.drainSeconds'],
  ],
  log: [
    ['retention.maxAgeDays', 'retention.maxRows'],
    ['bodyLog.enabled', 'bodyLog.maxKb', 'bodyLog.ttlHours'],
  ],
  alerts: [
    [
      'alerts.enabled',
      'alerts.dropShare',
      'alerts.windowMinutes',
      'alerts.baselineHours',
      'alerts.minRequests',
      'alerts.cooldownMinutes',
    ],
    ['alerts.webhookUrl', 'alerts.allowPrivateNetwork'],
  ],
} as const satisfies Record<string, readonly (readonly FieldPath[])[]>;

export type GroupName = keyof typeof GROUPS;

export function partsOf(group: GroupName): readonly (readonly FieldPath[])[] {
  return GROUPS[group];
}

export function fieldsOf(group: GroupName): readonly FieldPath[] {
  return partsOf(group).flat();
}

/** Sections of the screen, in their order; those that are no group of settings have a form of their own. */
export const SECTIONS = [
  'general',
  'affinity',
  'routing',
  'levers',
  'reservation',
  'limits',
  'log',
  'alerts',
  'access',
  'transfer',
] as const satisfies readonly (GroupName | 'access' | 'transfer')[];
export type SectionName = (typeof SECTIONS)[number];

export function sectionOf(tab: string | null): SectionName {
  return SECTIONS.find((name) => name === tab) ?? 'general';
}

export function isGroup(name: SectionName): name is GroupName {
  return Object.hasOwn(GROUPS, name);
}

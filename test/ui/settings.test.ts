// The settings as a form: its table against the schema, drafts, conflicts, readings; and what an import would change.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  buildSchema,
  GraphQLEnumType,
  GraphQLInputObjectType,
  type GraphQLInputType,
  getNamedType,
  isListType,
} from 'graphql';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { createFormat } from '../../ui/src/lib/format.ts';
import { dictionary } from '../../ui/src/lib/messages/en.ts';
import { isMessageKey } from '../../ui/src/lib/messages.ts';
import {
  changesElsewhere,
  type Draft,
  draftOf,
  entryOf,
  faultsOf,
  fieldOfError,
  inputOf,
  isChanged,
  isDefault,
  parsed,
  rebased,
  refusalsOf,
  valuesOf,
} from '../../ui/src/pages/settings/draft.ts';
import { expiryOf } from '../../ui/src/pages/settings/expiry.ts';
import {
  controlOf,
  FIELD_PATHS,
  type FieldPath,
  fieldsOf,
  isGroup,
  SECTIONS,
  sectionOf,
} from '../../ui/src/pages/settings/fields.ts';
import {
  type Change,
  countsOf,
  faultOf,
  groupsOf,
  guessFormat,
  lineRange,
  linesOf,
} from '../../ui/src/pages/settings/plan.ts';
import { reading } from '../../ui/src/pages/settings/readings.ts';

const SCHEMA = buildSchema(readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8'));
const STORED = {
  ...DEFAULT_SETTINGS,
  affinity: { enabled: true, ttlSeconds: 300, scope: 'SESSION' },
  trustedProxies: ['10.0.0.0/8', '192.0.2.1'],
  alerts: { ...DEFAULT_SETTINGS.alerts, webhookOrigin: 'https://hooks.example.com' },
};
const saved = valuesOf(STORED);

function edited(changes: Partial<Draft>): Draft {
  return { ...draftOf(saved), ...changes };
}

function inputFields(type: GraphQLInputType, prefix = ''): Map<string, GraphQLInputType> {
  const block = getNamedType(type);
  const found = new Map<string, GraphQLInputType>();
  if (!(block instanceof GraphQLInputObjectType)) return found;
  for (const field of Object.values(block.getFields())) {
    const inner = inputFields(field.type, `${prefix}${field.name}.`);
    if (inner.size === 0) found.set(`${prefix}${field.name}`, field.type);
    for (const [path, part] of inner) found.set(path, part);
  }
  return found;
}

test('FIELDS are the fields of the input type, but for those of the reservation, which have a screen of their own', () => {
  const input = SCHEMA.getType('UpdateSettingsInput');
  assert.ok(input instanceof GraphQLInputObjectType);
  const elsewhere = (path: string) => path === 'version' || /^reservation\.(?!enabled$)/.test(path);
  const expected = [...inputFields(input).keys()].filter((path) => !elsewhere(path));
  assert.deepEqual([...FIELD_PATHS].sort(), expected.sort());
});

test('FIELDS are entered as their types want it', () => {
  const input = SCHEMA.getType('UpdateSettingsInput');
  assert.ok(input instanceof GraphQLInputObjectType);
  const types = inputFields(input);
  for (const path of FIELD_PATHS) {
    const type = types.get(path);
    assert.ok(type, path);
    const control = controlOf(path);
    const named = getNamedType(type);
    if (control.kind === 'switch') assert.equal(named.name, 'Boolean', path);
    if (control.kind === 'lines') assert.ok(isListType(type), path);
    if (control.kind === 'number') assert.equal(named.name, control.isWhole ? 'Int' : 'Float', path);
    if (control.kind !== 'choice') continue;
    assert.ok(named instanceof GraphQLEnumType, path);
    assert.deepEqual(
      [...control.options].sort(),
      named
        .getValues()
        .map(({ name }) => name)
        .sort(),
      path,
    );
    for (const option of control.options) {
      assert.ok(isMessageKey(`settings.choice.${path}.${option}`, dictionary), `${path}.${option}`);
      assert.ok(isMessageKey(`settings.choice.${path}.${option}.text`, dictionary), `${path}.${option}`);
    }
  }
});

test('every field stands in exactly one group', () => {
  const placed = SECTIONS.filter(isGroup).flatMap(fieldsOf);
  assert.deepEqual([...placed].sort(), [...FIELD_PATHS].sort());
});

test('sectionOf() takes nonsense for the first section', () => {
  assert.deepEqual([null, 'alerts', 'transfer', 'toString'].map(sectionOf), [
    'general',
    'alerts',
    'transfer',
    'general',
  ]);
});

test('valuesOf() reads every field, and of the webhook its origin', () => {
  assert.equal(saved['affinity.ttlSeconds'], 300);
  assert.equal(saved['cacheLevers.keepWarm.maxPings'], 3);
  assert.deepEqual(saved.trustedProxies, ['10.0.0.0/8', '192.0.2.1']);
  assert.equal(saved['alerts.webhookUrl'], 'https://hooks.example.com');
  const unread = FIELD_PATHS.filter((path) => saved[path] === null);
  assert.deepEqual(unread, ['routing.maxWaitSeconds']);
});

test('draftOf() of what is stored changes nothing', () => {
  const draft = draftOf(saved);
  assert.deepEqual(
    FIELD_PATHS.filter((path) => isChanged(path, { saved, draft })),
    [],
  );
  assert.equal(draft['alerts.dropShare'], '30');
  assert.equal(draft.trustedProxies, '10.0.0.0/8\n192.0.2.1');
  assert.equal(draft['alerts.webhookUrl'], null);
});

const ENTRIES: readonly [FieldPath, string | boolean | null, unknown][] = [
  ['affinity.ttlSeconds', ' 3600 ', { value: 3600 }],
  ['affinity.ttlSeconds', '', { fault: 'number' }],
  ['affinity.ttlSeconds', '1.5', { fault: 'whole' }],
  ['affinity.ttlSeconds', 'an hour', { fault: 'number' }],
  ['affinity.ttlSeconds', '1e400', { fault: 'number' }],
  ['retention.maxRows', '2147483648', { fault: 'large' }],
  ['timeouts.connectSeconds', '2,5', { value: 2.5 }],
  ['timeouts.connectSeconds', '1,000,000', { fault: 'number' }],
  ['routing.maxWaitSeconds', '', { value: null }],
  ['routing.maxWaitSeconds', '0', { value: 0 }],
  ['alerts.dropShare', '7', { value: 0.07 }],
  ['trustedProxies', '10.0.0.0/8, 192.0.2.1\n\n ::1;', { value: ['10.0.0.0/8', '192.0.2.1', '::1'] }],
  ['requireApiKey', false, { value: false }],
];

test('parsed() reads what people enter', () => {
  for (const [path, entry, expected] of ENTRIES)
    assert.deepEqual(parsed(path, entry), expected, `${path} ${entry}`);
});

test('inputOf() nests what is changed, and faultsOf() tells what cannot be sent', () => {
  const draft = edited({
    'cacheLevers.chooseTtl': true,
    'cacheLevers.keepWarm.maxPings': '5',
    'alerts.webhookUrl': '',
    'limits.maxBodyMb': 'much',
  });
  const changed = FIELD_PATHS.filter((path) => isChanged(path, { saved, draft }));
  assert.deepEqual(changed, [
    'cacheLevers.chooseTtl',
    'cacheLevers.keepWarm.maxPings',
    'limits.maxBodyMb',
    'alerts.webhookUrl',
  ]);
  assert.deepEqual([...faultsOf(changed, draft)], [['limits.maxBodyMb', 'number']]);
  assert.deepEqual(inputOf(changed, draft), {
    cacheLevers: { chooseTtl: true, keepWarm: { maxPings: 5 } },
    alerts: { webhookUrl: '' },
  });
});

test('fieldOfError() finds the field, also for an entry of a list, and knows what is none', () => {
  assert.equal(fieldOfError(['input', 'limits', 'maxBodyMb']), 'limits.maxBodyMb');
  assert.equal(fieldOfError(['input', 'trustedProxies', '3']), 'trustedProxies');
  assert.equal(fieldOfError(['input', 'version']), null);
  assert.equal(fieldOfError(null), null);
});

test('refusalsOf() keeps the first of each field, and names an entry of a list as it was entered', () => {
  const draft = edited({ trustedProxies: '10.0.0.0/8\n$& 10.0.0.0/99' });
  const refusal = (path: string) => ({
    message: `Cannot accept ${path}: it must be right`,
    path: ['input', ...path.split('.')],
    problem: 'NOT_A_NUMBER',
    min: 1,
    max: null,
  });
  const fault = { problem: 'NOT_A_NUMBER', min: 1, max: null };
  const errors = ['trustedProxies.1', 'trustedProxies.2', 'limits.maxBodyMb', 'version'].map(refusal);
  assert.deepEqual(
    [...refusalsOf(errors, draft)],
    [
      ['trustedProxies', { ...fault, message: 'Cannot accept "$&": it must be right', entry: '$&' }],
      [
        'limits.maxBodyMb',
        { ...fault, message: 'Cannot accept limits.maxBodyMb: it must be right', entry: null },
      ],
    ],
  );
});

test('changesElsewhere() tells what another changed, and what of it is edited here', () => {
  const present = valuesOf({
    ...STORED,
    requireApiKey: false,
    affinity: { ...STORED.affinity, ttlSeconds: 600 },
  });
  const draft = edited({ 'affinity.ttlSeconds': '900' });
  assert.deepEqual(
    changesElsewhere(saved, present, (path) => isChanged(path, { saved, draft })),
    [
      { path: 'requireApiKey', before: true, after: false, isMine: false },
      { path: 'affinity.ttlSeconds', before: 300, after: 600, isMine: true },
    ],
  );
});

test('rebased() keeps edits, follows the rest, and gives up what it is told to', () => {
  const present = valuesOf({
    ...STORED,
    requireApiKey: false,
    affinity: { ...STORED.affinity, ttlSeconds: 600 },
  });
  const draft = edited({ 'affinity.ttlSeconds': '900', translation: false });
  const kept = rebased({ saved, draft }, present);
  assert.equal(kept['affinity.ttlSeconds'], '900');
  assert.equal(kept.translation, false);
  assert.equal(kept.requireApiKey, false);
  const loaded = rebased({ saved, draft }, present, ['affinity.ttlSeconds']);
  assert.equal(loaded['affinity.ttlSeconds'], '600');
  assert.equal(loaded.translation, false);
});

test('entryOf() shows a share as a percentage without noise', () => {
  assert.deepEqual(
    [0.3, 0.07, 0.295, 1].map((share) => entryOf('alerts.dropShare', share)),
    ['30', '7', '29.5', '100'],
  );
});

test('reading() says a quantity in its larger unit, and nothing where that says no more', () => {
  const read = (value: number | null, unit: Parameters<typeof reading>[1]) =>
    reading(value, unit, createFormat('en'));
  assert.deepEqual(
    [read(3600, 'seconds'), read(5400, 'seconds'), read(45, 'seconds')],
    ['1 h', '1 h 30 min', null],
  );
  assert.deepEqual([read(60, 'minutes'), read(15, 'minutes')], ['1 h', null]);
  assert.deepEqual(
    [read(36, 'hours'), read(30, 'days'), read(90_061, 'seconds')],
    ['1 d 12 h', null, '1 d 1 h'],
  );
  assert.deepEqual([read(1024, 'mb'), read(34, 'mb'), read(1536, 'kb')], ['1 GB', null, '1.5 MB']);
  assert.deepEqual([read(1_000_000, 'rows'), read(500, 'rows'), read(null, 'rows')], ['1M', null, null]);
  assert.equal(reading(3600, 'seconds', createFormat('zh-CN')), '1 小时');
});

test('expiryOf() counts from now', () => {
  const nowMs = Date.UTC(2026, 0, 31);
  assert.equal(expiryOf('24h', nowMs), '2026-02-01T00:00:00.000Z');
  assert.equal(expiryOf('365d', nowMs), '2027-01-31T00:00:00.000Z');
  assert.equal(expiryOf('never', nowMs), null);
});

test('guessFormat() knows a configuration by its look', () => {
  assert.equal(guessFormat('\n [{"type": 1}]'), 'ONE_API_JSON');
  assert.equal(guessFormat('# mine\nmodel_list:\n  - model_name: x'), 'LITELLM_YAML');
  assert.equal(guessFormat('providers:\n  - name: model_list:'), 'WARMPATH_YAML');
});

test('linesOf() compares blocks part by part, leaves out what is the same, and shows no secret', () => {
  const before = JSON.stringify({ enabled: true, ttlSeconds: 300, scope: 'session' });
  const after = JSON.stringify({ enabled: true, ttlSeconds: 600, scope: 'api-key' });
  assert.deepEqual(linesOf({ name: 'affinity', before, after }), [
    { name: 'affinity.ttlSeconds', before: { text: '300' }, after: { text: '600' } },
    { name: 'affinity.scope', before: { text: 'session' }, after: { text: 'api-key' } },
  ]);
  assert.deepEqual(linesOf({ name: 'credential', before: '(set)', after: '(changed)' }), [
    { name: 'credential', before: { secret: 'set' }, after: { secret: 'changed' } },
  ]);
  assert.deepEqual(linesOf({ name: 'price', before: null, after: '{"inputUsd":1,"tiers":[]}' }), [
    { name: 'price.inputUsd', before: null, after: { text: '1' } },
    { name: 'price.tiers', before: null, after: { text: '[]' } },
  ]);
  assert.deepEqual(linesOf({ name: 'weight', before: '1', after: null }), [
    { name: 'weight', before: { text: '1' }, after: null },
  ]);
});

test('groupsOf() and countsOf() sort changes by kind, unknown kinds last', () => {
  const change = (kind: Change['kind'], type: string, name: string): Change => ({
    kind,
    type,
    name,
    fields: [],
  });
  const changes = [
    change('CREATE', 'model', 'm'),
    change('DELETE', 'comet', 'c'),
    change('UPDATE', 'settings', 's'),
    change('CREATE', 'model', 'n'),
  ];
  assert.deepEqual(
    groupsOf(changes).map(({ type, changes: own }) => [type, own.length]),
    [
      ['settings', 1],
      ['model', 2],
      ['comet', 1],
    ],
  );
  assert.deepEqual(countsOf(changes), { CREATE: 2, UPDATE: 1, DELETE: 1 });
});

test('isDefault() compares what is entered with what a new gateway has', () => {
  const defaults = valuesOf({ ...STORED, trustedProxies: [] });
  const isSo = (path: FieldPath, entry: string | boolean) =>
    isDefault(path, { defaults, draft: edited({ [path]: entry }) });
  assert.equal(isSo('affinity.ttlSeconds', ' 300 '), true);
  assert.equal(isSo('affinity.ttlSeconds', '301'), false);
  assert.equal(isSo('affinity.ttlSeconds', 'soon'), false);
  assert.equal(isSo('routing.maxWaitSeconds', ''), true);
  assert.equal(isSo('trustedProxies', '10.0.0.0/8'), false);
  assert.equal(isSo('trustedProxies', ' '), true);
  assert.equal(isSo('alerts.webhookUrl', 'https://other.example.com'), true);
});

test('faultOf() finds the place and the line, and lineRange() that line in the text', () => {
  const path = ['input', 'text', 'providers[0].nme'];
  const message = 'Cannot import it (line 2): it is not known';
  assert.deepEqual(faultOf({ message, path }), { message, place: 'providers[0].nme', line: 2 });
  const telling = 'Cannot import providers[0].nme (line 2): it is not known';
  assert.deepEqual(faultOf({ message: telling, path }), { message: telling, place: null, line: 2 });
  assert.deepEqual(faultOf({ message: 'Cannot import the text', path: ['input', 'text'] }), {
    message: 'Cannot import the text',
    place: null,
    line: null,
  });
  const text = 'a\nbcd\n\nlast';
  assert.deepEqual(
    [1, 2, 3, 4, 9].map((line) => lineRange(text, line)),
    [
      { start: 0, end: 1 },
      { start: 2, end: 5 },
      { start: 6, end: 6 },
      { start: 7, end: 11 },
      { start: 7, end: 11 },
    ],
  );
});

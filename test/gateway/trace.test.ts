// Trace context: what a client's header says, which traces are recorded, and which upstreams are told.

import assert from 'node:assert/strict';
import test from 'node:test';
import { beginTrace, parseTraceparent, type Sampler, traceparentOf } from '../../server/gateway/trace.ts';
import { createBench, gatewayTest, message } from './fixture.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const ALWAYS: Sampler = { ratio: 1, followsParent: true };

for (const [header, expected] of [
  [`00-${TRACE}-${SPAN}-01`, { traceId: TRACE, spanId: SPAN, isSampled: true }],
  [`00-${TRACE}-${SPAN}-00`, { traceId: TRACE, spanId: SPAN, isSampled: false }],
  [`00-${TRACE}-${SPAN}-03`, { traceId: TRACE, spanId: SPAN, isSampled: true }],
  [`01-${TRACE}-${SPAN}-01-more`, { traceId: TRACE, spanId: SPAN, isSampled: true }],
  [`00-${TRACE}-${SPAN}-01-more`, null],
  [`ff-${TRACE}-${SPAN}-01`, null],
  [`00-${TRACE.toUpperCase()}-${SPAN}-01`, null],
  [`00-${'0'.repeat(32)}-${SPAN}-01`, null],
  [`00-${TRACE}-${'0'.repeat(16)}-01`, null],
  [`00-${TRACE.slice(1)}-${SPAN}-01`, null],
  ['nonsense', null],
  ['', null],
  [null, null],
] as const) {
  test(`parseTraceparent() reads ${header}`, () => assert.deepEqual(parseTraceparent(header), expected));
}

test('beginTrace() continues the trace of the client with a span of its own', () => {
  const trace = beginTrace(`00-${TRACE}-${SPAN}-01`, ALWAYS);
  assert.deepEqual(
    { ...trace, spanId: '' },
    { traceId: TRACE, spanId: '', parentSpanId: SPAN, isSampled: true },
  );
  assert.match(trace.spanId, /^[0-9a-f]{16}$/);
  assert.notEqual(trace.spanId, SPAN);
  assert.equal(traceparentOf(trace), `00-${TRACE}-${trace.spanId}-01`);
});

test('beginTrace() begins a trace where there is none', () => {
  const one = beginTrace(null, ALWAYS);
  assert.match(one.traceId, /^[0-9a-f]{32}$/);
  assert.equal(one.parentSpanId, null);
  assert.notEqual(one.traceId, beginTrace(null, ALWAYS).traceId);
});

for (const { name, header, sampler, isSampled } of [
  { name: 'what the client decided', header: `00-${TRACE}-${SPAN}-00`, sampler: ALWAYS, isSampled: false },
  {
    name: 'the client where nothing else is recorded',
    header: `00-${TRACE}-${SPAN}-01`,
    sampler: { ratio: 0, followsParent: true },
    isSampled: true,
  },
  {
    name: 'only the ratio when told so',
    header: `00-${TRACE}-${SPAN}-01`,
    sampler: { ratio: 0, followsParent: false },
    isSampled: false,
  },
  // The last 13 digits are 0x92…/2^52: 0x9 of 16 is above one half.
  {
    name: 'the digits of the trace: above the ratio',
    header: '00-0000000000000000000920000000000f-00f067aa0ba902b7-00',
    sampler: { ratio: 0.5, followsParent: false },
    isSampled: false,
  },
  {
    name: 'the digits of the trace: below the ratio',
    header: '00-0000000000000000000720000000000f-00f067aa0ba902b7-00',
    sampler: { ratio: 0.5, followsParent: false },
    isSampled: true,
  },
]) {
  test(`beginTrace() follows ${name}`, () => assert.equal(beginTrace(header, sampler).isSampled, isSampled));
}

for (const { name, isPrivate, isTraced, isTold } of [
  { name: 'a server on the own network', isPrivate: true, isTraced: true, isTold: true },
  { name: 'a public provider', isPrivate: false, isTraced: true, isTold: false },
  { name: 'anybody while traces are not recorded', isPrivate: true, isTraced: false, isTold: false },
]) {
  gatewayTest(`handleExchange() ${isTold ? 'tells' : 'does not tell'} ${name} of the trace`, async () => {
    const bench = createBench(() => message());
    for (const provider of bench.catalog.rows.providers) provider.allowPrivateNetwork = isPrivate;
    if (isTraced) bench.parts.beginTrace = (header) => beginTrace(header, ALWAYS);
    const sent: (string | null)[] = [];
    bench.parts.onSettled = ({ trace }) => sent.push(trace && traceparentOf(trace));
    await bench.send({ headers: { traceparent: `00-${TRACE}-${SPAN}-01` } });
    const told = bench.calls[0]?.headers.get('traceparent') ?? null;
    assert.equal(told, isTold ? sent[0] : null);
    assert.equal(sent[0]?.startsWith(`00-${TRACE}-`) ?? false, isTraced);
  });
}

for (const { name, traceparent, isTraced, traceId } of [
  { name: "the client's trace", traceparent: `00-${TRACE}-${SPAN}-01`, isTraced: true, traceId: TRACE },
  {
    name: "the client's trace where none are recorded here",
    traceparent: `00-${TRACE}-${SPAN}-01`,
    isTraced: false,
    traceId: TRACE,
  },
  { name: 'no trace where there is none', traceparent: 'nonsense', isTraced: false, traceId: null },
]) {
  gatewayTest(`handleExchange() puts ${name} into the row`, async () => {
    const bench = createBench(() => message());
    if (isTraced) bench.parts.beginTrace = (header) => beginTrace(header, ALWAYS);
    const { row } = await bench.send({ headers: { traceparent } });
    assert.equal(row.traceId, traceId);
  });
}

gatewayTest('handleExchange() puts the trace that it began into the row', async () => {
  const bench = createBench(() => message());
  bench.parts.beginTrace = (header) => ({ ...beginTrace(header, ALWAYS), traceId: TRACE });
  const { row } = await bench.send();
  assert.equal(row.traceId, TRACE);
});

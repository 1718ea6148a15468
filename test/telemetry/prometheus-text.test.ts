// Metrics as text: names, labels, escaping and buckets of both formats, and the bound on series.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Counter, Histogram, readFamily, readValue } from '../../server/telemetry/metric-family.ts';
import { metricsFormat, renderMetrics } from '../../server/telemetry/prometheus-text.ts';

const NASTY = 'a "quoted"\\ name\nof two lines';

function families() {
  const calls = new Counter({ name: 'x_calls', help: 'Calls,\nby who \\ where.', labels: ['who', 'where'] });
  calls.add(['ada', NASTY]);
  calls.add(['ada', NASTY], 2);
  calls.add(['bob', 'here']);
  const cost = new Counter({ name: 'x_cost_usd', help: 'Cost.', divisor: 1_000_000_000 });
  cost.add([], 100_000_000);
  cost.add([], 200_000_000);
  const seconds = new Histogram({ name: 'x_seconds', help: 'Time.', labels: ['who'], bounds: [0.5, 1, 2] });
  for (const value of [0.25, 0.5, 1.5, 64]) seconds.observe(['ada'], value);
  return [
    calls,
    cost,
    seconds,
    readValue('gauge', { name: 'x_now', help: 'Now.' }, () => 7),
    readFamily('info', { name: 'x_build', help: 'Build.', labels: ['version'] }, () => [
      { labels: ['1.2.3'], value: 1 },
    ]),
  ];
}

test('renderMetrics() writes the Prometheus format', () => {
  assert.equal(
    renderMetrics(families(), 'prometheus'),
    String.raw`# HELP x_calls_total Calls,\nby who \\ where.
# TYPE x_calls_total counter
x_calls_total{who="ada",where="a \"quoted\"\\ name\nof two lines"} 3
x_calls_total{who="bob",where="here"} 1
# HELP x_cost_usd_total Cost.
# TYPE x_cost_usd_total counter
x_cost_usd_total 0.3
# HELP x_seconds Time.
# TYPE x_seconds histogram
x_seconds_bucket{who="ada",le="0.5"} 2
x_seconds_bucket{who="ada",le="1"} 2
x_seconds_bucket{who="ada",le="2"} 3
x_seconds_bucket{who="ada",le="+Inf"} 4
x_seconds_sum{who="ada"} 66.25
x_seconds_count{who="ada"} 4
# HELP x_now Now.
# TYPE x_now gauge
x_now 7
# HELP x_build_info Build.
# TYPE x_build_info gauge
x_build_info{version="1.2.3"} 1
`,
  );
});

test('renderMetrics() writes OpenMetrics: families without suffixes, bounds as fractions, an end', () => {
  const text = renderMetrics(families(), 'openmetrics');
  for (const line of [
    '# TYPE x_calls counter',
    'x_calls_total{who="bob",where="here"} 1',
    'x_seconds_bucket{who="ada",le="1.0"} 2',
    '# TYPE x_build info',
    'x_build_info{version="1.2.3"} 1',
  ])
    assert.ok(text.includes(`\n${line}\n`), line);
  assert.ok(text.endsWith('\n# EOF\n'));
});

for (const [accept, format] of [
  [null, 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'prometheus'],
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5',
    'openmetrics',
  ],
  ['application/openmetrics-text;q=0', 'prometheus'],
] as const) {
  test(`metricsFormat() takes ${accept} for ${format}`, () => assert.equal(metricsFormat(accept), format));
}

test('Counter counts what is beyond its bound as other, and how much that was', () => {
  const counter = new Counter({ name: 'x', help: 'X.', labels: ['a', 'b'], maxSeries: 2 });
  for (let index = 0; index < 5; index += 1) counter.add([`a${index}`, 'b'], 10);
  counter.add(['a0', 'b'], 1);
  assert.deepEqual(counter.points(), [
    { labels: ['a0', 'b'], value: 11 },
    { labels: ['a1', 'b'], value: 10 },
    { labels: ['other', 'other'], value: 30 },
  ]);
  assert.equal(counter.folded, 3);
});

test('Counter tells label values apart wherever the one ends and the next begins', () => {
  const counter = new Counter({ name: 'x', help: 'X.', labels: ['a', 'b'] });
  counter.add(['x,y', 'z']);
  counter.add(['x', 'y,z']);
  assert.equal(counter.points().length, 2);
});

// Microbenches of the routing: what it adds to every request.

import { parseArgs } from 'node:util';
import { chainReport } from './chain.ts';
import { decisionReport } from './decision.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '0.5' }, help: { type: 'boolean' } },
});

const PARTS: readonly { title: string; report(options: { measureMs: number }): string }[] = [
  { title: 'Prefix chain (medians)', report: chainReport },
  { title: 'Decision', report: decisionReport },
];

if (values.help) {
  console.log('bun test/bench/routing/main.ts [--seconds 0.5]   time for each figure');
} else {
  for (const { title, report } of PARTS) {
    console.log(`${title}\n\n${report({ measureMs: Number(values.seconds) * 1_000 })}\n`);
  }
}

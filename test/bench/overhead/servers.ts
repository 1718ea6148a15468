// The processes of the overhead bench besides the gateway, one role each; the last line printed is a port or a result.

import { createInterface } from 'node:readline';

const [role, argument = ''] = process.argv.slice(2);

if (role === 'upstream') await serveUpstream();
else if (role === 'lean' || role === 'pump') {
  const { startPassThrough } = await import('./pass-throughs.ts');
  console.log(startPassThrough(role, argument).port);
  endWithParent();
} else if (role === 'load') {
  const { runLoad } = await import('./load.ts');
  console.log(JSON.stringify(await runLoad(JSON.parse(argument))));
  process.exit(0);
} else if (role === 'log-rate') {
  const { measureLogRate } = await import('./log-rate.ts');
  console.log(JSON.stringify(await measureLogRate(Number(argument))));
  process.exit(0);
} else throw new Error(`Cannot start "${role}": there are upstream, lean, pump, load, log-rate`);

/** Reads commands from its input: a mode as JSON, or an empty line that asks for the counts. */
async function serveUpstream(): Promise<void> {
  const { startUpstream } = await import('./upstream.ts');
  const upstream = startUpstream();
  console.log(upstream.port);
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (line !== '') upstream.setMode(JSON.parse(line));
    console.log(JSON.stringify(upstream.stats));
  });
  lines.on('close', () => process.exit(0));
}

/** The bench holds the other end: should it die, nothing is left behind. */
function endWithParent(): void {
  process.stdin.on('end', () => process.exit(0)).resume();
}

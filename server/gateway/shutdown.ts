// Ends what is still under way when the gateway stops: replies that have begun get an error event, the others an error.

import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';

/** Every open exchange ends at once, each with its row. */
export function stopExchanges(open: ReadonlySet<Exchange>): void {
  for (const exchange of [...open]) {
    const error = new GatewayError('shutting-down', 'The gateway is shutting down', { retryAfterMs: 1_000 });
    exchange.stopReason = error;
    if (exchange.interrupt) exchange.interrupt(error);
    else exchange.stop.end();
  }
}

// Costs of candidates beside each other: one number of digits for all, so that they compare, and no noise. Pure.

/** Of the largest amount so many digits show; what is less than half of the last one is said to be so. */
const DIGITS = 3;
const MAX_DECIMALS = 10;

/** How to write any cost of these candidates; `null` is "–". */
export function costWriter(
  costs: readonly (Readonly<Record<string, number>> | null)[],
  locale: string,
): (usd: number | null | undefined) => string {
  const largest = Math.max(0, ...costs.flatMap((cost) => Object.values(cost ?? {}).map(Math.abs)));
  const decimals = decimalsOf(largest);
  const least = 10 ** -decimals;
  const write = dollars(locale, decimals);
  return (usd) => {
    if (typeof usd !== 'number' || !Number.isFinite(usd)) return '–';
    if (usd === 0 || Math.abs(usd) >= least / 2) return write(usd);
    return usd > 0 ? `<${write(least)}` : `>${write(-least)}`;
  };
}

/** All that is known of it, for a title. */
export function exactCost(usd: number | null | undefined, locale: string): string | undefined {
  if (typeof usd !== 'number' || !Number.isFinite(usd)) return undefined;
  return dollars(locale, MAX_DECIMALS)(usd);
}

function decimalsOf(usd: number): number {
  if (usd === 0) return 2;
  return Math.min(MAX_DECIMALS, Math.max(2, DIGITS - 1 - Math.floor(Math.log10(usd))));
}

function dollars(locale: string, decimals: number): (usd: number) => string {
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: decimals,
  });
  // No cost is a minus nothing.
  return (usd) => format.format(usd === 0 ? 0 : usd);
}

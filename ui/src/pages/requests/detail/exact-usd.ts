// Money to the digit that matters beside other amounts: parts of a cent that add up. Pure.

const MIN_DIGITS = 2;
const MAX_DIGITS = 8;

/** At least four significant digits, so that sums of what is shown come out. */
export function exactUsd(value: number | null | undefined, locale: string): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const digits = size === 0 ? MIN_DIGITS : 3 - Math.floor(Math.log10(size));
  return new Intl.NumberFormat(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: MIN_DIGITS,
    maximumFractionDigits: Math.min(MAX_DIGITS, Math.max(MIN_DIGITS, digits)),
  }).format(value);
}

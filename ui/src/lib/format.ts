// Numbers, money, times and durations as people read them. Pure; null is "–", which is not zero.

export const NONE = '–';

type Maybe<Value> = Value | null | undefined;

export type Format = ReturnType<typeof createFormat>;

/**
 * Formatters of one locale and time zone (IANA name; absent = the machine's). An odd locale (`en-US@posix`) falls back
 * to English instead of throwing.
 */
export function createFormat(wantedLocale: string, timeZone?: string) {
  const locale = usableLocale(wantedLocale);
  const inZone = timeZone === undefined ? {} : { timeZone };
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const grouped = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  /** Chinese begins to shorten at ten thousand, and leaves what is below without separators. */
  const shortenedFrom = locale.startsWith('zh') ? 10_000 : 1000;
  const amount = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(locale, {
    ...inZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const hourAndMinute = new Intl.DateTimeFormat(locale, {
    ...inZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const dayAndClock = new Intl.DateTimeFormat(locale, {
    ...inZone,
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const day = new Intl.DateTimeFormat(locale, { ...inZone, month: 'short', day: 'numeric' });
  const exact = new Intl.DateTimeFormat(locale, {
    ...inZone,
    dateStyle: 'medium',
    timeStyle: 'long',
    hourCycle: 'h23',
  });
  const ago = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' });

  return {
    locale,
    count: (value: Maybe<number>) => (isNumber(value) ? whole.format(value) : NONE),
    /** 1234 → 1.2K; small numbers stay whole. */
    compact: (value: Maybe<number>) =>
      isNumber(value) ? (Math.abs(value) < shortenedFrom ? grouped : compact).format(value) : NONE,
    /** Whole or not: 12.5. */
    amount: (value: Maybe<number>) => (isNumber(value) ? amount.format(value) : NONE),
    /** A ratio in [0, 1]. */
    percent: (value: Maybe<number>) => (isNumber(value) ? share.format(value) : NONE),
    usd: (value: Maybe<number>) => (isNumber(value) ? money(locale, value) : NONE),
    /** With no more digits than the error allows; as above where there is none. */
    usdWithin: (value: number, plusMinus: number | null) =>
      plusMinus === null ? money(locale, value) : moneyWithin(locale, value, plusMinus),
    plusMinus: (usd: number) => `± ${moneyWithin(locale, usd, usd)}`,
    /** Milliseconds as short as can be, for columns: 1.61s, 2m 5s. */
    ms: (value: Maybe<number>) => (isNumber(value) ? milliseconds(locale, value) : NONE),
    /** Milliseconds as people say them: 28 s, 7 min 20 s, 1 h 5 min. */
    duration: (value: Maybe<number>) => (isNumber(value) ? spanText(value, durationWords(locale)) : NONE),
    clock: (value: Maybe<string | number>) => dateOr(value, (date) => clock.format(date)),
    hourAndMinute: (value: Maybe<string | number>) => dateOr(value, (date) => hourAndMinute.format(date)),
    dayAndClock: (value: Maybe<string | number>) => dateOr(value, (date) => dayAndClock.format(date)),
    day: (value: Maybe<string | number>) => dateOr(value, (date) => day.format(date)),
    exact: (value: Maybe<string | number>) => dateOr(value, (date) => exact.format(date)),
    relative: (value: Maybe<string | number>, nowMs: number) =>
      dateOr(value, (date) => relativeTime(ago, date.getTime() - nowMs)),
  };
}

/** Time left as `4:05` or `1:04:05`; never negative. */
export function countdown(leftMs: number): string {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${parts.join(':')}` : parts.join(':').replace(/^0(\d)/, '$1');
}

function usableLocale(wanted: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(wanted)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

function isNumber(value: Maybe<number>): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

// A fraction of a cent is common for one request: keep two significant digits instead of rounding to $0.00.
function money(locale: string, value: number): string {
  const size = Math.abs(value);
  const digits =
    size === 0 || size >= 1 ? 2 : size >= 0.01 ? 3 : Math.min(8, 1 - Math.floor(Math.log10(size)));
  return numberFormat(locale, `usd ${digits}`, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  }).format(value);
}

/** The error keeps one digit, or two that begin with 1 or 2; the value as many places. */
function moneyWithin(locale: string, value: number, plusMinus: number): string {
  if (plusMinus <= 0) return money(locale, value);
  const place = Math.floor(Math.log10(plusMinus));
  const last = Math.max(-8, plusMinus < 3 * 10 ** place ? place - 1 : place);
  const digits = Math.max(0, -last);
  const rounded = last > 0 ? Math.round(value / 10 ** last) * 10 ** last : value;
  return numberFormat(locale, `usd within ${digits}`, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(rounded);
}

// Making one takes a hundred times as long as using it, and long lists write thousands of amounts.
const numberFormats = new Map<string, Intl.NumberFormat>();

/** `kind` names the options: few of them, in few languages, so that the map stays small. */
function numberFormat(locale: string, kind: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${kind}`;
  const known = numberFormats.get(key);
  if (known) return known;
  const made = new Intl.NumberFormat(locale, options);
  numberFormats.set(key, made);
  return made;
}

function milliseconds(locale: string, value: number): string {
  if (value >= SPANS.minute) return spanText(value, shortDurationWords(locale));
  const unit = value < 1000 ? 'millisecond' : 'second';
  const amount = unit === 'millisecond' ? value : value / 1000;
  const digits = unit === 'millisecond' ? 0 : amount >= 10 ? 1 : 2;
  // Measured seconds stand in columns: 3.30s under 5.84s. Whole ones are mostly settings.
  const least = unit === 'second' && !Number.isInteger(amount) ? digits : 0;
  return numberFormat(locale, `${unit} ${least} ${digits}`, {
    style: 'unit',
    unit,
    // The narrow Chinese milliseconds are "ms", beside seconds in Chinese.
    unitDisplay: isChinese(locale) ? 'short' : 'narrow',
    minimumFractionDigits: least,
    maximumFractionDigits: digits,
  }).format(amount);
}

const SPANS = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 } as const;
type Span = keyof typeof SPANS;

interface DurationWords extends Record<Span, string> {
  locale: string;
  /** Of minutes that seconds follow. */
  minuteOf: string;
  between: string;
}

function durationWords(locale: string): DurationWords {
  return isChinese(locale)
    ? { locale, day: ' 天', hour: ' 小时', minute: ' 分钟', minuteOf: ' 分', second: ' 秒', between: ' ' }
    : { locale, day: ' d', hour: ' h', minute: ' min', minuteOf: ' min', second: ' s', between: ' ' };
}

function shortDurationWords(locale: string): DurationWords {
  return isChinese(locale)
    ? { locale, day: '天', hour: '小时', minute: '分钟', minuteOf: '分', second: '秒', between: '' }
    : { locale, day: 'd', hour: 'h', minute: 'm', minuteOf: 'm', second: 's', between: ' ' };
}

function isChinese(locale: string): boolean {
  return locale.startsWith('zh');
}

/** The largest unit and the next one; tenths only of few seconds. */
function spanText(ms: number, words: DurationWords): string {
  const rounded = roundedSpan(ms);
  const text = (amount: number, word: string) =>
    numberFormat(words.locale, 'span', TENTHS).format(amount) + word;
  if (rounded < SPANS.minute) return text(rounded / SPANS.second, words.second);
  const [large, small] =
    rounded >= SPANS.day ? DAY_HOUR : rounded >= SPANS.hour ? HOUR_MINUTE : MINUTE_SECOND;
  const rest = (rounded % SPANS[large]) / SPANS[small];
  const isMinuteOf = large === 'minute' && rest > 0;
  const first = text(Math.floor(rounded / SPANS[large]), isMinuteOf ? words.minuteOf : words[large]);
  return rest > 0 ? first + words.between + text(rest, words[small]) : first;
}

const TENTHS = { maximumFractionDigits: 1 };
const DAY_HOUR = ['day', 'hour'] as const;
const HOUR_MINUTE = ['hour', 'minute'] as const;
const MINUTE_SECOND = ['minute', 'second'] as const;

/** To what is said of it, so that 59.7 s become 1 min, and 59 min 59.8 s 1 h. */
function roundedSpan(ms: number): number {
  for (const [below, step] of ROUNDINGS) {
    const rounded = Math.round(ms / step) * step;
    if (rounded < below) return rounded;
  }
  return Math.round(ms / SPANS.hour) * SPANS.hour;
}

const ROUNDINGS = [
  [10_000, 100],
  [SPANS.hour, SPANS.second],
  [SPANS.day, SPANS.minute],
] as const;

function dateOr(value: Maybe<string | number>, write: (date: Date) => string): string {
  if (value === null || value === undefined) return NONE;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? NONE : write(date);
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

function relativeTime(ago: Intl.RelativeTimeFormat, distanceMs: number): string {
  for (const [unit, sizeMs] of STEPS) {
    if (Math.abs(distanceMs) >= sizeMs) return ago.format(Math.trunc(distanceMs / sizeMs), unit);
  }
  return ago.format(Math.trunc(distanceMs / 1000), 'second');
}

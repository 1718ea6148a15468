// The time zone that all times are shown in: the reader's own, or UTC.

export const ZONE_CHOICES = ['local', 'utc'] as const;
export type ZoneChoice = (typeof ZONE_CHOICES)[number];

const STORAGE_KEY = 'warmpath.zone';
const localName = new Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

let chosen = $state<ZoneChoice>(storedZone());

export const zone = {
  get chosen(): ZoneChoice {
    return chosen;
  },
  /** IANA name of the zone shown, such as Europe/Berlin: for formats, and for charts whose buckets follow it. */
  get name(): string {
    return chosen === 'utc' ? 'UTC' : localName;
  },
  get localName(): string {
    return localName;
  },
};

export function setZone(next: ZoneChoice): void {
  chosen = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Storage may be blocked; the choice then lasts until the tab closes.
  }
}

function storedZone(): ZoneChoice {
  try {
    return localStorage.getItem(STORAGE_KEY) === 'utc' ? 'utc' : 'local';
  } catch {
    return 'local';
  }
}

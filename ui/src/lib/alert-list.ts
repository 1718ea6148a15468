// The list of alerts as they begin and end. Pure.

/** As many as the API keeps. */
const MAX_ALERTS = 200;

export interface ListedAlert {
  id: string;
  /** Null = it is active. */
  endedAt: string | null;
}

/** Newest first: an alert that is known is replaced where it stands, another one goes on top. */
export function withAlert<Alert extends ListedAlert>(
  alerts: readonly Alert[],
  changed: Alert,
): readonly Alert[] {
  if (alerts.some(({ id }) => id === changed.id)) {
    return alerts.map((alert) => (alert.id === changed.id ? changed : alert));
  }
  return [changed, ...alerts].slice(0, MAX_ALERTS);
}

export function activeOf<Alert extends ListedAlert>(alerts: readonly Alert[]): readonly Alert[] {
  return alerts.filter(({ endedAt }) => endedAt === null);
}

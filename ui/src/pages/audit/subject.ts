// What a change was made to, as far as its arguments tell. Pure.

export interface Subject {
  /** Global id; null when the arguments name no entity, as at its creation. */
  id: string | null;
  /** Type of the id's entity: `Account`. */
  type: string | null;
  /** A name that the arguments give; an entity's present name comes before it. */
  name: string | null;
}

const ID_ARGUMENTS = ['id', 'accountId', 'apiKeyId', 'userId', 'providerId', 'modelId', 'endpointId'];
const NAME_ARGUMENTS = ['name', 'username', 'modelName', 'globalModelName'];

/** Null when nothing in particular is named, or the arguments were cut. */
export function subjectOf(argumentsText: string): Subject | null {
  const given = argumentsOf(argumentsText);
  const id = firstText(given, ID_ARGUMENTS);
  const name = firstText(given, NAME_ARGUMENTS);
  return id === null && name === null ? null : { id, type: id === null ? null : typeOf(id), name };
}

/** Which settings a change of them gave, by path: `affinity.ttlSeconds`. */
export function settingsIn(argumentsText: string): string[] {
  const { input } = argumentsOf(argumentsText);
  return isRecord(input) ? pathsIn(input).filter((path) => path !== 'version') : [];
}

function pathsIn(block: Record<string, unknown>): string[] {
  return Object.entries(block).flatMap(([name, value]) =>
    isRecord(value) ? pathsIn(value).map((path) => `${name}.${path}`) : [name],
  );
}

/** The screen that shows an entity; null when none does. */
export function hrefOf({ id, type }: Subject): string | null {
  if (id === null) return null;
  const value = encodeURIComponent(id);
  switch (type) {
    case 'Account':
      return `/accounts?open=${value}`;
    case 'Provider':
      return `/accounts?provider=${value}`;
    case 'ApiKey':
      return `/keys?open=${value}`;
    case 'User':
      return `/keys?tab=users&open=${value}`;
    case 'Model':
      return `/models?open=${value}`;
    default:
      return null;
  }
}

/** The arguments with those of `input` among them. */
function argumentsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return {};
    return { ...(isRecord(value.input) ? value.input : {}), ...value };
  } catch {
    return {};
  }
}

function firstText(given: Record<string, unknown>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = given[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return null;
}

function typeOf(id: string): string | null {
  try {
    return /^([A-Z][A-Za-z]+):/.exec(atob(id.replaceAll('-', '+').replaceAll('_', '/')))?.[1] ?? null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

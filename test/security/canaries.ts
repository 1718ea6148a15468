// Secrets that look like nothing else, and the search for them in whatever spelling they may turn up.

import { Buffer } from 'node:buffer';

/** No pattern of a redaction knows their form: only who knows the secret can take it out. */
export const CANARIES = {
  /** Every account's credential begins with it; what follows names the account. */
  credential: 'CanaryCredential7qZtV2mX',
  apiKey: 'CanaryApiKey4hRw9LsE1u',
  disabledApiKey: 'CanaryDisabledKey8nPk3YcJ',
  unknownApiKey: 'CanaryUnknownKey2bGf6TdO',
  queryKey: 'CanaryQueryKey5vMx0ZaH',
  masterKey: 'CanaryMasterKey9jWq7RkU3p',
  password: 'CanaryPassword1eSy8VnB',
  cookie: 'CanaryCookie6tLc4XgI',
  urlPassword: 'CanaryUrlPassword3oDh2QmF',
  proxyPassword: 'CanaryProxyPassword0zKr5WbN',
  laterCredential: 'CanaryLater1credential8uJx',
} as const;

const SHORTEST = 8;

/** The canaries found, each as `name (spelling)`; `secrets` maps names to values. */
export function canariesIn(found: string | Uint8Array, secrets: Readonly<Record<string, string>>): string[] {
  const text = typeof found === 'string' ? found : Buffer.from(found).toString('latin1');
  return Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret.length < SHORTEST)
      throw new Error(`Cannot search for ${name}: too short to be found for sure`);
    return spellings(secret)
      .filter(([, spelling]) => text.includes(spelling))
      .map(([kind]) => `${name} (${kind})`);
  });
}

/** As it is, backwards, in hex, and in base64 at each of the three places where it can begin. */
export function spellings(secret: string): [kind: string, spelling: string][] {
  const hex = Buffer.from(secret).toString('hex');
  return [
    ['plain', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['every byte URL-encoded', hex.replace(/../g, '%$&')],
    ['every byte URL-encoded', hex.toUpperCase().replace(/../g, '%$&')],
    ['JSON escapes', [...secret].map((char) => `\\u00${Buffer.from(char).toString('hex')}`).join('')],
    ['UTF-16', Buffer.from(secret, 'utf16le').toString('latin1')],
    ['backwards', [...secret].reverse().join('')],
    ['hex', hex],
    ['hex', hex.toUpperCase()],
    ...[0, 1, 2].flatMap((offset) => base64At(secret, offset)),
  ];
}

function base64At(secret: string, offset: number): [string, string][] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  // What stands beside the secret takes part in the first and the last characters.
  const inner = (text: string) => text.replace(/=+$/, '').slice(offset === 0 ? 0 : offset + 1, -1);
  return [
    ['base64', inner(bytes.toString('base64'))],
    ['base64url', inner(bytes.toString('base64url'))],
  ];
}

// Seals secrets for storage with AES-256-GCM. Keeps no plaintext, and no error of it contains one.

import { createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** `altered`: sealed with this key, but changed since or copied from another row. */
export type VaultErrorCode = 'wrong-master-key' | 'altered' | 'malformed';

export class VaultError extends Error {
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string) {
    super(message);
    this.name = 'VaultError';
    this.code = code;
  }
}

const FORMAT = 'v1';
const SALT = 'warmpath';
const IV_BYTES = 12;
/** 64 bits tell any two credentials of one installation apart and say nothing about them without the key. */
const FINGERPRINT_HEX_DIGITS = 16;
const KEY_ID_HEX_DIGITS = 8;
const CANARY_TEXT = 'warmpath master key canary';
const CANARY_PURPOSE = 'master-key:canary';

/** What a sealed text is bound to; opening it for another account is refused. */
export function credentialPurpose(accountId: string): string {
  return `account:${accountId}:credential`;
}

export class Vault {
  readonly #sealingKey: CryptoKey;
  readonly #fingerprintKey: Uint8Array;
  readonly #keyId: string;

  private constructor(keys: { sealing: CryptoKey; fingerprint: Uint8Array; id: string }) {
    this.#sealingKey = keys.sealing;
    this.#fingerprintKey = keys.fingerprint;
    this.#keyId = keys.id;
  }

  static async fromMasterKey(masterKey: Uint8Array): Promise<Vault> {
    const raw = derive(masterKey, 'sealing');
    const sealing = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
    const id = Buffer.from(derive(masterKey, 'key-id')).toString('hex').slice(0, KEY_ID_HEX_DIGITS);
    return new Vault({ sealing, fingerprint: derive(masterKey, 'fingerprint'), id });
  }

  /** `v1.<key id>.<iv>.<ciphertext>`; `purpose` (see `credentialPurpose`) is needed again to open it. */
  async seal(plain: string, purpose: string): Promise<string> {
    const iv = Uint8Array.from(randomBytes(IV_BYTES));
    const sealed = await crypto.subtle.encrypt(parameters(iv, purpose), this.#sealingKey, encode(plain));
    return [FORMAT, this.#keyId, base64url(iv), base64url(new Uint8Array(sealed))].join('.');
  }

  /** Throws a VaultError whose code tells a wrong master key from an altered row. */
  async open(sealed: string, purpose: string): Promise<string> {
    const { keyId, iv, ciphertext } = parse(sealed);
    if (keyId !== this.#keyId) throw wrongMasterKey();
    try {
      const plain = await crypto.subtle.decrypt(parameters(iv, purpose), this.#sealingKey, ciphertext);
      return new TextDecoder().decode(plain);
    } catch {
      throw new VaultError('altered', 'Cannot open the credential: it was altered or belongs to another row');
    }
  }

  /** Short keyed hash: equal secrets have equal fingerprints, and without the master key it cannot be guessed. */
  fingerprint(plain: string): string {
    const digest = createHmac('sha256', this.#fingerprintKey).update(plain).digest('hex');
    return digest.slice(0, FINGERPRINT_HEX_DIGITS);
  }

  /** A known text to store beside the credentials, so that a start with another master key is noticed at once. */
  sealCanary(): Promise<string> {
    return this.seal(CANARY_TEXT, CANARY_PURPOSE);
  }

  /** Throws a VaultError `wrong-master-key` unless `sealed` came from `sealCanary` under the same master key. */
  async verifyCanary(sealed: string): Promise<void> {
    const text = await this.open(sealed, CANARY_PURPOSE).catch(() => null);
    if (text !== CANARY_TEXT) throw wrongMasterKey();
  }
}

function derive(masterKey: Uint8Array, use: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hkdfSync('sha256', masterKey, SALT, `warmpath:${FORMAT}:${use}`, 32));
}

function parameters(iv: Uint8Array<ArrayBuffer>, purpose: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: encode(purpose) };
}

function parse(sealed: string) {
  const [format, keyId, iv, ciphertext, ...rest] = sealed.split('.');
  if (format !== FORMAT || !keyId || !iv || !ciphertext || rest.length > 0) {
    throw new VaultError('malformed', 'Cannot open the credential: it is not in a format this version knows');
  }
  return { keyId, iv: fromBase64url(iv), ciphertext: fromBase64url(ciphertext) };
}

function wrongMasterKey(): VaultError {
  return new VaultError(
    'wrong-master-key',
    'Cannot open the credentials: the master key does not match this database',
  );
}

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64url'));
}
